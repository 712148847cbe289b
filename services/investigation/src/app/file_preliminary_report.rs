//! Files the preliminary report.

use redress_chassis::{Begin, Call, Result};
use redress_proto::{
    intake::v1::TextPurpose,
    investigation::v1::{FilePreliminaryReportRequest, FilePreliminaryReportResponse},
};

use super::{decide, expect_words, foresee, get_investigation::view, id, repeated};
use crate::{
    Investigation,
    domain::{Setting, case::Case, reporting},
};

/// Files it.
pub async fn file_preliminary_report(
    app: &Investigation,
    call: &Call,
    request: FilePreliminaryReportRequest,
) -> Result<FilePreliminaryReportResponse> {
    if let Some(answer) = repeated(app, call, &request.request_id, &request).await? {
        return Ok(answer);
    }
    let case_id = id("case_id", &request.case_id)?;
    expect_words("text", &request.text)?;
    let by = super::person(&call.caller);
    let command = |case: &Case, setting: &Setting<'_>, text_ref: &str| {
        reporting::preliminary(case, text_ref, &by, setting)
    };
    foresee(app, call, case_id, &request.etag, |case, setting| command(case, setting, "")).await?;
    let text = (&*request.request_id, "text");
    let text_ref = app.texts.store(call, text, case_id, TextPurpose::Findings, &request.text).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let case = decide(&mut unit, case, |case, setting| command(case, setting, &text_ref)).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(FilePreliminaryReportResponse { investigation: Some(investigation) }).await
}
