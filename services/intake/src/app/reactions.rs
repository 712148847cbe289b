//! What other services' events, and intake's own, mean here: the ledger, the closing copy, messages asked for, escalations,
//! and triage's priority.

use std::collections::BTreeMap;

use prost::Name as _;
use redress_chassis::{Loaded, Place, Policy, Result, Unit, unit::decode, wire::payload};
use redress_domain::{
    Rejection, Timestamp,
    handbook::{Channel, DeadlineKind, NoticeKey, Priority},
};
use redress_proto::{deadlines::v1 as deadlines, time_from_wire, triage::v1 as triage, types::v1 as types};
use redress_storage::{LoggedEvent, aggregate};
use uuid::Uuid;

use crate::{
    app::{
        ledger,
        messaging::{self, ToCustomer, ToStaff, Words},
    },
    domain::{
        case::{Case, Stage},
        follow::follow_priority,
        gate::ClosingCopy,
        message::{Audience, Message},
    },
    store::{closing_copy, policy, text},
};

/// Name under which an asker hands over words that go before the handbook's own, such as a personal sentence.
const FOREWORD: &str = "foreword";

/// Applies one event.
pub async fn react(unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    ledger::record(unit, event).await?;
    copy_for_closing(unit, event).await?;
    let kind = event.event.kind.as_str();
    if kind == types::NoticeRequested::full_name() {
        return tell(unit, event, payload(event)?).await;
    }
    if kind == deadlines::DeadlineChanged::full_name() {
        return escalate(unit, event, payload(event)?).await;
    }
    if kind == triage::CaseTriaged::full_name() {
        return follow_triage(unit, event, &payload(event)?).await;
    }
    Ok(())
}

/// Keeps the copy that closing asks first.
async fn copy_for_closing(unit: &Unit, event: &LoggedEvent) -> Result<()> {
    let (kind, bytes) = (event.event.kind.as_str(), event.event.payload.as_slice());
    let broken = |error: prost::DecodeError| redress_chassis::Failure::Internal(error.into());
    let Some(case_id) = event.event.case_id else { return Ok(()) };
    if !ClosingCopy::default().apply(kind, bytes).map_err(broken)? {
        return Ok(());
    }
    let mut copy = closing_copy::lock(unit.transaction(), case_id).await?;
    copy.apply(kind, bytes).map_err(broken)?;
    Ok(closing_copy::store(unit.transaction(), case_id, &copy).await?)
}

/// Takes over triage's priority; a raise tightens the first response from when it was raised.
async fn follow_triage(unit: &mut Unit, event: &LoggedEvent, triaged: &triage::CaseTriaged) -> Result<()> {
    let Some(case_id) = event.event.case_id else { return Ok(()) };
    let (Some(case), Ok(priority)) =
        (unit.find::<Case>(case_id).await?, Priority::try_from(triaged.priority()))
    else {
        return Ok(());
    };
    if case.state.stage == Stage::Closed {
        return Ok(());
    }
    let policy = unit.policy(&case).await?;
    let raised_at = time_of(triaged.raise_time.as_ref()).unwrap_or(event.event.time);
    if let Some(decision) = follow_priority(&case.state, priority, raised_at, &policy.handbook) {
        unit.save(case, decision).await?;
    }
    Ok(())
}

/// Sends what another service asks for. Asked twice, it is sent once.
async fn tell(unit: &mut Unit, event: &LoggedEvent, request: types::NoticeRequested) -> Result<()> {
    let message_id = message_id(event, &request.notice_key);
    if unit.find::<Message>(message_id).await?.is_some() {
        return Ok(());
    }
    let notice: NoticeKey = request.notice.parse().map_err(|_| {
        Rejection::invalid("NOTICE_UNUSABLE", "notice", "the handbook does not know it")
            .with("notice", &request.notice)
    })?;
    let case = peek(unit, event.event.case_id).await?;
    let Some(policy) = policy_of(unit, event).await? else { return Ok(()) };
    let mut parameters = request.parameters.clone();
    parameters.extend(text_parameters(unit, &request.text_parameters).await?);
    let audience = request.audience.as_ref().map(Audience::from_wire).unwrap_or_default();
    let asked_by = (event.source.clone(), request.notice_key.clone());
    if !audience.customer {
        let message = ToStaff { message_id, audience, notice, parameters, asked_by };
        messaging::tell_staff(unit, case.as_ref(), place(event, message_id, &policy), &policy, message)
            .await?;
        return Ok(());
    }
    let Some(case) = case else {
        return Err(
            Rejection::not_found("CASE_NOT_FOUND", "a notice to the customer of an unknown case").into()
        );
    };
    let mut channels: Vec<Channel> =
        request.channels().filter_map(|channel| Channel::try_from(channel).ok()).collect();
    if channels.is_empty() {
        channels = messaging::any_channels(&case.state, &policy.handbook);
    }
    let own = parameters.remove(FOREWORD).unwrap_or_default();
    let words = Words { notice: Some(notice), parameters, own };
    let message = ToCustomer { message_id, words, channels, asked_by };
    messaging::tell_customer(unit, &case, &policy, message).await?;
    Ok(())
}

