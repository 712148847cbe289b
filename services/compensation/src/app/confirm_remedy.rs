//! Confirms that a remedy was carried out, or that finance has caught up a fallback.

use redress_chassis::{Begin, Call, Result};
use redress_proto::compensation::v1::{ConfirmRemedyRequest, ConfirmRemedyResponse, Confirmation};

use super::{change, id, person, time, view};
use crate::{
    Compensation,
    domain::{
        confirm::{Confirmed, Confirming, confirm},
        state::Resolution,
    },
};

/// Confirms; once more, it changes nothing.
pub async fn confirm_remedy(
    app: &Compensation,
    call: &Call,
    request: ConfirmRemedyRequest,
) -> Result<ConfirmRemedyResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let remedy_id = id("remedy_id", &request.remedy_id)?;
    let command = Confirming {
        what: match request.confirmation() {
            Confirmation::Backfilled => Confirmed::Backfilled,
            Confirmation::PaidTwice => Confirmed::PaidTwice,
            Confirmation::Executed | Confirmation::Unspecified => Confirmed::Executed,
        },
        at: time("time", request.time.as_ref())?,
        proof_reference: request.proof_reference.clone(),
    };
    let by = person(&call.caller);
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let loaded = unit.load::<Resolution>(case_id).await?;
    call.caller.may_see(loaded.region(), loaded.case_id())?;
    loaded.expect_etag(&request.etag)?;
    let decision = change::decide(&unit, &loaded, |resolution, setting| {
        confirm(resolution, remedy_id, &command, &by, setting)
    })
    .await??;
    let saved = match decision {
        Some(decision) => change::save(&mut unit, loaded, decision).await?,
        None => loaded,
    };
    let resolution = view::saved(&unit, &saved).await?;
    unit.commit(ConfirmRemedyResponse { resolution: Some(resolution) }).await
}
