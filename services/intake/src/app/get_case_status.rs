//! GetCaseStatus: what the customer may see of a case.

use redress_chassis::{Call, Result};
use redress_domain::handbook::{DeadlineKind, Handbook, Language};
use redress_proto::{deadlines::v1::DeadlineBasis, intake::v1 as pb, time_to_wire, types::v1::LocalizedText};
use uuid::Uuid;

use crate::{
    Intake,
    app::ledger::case_to_read,
    domain::ledger::{row::Kept, words},
    store,
};

/// Tells where a case stands, what was promised, and what is awaited of the customer.
pub async fn get_case_status(
    app: &Intake,
    call: &Call,
    request: pb::GetCaseStatusRequest,
) -> Result<pb::GetCaseStatusResponse> {
    let case = case_to_read(app, call, &request.case_id).await?;
    // Right after registration the ledger may not have heard of the case yet; the case itself is there.
    let parts = store::ledger::read(app.pool(), case.id()).await?.unwrap_or_default();
    let step = if parts.is_registered() { parts.step() } else { pb::CaseStep::Received };
    let handbook = app.engine.policies().handbook(&case.row().handbook_hash).await?;
    let answer_awaited = parts.is_with_customer();

    let outstanding = parts.outstanding();
    let resting_on = |basis| outstanding.iter().filter(move |kept| kept.deadline.rests_on(basis));
    let promises = resting_on(DeadlineBasis::Promise).map(|kept| promise(*kept, &handbook)).collect();
    let statutory_due = resting_on(DeadlineBasis::Statute).find_map(|kept| kept.deadline.due_at);

    let message = parts.intake.says.latest_message.clone();
    let text_ref = message.as_ref().and_then(|message| Uuid::parse_str(&message.text_ref).ok());
    let text = match text_ref {
        Some(text_ref) => store::text::read(app.pool(), text_ref).await?,
        None => None,
    };
    Ok(pb::GetCaseStatusResponse {
        case_id: case.id().to_string(),
        case_number: case.state.number.to_string(),
        state: case.state.stage.to_wire().into(),
        step: words::shown(step).into(),
        text: Some(words::told(step, answer_awaited)),
        received_time: Some(time_to_wire(case.state.received_at)),
        promises,
        statutory_due_time: statutory_due.map(time_to_wire),
        answer_awaited,
        latest_message: text.and_then(|text| text.words).unwrap_or_default(),
        latest_message_time: message.and_then(|message| message.at).map(time_to_wire),
        missing_fields: case.state.missing_fields.clone(),
    })
}

/// A promise, called as the case's handbook calls it.
fn promise(kept: Kept<'_>, handbook: &Handbook) -> pb::CustomerPromise {
    let kind: Option<DeadlineKind> = kept.deadline.kind.parse().ok();
    let name = |language| {
        kind.map_or_else(
            || kept.deadline.kind.clone(),
            |kind| handbook.deadline(kind).rule().name.get(language).to_owned(),
        )
    };
    pb::CustomerPromise {
        text: Some(LocalizedText { zh_cn: name(Language::ZhCn), en: name(Language::En) }),
        due_time: kept.deadline.due_at.map(time_to_wire),
    }
}
