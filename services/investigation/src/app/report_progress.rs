//! Tells the customer how the investigation stands.

use redress_chassis::{Begin, Call, Result};
use redress_proto::{
    intake::v1::TextPurpose,
    investigation::v1::{ReportProgressRequest, ReportProgressResponse},
};

use super::{decide, expect_words, foresee, get_investigation::view, id, repeated};
use crate::{
    Investigation,
    domain::{Setting, case::Case, reporting},
};

/// Asks intake to tell it. It counts when it is delivered.
pub async fn report_progress(
    app: &Investigation,
    call: &Call,
    request: ReportProgressRequest,
) -> Result<ReportProgressResponse> {
    if let Some(answer) = repeated(app, call, &request.request_id, &request).await? {
        return Ok(answer);
    }
    let case_id = id("case_id", &request.case_id)?;
    expect_words("text", &request.text)?;
    let by = super::person(&call.caller);
    let command = |case: &Case, setting: &Setting<'_>, text_ref: &str| {
        reporting::progress(case, text_ref, &by, setting)
    };
    foresee(app, call, case_id, &request.etag, |case, setting| command(case, setting, "")).await?;
    let text = (&*request.request_id, "text");
    let text_ref = app.texts.store(call, text, case_id, TextPurpose::Progress, &request.text).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let case = decide(&mut unit, case, |case, setting| command(case, setting, &text_ref)).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(ReportProgressResponse { investigation: Some(investigation) }).await
}
