//! Freezes a resolution for closing and returns the proof.

use redress_chassis::{Aggregate, Begin, Call, Result};
use redress_domain::{Rejection, handbook::ClosingBasis};
use redress_proto::{
    compensation::v1::{SealRequest, SealResponse},
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
    let decision =
        change::decide(&unit, &loaded, |resolution, setting| rules::seal(resolution, basis, setting))
            .await??;
    let saved = match decision {
        Some(decision) => change::save(&mut unit, loaded, decision).await?,
        None => loaded,
    };
    let seal = saved.state.seal.as_ref().map(|seal| types::Seal {
        revision: saved.revision(),
        head_hash: saved.row().chain.clone(),
        ..seal.wire(case_id)
    });
    let answer = unit.commit(SealResponse { seal }).await?;
    with_position(app, answer).await
}

/// A position is given at the commit, so it is read after it: of the event with the head hash.
async fn with_position(app: &Compensation, mut answer: SealResponse) -> Result<SealResponse> {
    let Some(seal) = answer.seal.as_mut() else { return Ok(answer) };
    let events =
        log::of_case(app.engine.database().pool(), app.engine.service(), id("case_id", &seal.case_id)?)
            .await?;
    let of_resolution = events.iter().filter(|logged| logged.event.subject_kind == Resolution::KIND);
    let sealed = of_resolution.into_iter().find(|logged| logged.event.hash == seal.head_hash);
    seal.position = sealed.map(|logged| types::Position {
        generation: logged.position.generation,
        partition: logged.position.partition,
        n: logged.position.n,
    });
    Ok(answer)
}
