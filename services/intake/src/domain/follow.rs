//! What intake takes over from others after registration: the order's facts, and triage's priority.

use redress_domain::{
    Decision, Rejection, Ruling, Timestamp,
    handbook::{Handbook, Priority},
};
use redress_proto::{fact, intake::v1 as pb};
use uuid::Uuid;

use crate::domain::{
    case::{Case, Stage},
    clocks,
    facts::{facts, refresh, unevaluable},
    order::Order,
    risk::{Reported, priority_to_wire, report},
};

/// Attaches what the order system answered about `waybill_no`. None when the case no longer waits for it.
///
/// # Errors
/// `HANDBOOK_SILENT`.
pub fn attach_order<'b>(
    case: &Case,
    waybill_no: &str,
    order: Order,
    book: &'b Handbook,
    now: Timestamp,
    new_id: impl FnMut() -> Uuid,
) -> Result<Option<Reported<'b>>, Rejection> {
    if case.waybill_no != waybill_no || !matches!(case.order, Order::Pending { .. }) {
        return Ok(None);
    }
    let mut next = case.clone();
    next.corporate |= order.known().is_some_and(|order| order.corporate);
    next.order = order;
    refresh(&mut next, book, now)?;
    let attached = pb::OrderFactsAttached {
        order: Some(next.order.to_wire(waybill_no)),
        previous_knowledge: case.order.knowledge().into(),
        missing_fields: next.missing_fields.clone(),
    };
    let decision = judge_again(Decision::new(next).fact(fact(&attached)), book, now)?;
    report(decision, book, now, new_id).map(Some)
}

/// While triage has not ranked the case, makes the pre-judgment again on new facts. It only ever raises.
///
/// # Errors
/// `HANDBOOK_SILENT`.
pub fn judge_again(
    mut decision: Decision<Case>,
    book: &Handbook,
    now: Timestamp,
) -> Result<Decision<Case>, Rejection> {
    let case = &mut decision.next;
    if case.ranked || case.stage != Stage::Open {
        return Ok(decision);
    }
    let known = facts(case, book, now);
    let (priority, rule) = book.priority(&known).map_err(unevaluable)?;
    if priority <= case.priority {
        return Ok(decision);
    }
    let previous = std::mem::replace(&mut case.priority, priority);
    Ok(decision
        .fact(fact(&followed(priority, previous, false)))
        .ruling(Ruling::new("priority", rule, priority.as_str(), known.to_json()))
        .deadline(clocks::tighten(priority, now, book)))
}

/// Follows triage's priority. None when it is the case's already.
pub fn follow_priority(
    case: &Case,
    priority: Priority,
    raised_at: Timestamp,
    book: &Handbook,
) -> Option<Decision<Case>> {
    if case.priority == priority {
        return None;
    }
    let mut next = case.clone();
    next.ranked = true;
    next.priority = priority;
    let decision = Decision::new(next).fact(fact(&followed(priority, case.priority, true)));
    let raises = priority > case.priority;
    Some(if raises { decision.deadline(clocks::tighten(priority, raised_at, book)) } else { decision })
}

fn followed(priority: Priority, previous: Priority, ranked: bool) -> pb::PriorityFollowed {
    pb::PriorityFollowed {
        priority: priority_to_wire(priority),
        previous_priority: priority_to_wire(previous),
        ranked,
    }
}
