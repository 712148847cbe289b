//! Freezes a resolution for closing and returns the proof.

use prost::Name as _;
use redress_chassis::{Aggregate, Begin, Call, Result};
use redress_domain::{Rejection, handbook::ClosingBasis};
use redress_proto::{
    compensation::v1::{CompensationSealed, SealRequest, SealResponse},
    types::v1 as types,
};
use redress_storage::log;

use super::{change, id};
use crate::{
    Compensation,
    domain::{seal as rules, state::Resolution},
};

/// Freezes it; for the same basis again it returns the same seal.
pub async fn seal(app: &Compensation, call: &Call, request: SealRequest) -> Result<SealResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let basis = ClosingBasis::try_from(request.basis())
        .map_err(|error| Rejection::invalid("INVALID_FIELDS", "basis", error.to_string()))?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return with_position(app, answer).await,
    };
    let loaded = unit.load::<Resolution>(case_id).await?;
    call.caller.may_see(loaded.region(), loaded.case_id())?;
    let revision = loaded.revision() + 1;
    let decision = change::decide(&unit, &loaded, |resolution, setting| {
        rules::seal(resolution, basis, revision, setting)
    })
    .await??;
    let saved = match decision {
        Some(decision) => change::save(&mut unit, loaded, decision).await?,
        None => loaded,
    };
    let seal = saved.state.seal.as_ref().map(|seal| seal.wire(case_id));
    let answer = unit.commit(SealResponse { seal }).await?;
    with_position(app, answer).await
}

/// Where the seal stands in the log is known once it is committed.
async fn with_position(app: &Compensation, mut answer: SealResponse) -> Result<SealResponse> {
    let Some(seal) = answer.seal.as_mut() else { return Ok(answer) };
    let case_id = id("case_id", &seal.case_id)?;
    let sealed = CompensationSealed::full_name();
    let place = log::last_of_type(app.engine.database().pool(), Resolution::KIND, case_id, &sealed).await?;
    if let Some((position, hash)) = place {
        seal.position = Some(types::Position {
            generation: position.generation,
            partition: position.partition,
            n: position.n,
        });
        seal.head_hash = hash;
    }
    Ok(answer)
}
