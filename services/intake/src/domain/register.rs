//! Registering a complaint (M2).

use redress_domain::{
    Calendar, Decision, IntentDraft, Rejection, Ruling, Timestamp,
    handbook::{DeadlineKind, Handbook},
};
use redress_proto::{fact, intake::v1 as pb};
use serde_json::json;
use uuid::Uuid;

use crate::domain::{
    case::Case,
    clocks,
    facts::{facts, refresh, unevaluable},
    order::Order,
    risk::{Reported, priority_to_wire, report},
};

/// Intent that asks the order system again.
pub const ENRICH_ORDER: &str = "enrich_order";

/// A complaint to be registered. What follows from the rest of `case` is filled in by the decision.
#[derive(Debug)]
pub struct Register<'b> {
    /// The case as recorded.
    pub case: Case,
    /// Its id.
    pub case_id: Uuid,
    /// Whether it came by import.
    pub imported: bool,
    /// Handbook.
    pub book: &'b Handbook,
    /// Calendar.
    pub calendar: &'b Calendar,
    /// Hashes of handbook and calendar.
    pub hashes: (&'b str, &'b str),
}

/// Registers a complaint: what is missing, the pre-judgment of its priority and risks, and the clocks.
///
/// # Errors
/// `HANDBOOK_SILENT`, `CALENDAR_CANNOT_TELL`.
pub fn register(
    command: Register<'_>,
    now: Timestamp,
    new_id: impl FnMut() -> Uuid,
) -> Result<Reported<'_>, Rejection> {
    let Register { mut case, case_id, imported, book, calendar, hashes } = command;
    refresh(&mut case, book, now)?;
    let known = facts(&case, book, now);
    let (priority, rule) = book.priority(&known).map_err(unevaluable)?;
    case.priority = priority;

    let registered = pb::ComplaintRegistered {
        facts: Some(case.to_facts(hashes.0, hashes.1)),
        priority: priority_to_wire(priority),
        imported,
        external_id: case.external_id.clone(),
    };
    let received_at = case.received_at;
    let enrich = enrich_intent(&case, case_id, 1);
    let clock = |kind| clocks::open(kind, priority, received_at, book, calendar);
    let mut decision = Decision::new(case)
        .fact(fact(&registered))
        .ruling(Ruling::new("priority", rule, priority.as_str(), known.to_json()))
        .deadline(clock(DeadlineKind::StatutoryAnswer)?)
        .deadline(clock(DeadlineKind::FirstResponse)?);
    decision.intents.extend(enrich);
    report(decision, book, now, new_id)
}

/// The intent that asks for the order again, where it is pending. `attempt` tells several of a case apart.
pub fn enrich_intent(case: &Case, case_id: Uuid, attempt: i64) -> Option<IntentDraft> {
    matches!(case.order, Order::Pending { .. }).then(|| IntentDraft {
        kind: ENRICH_ORDER.into(),
        key: format!("{ENRICH_ORDER}/{case_id}/{attempt}"),
        payload: json!({ "waybill_no": case.waybill_no }),
        not_before: None,
    })
}
