//! StoreText: another service gives a text into keeping and keeps the reference.

use redress_chassis::{Begin, Call, Result, unit};
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    app::{register_complaint::store_texts, registration::NewText},
    domain::case::Case,
    grpc::convert,
};

/// Stores a text for another service.
pub async fn store_text(
    app: &Intake,
    call: &Call,
    request: pb::StoreTextRequest,
) -> Result<pb::StoreTextResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let case = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    let unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let text_ref = unit.new_id();
    let language = if request.language.is_empty() { &case.state.language } else { &request.language };
    let text = NewText { text_ref, purpose: request.purpose(), words: request.text.clone() };
    store_texts(&unit, case_id, case.region(), language, vec![text]).await?;
    unit.commit(pb::StoreTextResponse { text_ref: text_ref.to_string() }).await
}
