//! Applies for more time.

use redress_chassis::{Begin, Call, Failure, Result};
use redress_domain::{Limit, Rejection};
use redress_proto::{
    intake::v1::TextPurpose,
    investigation::v1::{RequestExtensionRequest, RequestExtensionResponse},
};
use uuid::Uuid;

use super::{decide, expect_words, foresee, get_investigation::view, id, person, repeated};
use crate::{
    Investigation,
    domain::{
        Setting,
        case::Case,
        extension::{self, Application},
    },
};

/// Applies for it. It is granted only when it was approved and the customer has been told.
pub async fn request_extension(
    app: &Investigation,
    call: &Call,
    request: RequestExtensionRequest,
) -> Result<RequestExtensionResponse> {
    if let Some(answer) = repeated(app, call, &request.request_id, &request).await? {
        return Ok(answer);
    }
    let case_id = id("case_id", &request.case_id)?;
    expect_words("reason", &request.reason)?;
    let limit = wish(&request.limit)?;
    let by = person(&call.caller);
    let command = |case: &Case, setting: &Setting<'_>, id: Uuid, text_ref: &str| {
        extension::apply(case, Application { id, limit, text_ref: text_ref.to_owned() }, &by, setting)
    };
    foresee(app, call, case_id, &request.etag, |case, setting| command(case, setting, Uuid::nil(), ""))
        .await?;
    let text = (&*request.request_id, "reason");
    let text_ref = app.texts.store(call, text, case_id, TextPurpose::Reason, &request.reason).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let case = unit.load::<Case>(case_id).await?;
    case.expect_etag(&request.etag)?;
    let extension_id = unit.new_id();
    let case =
        decide(&mut unit, case, |case, setting| command(case, setting, extension_id, &text_ref)).await?;
    let investigation = view(app, unit.transaction().connection(), &case).await?;
    unit.commit(RequestExtensionResponse { investigation: Some(investigation) }).await
}

fn wish(limit: &str) -> Result<Option<Limit>> {
    if limit.is_empty() {
        return Ok(None);
    }
    let parsed: std::result::Result<Limit, _> = limit.parse();
    parsed
        .map(Some)
        .map_err(|error| Failure::from(Rejection::invalid("INVALID_FIELDS", "limit", error.to_string())))
}
