//! Cases and messages as callers see them: the personal fields are filled in after the commit, from their own tables, and
//! only for those who handle cases.

use redress_chassis::{Caller, Result};
use redress_proto::intake::v1 as pb;
use uuid::Uuid;

use crate::{
    Intake,
    app::ledger,
    store::{customer, text},
};

/// Roles that talk with customers or carry the case through; everybody else sees that something is there, not what.
const HANDLING_ROLES: [&str; 6] =
    ["cs-agent", "cs-supervisor", "operations-manager", "public-relations", "integration", "service"];

/// What stands in place of a personal field.
const MASK: &str = "***";

/// Whether a caller sees personal fields.
pub fn sees_personal(caller: &Caller) -> bool {
    HANDLING_ROLES.iter().any(|role| caller.has(role))
}

/// Fills in what the answer under a request id does not keep: personal fields, and the step of the ledger.
pub async fn complete_case(app: &Intake, caller: &Caller, mut case: pb::Case) -> Result<pb::Case> {
    let Ok(case_id) = Uuid::parse_str(&case.case_id) else { return Ok(case) };
    if let Some(row) = ledger::row(app.pool(), case_id).await? {
        case.step = row.step;
    }
    case.customer = Some(customer::read(app.pool(), case_id).await?.customer);
    let mut wanted: Vec<Uuid> =
        case.evidence_leads.iter().filter_map(|lead| Uuid::parse_str(&lead.lead_id).ok()).collect();
    wanted.extend(Uuid::parse_str(&case.narrative_ref).ok());
    for row in text::read_many(app.pool(), &wanted).await? {
        let (reference, words) = (row.text_ref.to_string(), row.words.unwrap_or_default());
        if reference == case.narrative_ref {
            case.narrative = words;
        } else if let Some(lead) = case.evidence_leads.iter_mut().find(|lead| lead.lead_id == reference) {
            lead.description = words;
        }
    }
    if !sees_personal(caller) {
        mask_case(&mut case);
    }
    Ok(case)
}

/// Fills in the words of messages.
pub async fn complete_messages(app: &Intake, caller: &Caller, messages: &mut [pb::Message]) -> Result<()> {
    let wanted: Vec<Uuid> =
        messages.iter().filter_map(|message| Uuid::parse_str(&message.text_ref).ok()).collect();
    let rows = text::read_many(app.pool(), &wanted).await?;
    let shown = sees_personal(caller) || caller.is_customer();
    for message in messages {
        let words = rows.iter().find(|row| row.text_ref.to_string() == message.text_ref);
        message.text = words.and_then(|row| row.words.clone()).unwrap_or_default();
        if !shown {
            mask(&mut message.text);
        }
    }
    Ok(())
}

/// Fills in the words of one message.
pub async fn complete_message(app: &Intake, caller: &Caller, message: pb::Message) -> Result<pb::Message> {
    let mut messages = [message];
    complete_messages(app, caller, &mut messages).await?;
    let [message] = messages;
    Ok(message)
}

fn mask_case(case: &mut pb::Case) {
    mask(&mut case.narrative);
    for lead in &mut case.evidence_leads {
        mask(&mut lead.description);
    }
    if let Some(customer) = &mut case.customer {
        for field in [
            &mut customer.name,
            &mut customer.phone,
            &mut customer.email,
            &mut customer.account,
            &mut customer.sender_address,
            &mut customer.recipient_address,
            &mut customer.company,
            &mut customer.payee_account,
        ] {
            mask(field);
        }
    }
}

fn mask(field: &mut String) {
    if !field.is_empty() {
        MASK.clone_into(field);
    }
}

/// What the customer sees in answer to an act of their own: that it is done. The rest is in GetCaseStatus.
pub fn for_customer(case: pb::Case) -> pb::Case {
    pb::Case {
        case_id: case.case_id,
        case_number: case.case_number,
        state: case.state,
        step: case.step,
        etag: case.etag,
        region: case.region,
        language: case.language,
        received_time: case.received_time,
        ..pb::Case::default()
    }
}
