//! Decides an application for more time.

use redress_chassis::{Begin, Call, Result};
use redress_proto::{
    intake::v1::TextPurpose,
    investigation::v1::{DecideExtensionRequest, DecideExtensionResponse, ExtensionVerdict},
};

use super::{by, decide, foresee, get_investigation::view, id, repeated};
use crate::{
    Investigation,
    domain::{
        Setting,
        case::Case,
        extension::{self, Verdict},
    },
};

/// Decides it. Approved, the customer is told first.
pub async fn decide_extension(
    app: &Investigation,
    call: &Call,
    request: DecideExtensionRequest,
) -> Result<DecideExtensionResponse> {
    if let Some(answer) = repeated(app, call, &request.request_id, &request).await? {
        return Ok(answer);
    }
    let case_id = id("case_id", &request.case_id)?;
    let approved = request.verdict() == ExtensionVerdict::Approved;
    let by = by(&call.caller);
    let command = |case: &Case, setting: &Setting<'_>, text_ref: &str| {
        extension::decide(case, Verdict { approved, text_ref: text_ref.to_owned() }, &by, setting)
    };
    foresee(app, call, case_id, &request.etag, |case, setting| command(case, setting, "")).await?;
    let text = (&*request.request_id, "reason");
    let text_ref = app.texts.store(call, text, case_id, TextPurpose::Reason, &request.reason).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let case = decide(&mut unit, case, |case, setting| command(case, setting, &text_ref)).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(DecideExtensionResponse { investigation: Some(investigation) }).await
}
