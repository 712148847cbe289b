//! Ends a pause.

use redress_chassis::{Begin, Call, Result};
use redress_proto::investigation::v1::{ResumeInvestigationRequest, ResumeInvestigationResponse};

use super::{decide, get_investigation::view, id};
use crate::{
    Investigation,
    domain::{case::Case, waiting},
};

/// Lets the limits run again.
pub async fn resume_investigation(
    app: &Investigation,
    call: &Call,
    request: ResumeInvestigationRequest,
) -> Result<ResumeInvestigationResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), case.case_id())?;
    case.expect_etag(&request.etag)?;
    let case = decide(&mut unit, case, waiting::resume).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(ResumeInvestigationResponse { investigation: Some(investigation) }).await
}