/// Tells staff that a deadline is in danger, or that a rung of its ladder was reached, in whatever service.
async fn escalate(unit: &mut Unit, event: &LoggedEvent, changed: deadlines::DeadlineChanged) -> Result<()> {
    let rung = match changed.change() {
        deadlines::DeadlineChange::Warned => "warning".to_owned(),
        deadlines::DeadlineChange::Escalated => changed.action.clone(),
        _ => return Ok(()),
    };
    let audience = changed.audience.as_ref().map(Audience::from_wire).unwrap_or_default();
    if audience.roles.is_empty() && audience.department.is_empty() && audience.subject.is_empty() {
        return Ok(());
    }
    let (Some(deadline), Some(policy)) = (changed.deadline, policy_of(unit, event).await?) else {
        return Ok(());
    };
    let key = format!("deadline/{}", event.event.id);
    let message_id = message_id(event, &key);
    if unit.find::<Message>(message_id).await?.is_some() {
        return Ok(());
    }
    let case = peek(unit, event.event.case_id).await?;
    let book = &policy.handbook;
    let name = match deadline.kind.parse::<DeadlineKind>() {
        Ok(kind) => book.deadline(kind).rule().name.get(book.language).to_owned(),
        Err(_) => deadline.kind.clone(),
    };
    let due = time_of(deadline.due_time.as_ref()).map(|due| messaging::say_time(due, &policy, book.language));
    let parameters = BTreeMap::from([
        ("deadline".to_owned(), name),
        ("due".to_owned(), due.unwrap_or_default()),
        ("action".to_owned(), rung),
    ]);
    let message = ToStaff {
        message_id,
        audience,
        notice: NoticeKey::Escalation,
        parameters,
        asked_by: (event.source.clone(), key),
    };
    messaging::tell_staff(unit, case.as_ref(), place(event, message_id, &policy), &policy, message).await?;
    Ok(())
}

/// The message that an asker's key stands for, the same however often it is asked for.
fn message_id(event: &LoggedEvent, key: &str) -> Uuid {
    let thread = event.event.case_id.unwrap_or(event.event.subject_id);
    Uuid::new_v5(&thread, format!("{}/{key}", event.source).as_bytes())
}

fn place(event: &LoggedEvent, message_id: Uuid, policy: &Policy) -> Place {
    Place {
        id: message_id,
        case_id: event.event.case_id,
        region: event.event.region.clone(),
        handbook_hash: policy.handbook_hash.clone(),
        calendar_hash: policy.calendar_hash.clone(),
    }
}

/// The case of an event, without a lock: nothing of it changes.
async fn peek(unit: &Unit, case_id: Option<Uuid>) -> Result<Option<Loaded<Case>>> {
    let Some(case_id) = case_id else { return Ok(None) };
    let row = aggregate::read(unit.transaction().connection(), "case", case_id).await?;
    row.map(decode::<Case>).transpose()
}

/// The rules of an event: those that its aggregate is pinned to, else those in force in its region.
async fn policy_of(unit: &Unit, event: &LoggedEvent) -> Result<Option<Policy>> {
    let policies = unit.engine().policies();
    let event = &event.event;
    if !event.handbook_hash.is_empty() && !event.calendar_hash.is_empty() {
        return policies.get(&event.handbook_hash, &event.calendar_hash).await.map(Some);
    }
    let active = policy::of_region(unit.transaction().connection(), &event.region, unit.now()).await?;
    let Some(active) = active else {
        tracing::warn!(event.id = %event.id, event.kind = %event.kind, "no handbook says how to word this message");
        return Ok(None);
    };
    policies.get(&active.policy.handbook_hash, &active.policy.calendar_hash).await.map(Some)
}

/// Values of placeholders that are stored texts.
async fn text_parameters(
    unit: &Unit,
    references: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let wanted: Vec<Uuid> =
        references.values().filter_map(|reference| Uuid::parse_str(reference).ok()).collect();
    let rows = text::read_many(unit.transaction().connection(), &wanted).await?;
    let words = |reference: &String| {
        rows.iter().find(|row| row.text_ref.to_string() == *reference).and_then(|row| row.words.clone())
    };
    Ok(references.iter().filter_map(|(name, reference)| Some((name.clone(), words(reference)?))).collect())
}

fn time_of(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(|time| time_from_wire(time).ok())
}
