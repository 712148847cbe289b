//! Freezes an investigation for the closing of its case.

use prost::Name as _;
use redress_chassis::{Aggregate as _, Begin, Call, Loaded, Result};
use redress_domain::{Rejection, handbook::ClosingBasis};
use redress_proto::{
    investigation::v1::{InvestigationSealed, SealRequest, SealResponse},
    types::v1 as types,
};
use redress_storage::log;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{id, setting};
use crate::{
    Investigation,
    domain::{case::Case, sealing},
    grpc::convert,
};

/// Seals it, or refuses with what is missing. What is sealed for the same basis keeps its seal.
pub async fn seal(app: &Investigation, call: &Call, request: SealRequest) -> Result<SealResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let basis = ClosingBasis::try_from(request.basis())
        .map_err(|_| Rejection::invalid("INVALID_FIELDS", "basis", "has to be stated"))?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return located(app, case_id, answer).await,
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), case.case_id())?;
    let policy = unit.policy(&case).await?;
    let asked = sealing::Request {
        id: unit.new_id(),
        basis,
        case_revision: request.case_revision,
        revision: case.revision(),
    };
    let case = match sealing::seal(&case.state, &asked, &setting(&case, &policy, unit.now()))? {
        Some(decision) => unit.save(case, decision).await?,
        None => case,
    };
    let answer = SealResponse { seal: seal_of(&case) };
    let answer = unit.commit(answer).await?;
    located(app, case_id, answer).await
}

fn seal_of(case: &Loaded<Case>) -> Option<types::Seal> {
    case.state.seal.as_ref().map(|seal| sealing::to_wire(seal, case.id()))
}

/// The answer with its place in the log, which is known once it is committed.
async fn located(app: &Investigation, case_id: Uuid, mut answer: SealResponse) -> Result<SealResponse> {
    if let Some(seal) = &mut answer.seal {
        locate(app.engine.database().pool(), case_id, seal).await?;
    }
    Ok(answer)
}

/// Fills in where a seal stands in the log.
pub(crate) async fn locate(
    connection: &impl ConnectionTrait,
    case_id: Uuid,
    seal: &mut types::Seal,
) -> Result<()> {
    let sealed = InvestigationSealed::full_name();
    if let Some((position, hash)) = log::last_of_type(connection, Case::KIND, case_id, &sealed).await? {
        seal.position = Some(convert::position(position));
        seal.head_hash = hash;
    }
    Ok(())
}
