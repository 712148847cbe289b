//! Tells the customer how a case stands.

use redress_chassis::{Begin, Call, Result, unit};
use redress_domain::Rejection;
use redress_proto::{
    intake::v1::TextPurpose,
    triage::v1::{ReportProgressRequest, ReportProgressResponse},
};

use super::{get_triage::view, id, setting};
use crate::{
    Triage,
    domain::{case::Case, commands},
};

/// Asks intake to tell it. The progress deadline is met when that is delivered.
pub async fn report_progress(
    app: &Triage,
    call: &Call,
    request: ReportProgressRequest,
) -> Result<ReportProgressResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let seen = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(seen.region(), seen.case_id())?;
    if request.text.trim().is_empty() {
        return Err(
            Rejection::invalid("INVALID_FIELDS", "text", "the customer has to be told something").into()
        );
    }
    let text_ref =
        app.texts.store(call, &request.request_id, case_id, TextPurpose::Progress, &request.text).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let policy = unit.policy(&case).await?;
    let by = call.caller.actor();
    let setting = setting(case_id, case.region(), &policy, unit.now());
    let decision = commands::report_progress(&case.state, &text_ref, (&by.subject, &by.role), &setting)?;
    let case = unit.save(case, decision).await?;
    let triage = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(ReportProgressResponse { triage: Some(triage) }).await
}
