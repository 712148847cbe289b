//! ReadText: a stored text, for a stated purpose, on record.

use redress_chassis::{Begin, Call, Result, identity::READ_ONLY_ROLE};
use redress_domain::Rejection;
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    domain::text_purpose,
    grpc::convert,
    store::text::{self, Reading},
};

/// Returns a stored text. The reading is logged in the same transaction, or nothing is returned.
pub async fn read_text(
    app: &Intake,
    call: &Call,
    request: pb::ReadTextRequest,
) -> Result<pb::ReadTextResponse> {
    let text_ref = convert::id("text_ref", &request.text_ref)?;
    let begun: Begin<pb::ReadTextResponse> = app.engine.begin(call, "", &request).await?;
    let unit = match begun {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let Some(row) = text::read(unit.transaction().connection(), text_ref).await? else {
        return Err(Rejection::not_found("TEXT_NOT_FOUND", format!("there is no text `{text_ref}`"))
            .with("text_ref", text_ref.to_string())
            .into());
    };
    call.caller.may_see(&row.region, row.case_id)?;
    text_purpose::check(row.purpose, request.purpose(), call.caller.has(READ_ONLY_ROLE))?;
    let Some(words) = row.words else {
        return Err(Rejection::precondition("TEXT_ERASED", "the text was erased together with its person")
            .with("text_ref", text_ref.to_string())
            .into());
    };
    let reading = Reading {
        text_ref,
        reader: unit.actor().subject.clone(),
        role: unit.actor().role.clone(),
        purpose: request.purpose().as_str_name().to_owned(),
        on_behalf_of: request.on_behalf_of.clone(),
    };
    text::log_reading(unit.transaction(), &reading, unit.now()).await?;
    unit.commit(pb::ReadTextResponse {
        text: words,
        language: row.language,
        purpose: row.purpose.into(),
        case_id: row.case_id.map(|id| id.to_string()).unwrap_or_default(),
    })
    .await
}
