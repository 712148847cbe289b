//! What triage's events do to an investigation: they open it, set its limits, and tighten them when the priority rises
//! (M3.2, M4.3).

use redress_domain::{
    Rejection, Ruling, Timestamp,
    handbook::{DeadlineKind, Deliverable, Signal},
};
use redress_proto::{investigation::v1 as pb, triage::v1 as wire, types::v1 as types};
use serde_json::json;

use super::{
    Draft, Setting,
    case::{Case, ItemState, Stage, Triaged},
    checklist, clock, extension, number, request, tell, words,
};

/// The case was triaged at `at`, for the first time or again. None where that changes nothing here.
///
/// # Errors
/// `INVALID_FIELDS` for an event without priority or category, `CALENDAR_CANNOT_TELL`, `HANDBOOK_SILENT`.
pub fn triaged(
    case: &Case,
    event: &wire::CaseTriaged,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<Option<Draft>, Rejection> {
    let unspecified = |field: &str| Rejection::invalid("INVALID_FIELDS", field, "a triaged case has one");
    let triaged = Triaged {
        priority: event.priority().try_into().map_err(|_| unspecified("priority"))?,
        category: event.category().try_into().map_err(|_| unspecified("category"))?,
        primary: event.primary_sub_type.clone(),
        further: event.further_sub_types.clone(),
    };
    let mut decision = Draft::new(case.clone());
    decision.next.known.signals.extend(event.signals().filter_map(|kind| Signal::try_from(kind).ok()));
    decision.next.triaged = Some(triaged);
    let reopened = event.trigger() == wire::TriageTrigger::Reopened;
    match case.stage {
        Stage::Known => open(decision, at, setting).map(Some),
        Stage::Open | Stage::Paused => adjust(case, decision, at, setting),
        Stage::Concluded | Stage::Archived | Stage::Cancelled if reopened => {
            decision.next.known.reopened = true;
            open(decision, at, setting).map(Some)
        }
        // What is finished stays; only what the case is about is noted.
        Stage::Concluded | Stage::Archived => Ok(noted(case, decision, setting)),
        Stage::Cancelled | Stage::Sealed => Ok(None),
    }
}

/// The case was given to a department. `own_matter`: because the matter arose there. None where nothing changes.
pub fn dispatched(case: &Case, department: &str, own_matter: bool, setting: &Setting<'_>) -> Option<Draft> {
    let mut decision = Draft::new(case.clone());
    department.clone_into(&mut decision.next.department);
    decision.next.own_matter = own_matter;
    if case.stage == Stage::Sealed || case.round == 0 { None } else { noted(case, decision, setting) }
}

/// Whether a dispatch gives a case to the department in which the matter arose, and not to those who handle all cases.
pub fn is_own_matter(dispatch: &wire::Dispatch) -> bool {
    dispatch.mode() == wire::DispatchMode::ContactPerson
}

fn noted(before: &Case, mut decision: Draft, setting: &Setting<'_>) -> Option<Draft> {
    if decision.next == *before {
        return None;
    }
    let event = adjusted(&decision.next, setting);
    tell(&mut decision, &event);
    Some(decision)
}

/// Opens the investigation, or another one after a reopening.
fn open(mut decision: Draft, at: Timestamp, setting: &Setting<'_>) -> Result<Draft, Rejection> {
    let next = &mut decision.next;
    next.stage = Stage::Open;
    next.round += 1;
    next.opened_at = Some(at);
    next.delivered.clear();
    next.core_verified_at = None;
    next.preliminary_report = None;
    next.findings = None;
    next.archive = None;
    // What was asked for before and never came is asked for again.
    for item in next.checklist.iter_mut().filter(|item| item.state == ItemState::Requested) {
        item.state = ItemState::Missing;
        item.requested_at = None;
        item.due_at = None;
    }
    checklist::refresh(&mut decision, setting)?;
    owe(&mut decision, setting);
    clock::start(&mut decision, at, setting)?;
    let next = &decision.next;
    let rule = setting.book.deadline(DeadlineKind::Investigation);
    let limit = rule.limit(next.priority());
    let facts = json!({ "priority": next.priority(), "start": at, "received": next.known.received_at });
    let due_at = match &next.clock {
        Some(clock) => clock.due(setting)?,
        None => None,
    };
    let event = pb::InvestigationOpened {
        checklist: checklist::to_wire(next, setting.book),
        priority: types::Priority::from(next.priority()).into(),
        category: category(next).into(),
        primary_sub_type: primary(next),
        department: next.department.clone(),
        round: number(usize::try_from(next.round).unwrap_or(usize::MAX)),
        // The deadline has its id only once it is stored.
        deadline_id: String::new(),
        due_time: words::time(due_at),
        deliverables: words::deliverables(&next.deliverables),
    };
    tell(&mut decision, &event);
    decision.rulings.push(Ruling::new("investigation_limit", rule.rule_ref(), limit.to_string(), facts));
    request::keep(&mut decision, at, setting)?;
    Ok(decision)
}

/// Follows a triage of a running investigation: the checklist by the new facts, the deliverable by the new priority, and
/// shorter limits when it rose.
pub(crate) fn adjust(
    before: &Case,
    mut decision: Draft,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<Option<Draft>, Rejection> {
    checklist::refresh(&mut decision, setting)?;
    let raised = decision.next.priority() > before.priority();
    let changed = decision.next.priority() != before.priority();
    if changed {
        owe(&mut decision, setting);
    }
    if decision.next == *before {
        return Ok(None);
    }
    if raised {
        clock::tighten(&mut decision, at, setting)?;
    }
    let event = adjusted(&decision.next, setting);
    tell(&mut decision, &event);
    if raised {
        extension::lapse_where_not_allowed(&mut decision, setting);
        anew(&mut decision, at, setting)?;
    }
    request::keep(&mut decision, setting.now, setting)?;
    checklist::verify_core(&mut decision, setting.now);
    clock::settle(&mut decision);
    Ok(Some(decision))
}

/// What has to be delivered by the present priority.
fn owe(decision: &mut Draft, setting: &Setting<'_>) {
    let priority = decision.next.priority();
    let (deliverables, rule) = setting.book.deliverables(priority);
    decision.next.deliverables =
        if deliverables.is_empty() { vec![Deliverable::Conclusion] } else { deliverables.to_vec() };
    let outcome = deliverables.iter().map(|deliverable| deliverable.as_str()).collect::<Vec<_>>().join(",");
    decision.rulings.push(Ruling::new("deliverables", rule, outcome, json!({ "priority": priority })));
}

/// A limit that was met stays met. Where the higher priority asks for more, that gets the new limit from the raise on.
fn anew(decision: &mut Draft, at: Timestamp, setting: &Setting<'_>) -> Result<(), Rejection> {
    let next = &decision.next;
    let met = next.clock.as_ref().is_some_and(|clock| clock.met_at.is_some());
    let all = next.deliverables.iter().all(|deliverable| next.delivered.contains_key(deliverable));
    if met && !all { clock::start(decision, at, setting) } else { Ok(()) }
}

fn adjusted(next: &Case, setting: &Setting<'_>) -> pb::InvestigationAdjusted {
    pb::InvestigationAdjusted {
        checklist: checklist::to_wire(next, setting.book),
        priority: types::Priority::from(next.priority()).into(),
        category: category(next).into(),
        primary_sub_type: primary(next),
        department: next.department.clone(),
        deliverables: words::deliverables(&next.deliverables),
    }
}

fn category(case: &Case) -> types::Category {
    case.triaged.as_ref().map(|triaged| triaged.category.into()).unwrap_or_default()
}

fn primary(case: &Case) -> String {
    case.triaged.as_ref().map(|triaged| triaged.primary.clone()).unwrap_or_default()
}
