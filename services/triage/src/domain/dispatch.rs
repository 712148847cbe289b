//! Who gets a case, and what they owe by when (M3.3).

use redress_domain::{
    DeadlineChange, Fact, Rejection, Ruling, Timestamp,
    deadline::{self, Term},
    handbook::{DeadlineKind, DispatchMode, DispatchRule, Facts},
};
use redress_proto::{fact, triage::v1 as pb};

use super::{
    Setting, calendar_cannot_tell,
    case::{Case, Dispatch, Stage},
    rule_fails, words,
};

/// What a ranking does to the dispatch.
#[derive(Debug, Default)]
pub struct Handover {
    /// Facts, in order.
    pub facts: Vec<Fact>,
    /// Deadline changes.
    pub deadlines: Vec<DeadlineChange>,
    /// The rule that decided, where there is a new dispatch.
    pub ruling: Option<Ruling>,
}

/// Dispatches a case that was just ranked, or dispatches it anew where its rule is another one now. `raised`: its
/// priority rose, so what is still open falls due at min(old due, now + new limit); what is done stays done.
pub fn hand_over(
    case: &mut Case,
    facts: &Facts,
    raised: bool,
    setting: &Setting<'_>,
) -> Result<Handover, Rejection> {
    let (rule, rule_ref) = setting.book.dispatch(facts).map_err(|error| rule_fails(&error))?;
    let present =
        case.dispatch.clone().filter(|_| matches!(case.stage, Stage::Dispatched | Stage::Confirmed));
    match present {
        Some(present) if present.rule == rule_ref => tighten(case, present, raised, setting),
        present => {
            let mut handover = Handover::default();
            let renewed = open(case, rule, present.as_ref(), raised, setting, &mut handover)?;
            let dispatch = Dispatch { rule: rule_ref.clone(), ..renewed };
            case.stage = if dispatch.confirmed_at.is_some() { Stage::Confirmed } else { Stage::Dispatched };
            let event = pb::CaseDispatched {
                dispatch: Some(to_wire(&dispatch)),
                priority: words::priority(case.priority).into(),
            };
            handover.facts.push(fact(&event).into());
            handover.ruling =
                Some(Ruling::new("dispatch", rule_ref, dispatch.mode.as_str(), facts.to_json()));
            case.dispatch = Some(dispatch);
            Ok(handover)
        }
    }
}

/// The same rule with another limit: an open clock gets shorter.
fn tighten(
    case: &mut Case,
    mut dispatch: Dispatch,
    raised: bool,
    setting: &Setting<'_>,
) -> Result<Handover, Rejection> {
    let mut handover = Handover::default();
    let rule = setting.book.deadline(dispatch.deliverable);
    let limit = rule.limit(case.priority);
    if let Some(old_due) = still_open(&dispatch).filter(|_| raised) {
        let due_at = deadline::tighten(setting.calendar, old_due, setting.now, limit)
            .map_err(|error| calendar_cannot_tell(&error))?;
        if due_at < old_due {
            dispatch.due_at = Some(due_at);
            handover.deadlines.push(DeadlineChange::Tighten {
                name: dispatch.deliverable.as_str().to_owned(),
                limit,
                raised_at: setting.now,
                rule: rule.rule_ref(),
            });
        }
    }
    case.dispatch = Some(dispatch);
    Ok(handover)
}

/// Another rule: a new dispatch. The step that it asks for is a new one unless it is the same step of the same
/// department, which then goes on or stays done.
fn open(
    case: &Case,
    rule: &DispatchRule,
    present: Option<&Dispatch>,
    raised: bool,
    setting: &Setting<'_>,
    handover: &mut Handover,
) -> Result<Dispatch, Rejection> {
    let mut dispatch = Dispatch {
        mode: rule.mode,
        lead_roles: rule.lead_roles.clone(),
        department: rule.department.to_string(),
        assignee: String::new(),
        deliverable: rule.deadline,
        due_at: None,
        overdue_at: None,
        delivered_at: None,
        contact: String::new(),
        task_force: Vec::new(),
        dispatched_at: setting.now,
        confirmed_at: None,
        // The caller sets it.
        rule: case.priority_rule.clone(),
    };
    let same_step = |present: &&Dispatch| {
        present.deliverable == rule.deadline
            && present.mode == rule.mode
            && (present.department == rule.department.as_str() || present.delivered_at.is_none())
    };
    if let Some(present) = present.filter(same_step) {
        dispatch.due_at = present.due_at;
        dispatch.overdue_at = present.overdue_at;
        if present.department == dispatch.department {
            dispatch.assignee.clone_from(&present.assignee);
            dispatch.contact.clone_from(&present.contact);
            dispatch.task_force.clone_from(&present.task_force);
            dispatch.confirmed_at = present.confirmed_at;
            dispatch.delivered_at = present.delivered_at;
        }
        let mut kept = case.clone();
        let further = tighten(&mut kept, dispatch.clone(), raised, setting)?;
        handover.deadlines.extend(further.deadlines);
        return Ok(kept.dispatch.unwrap_or(dispatch));
    }
    let old_due = present.and_then(still_open);
    if let Some(present) = present.filter(|present| present.delivered_at.is_none()) {
        handover.deadlines.push(DeadlineChange::Cancel { name: present.deliverable.as_str().to_owned() });
    }
    let mut draft = setting
        .book
        .deadline(rule.deadline)
        .draft(case.priority, "", setting.now, setting.calendar)
        .map_err(|error| calendar_cannot_tell(&error))?;
    let caps = [draft.not_after, old_due.filter(|_| raised), statute(case, rule.deadline, setting)?];
    draft.not_after = caps.into_iter().flatten().min();
    let term = Term { not_after: draft.not_after, ..Term::new(draft.start, draft.limit) };
    dispatch.due_at = deadline::due(setting.calendar, &term).map_err(|error| calendar_cannot_tell(&error))?;
    handover.deadlines.push(DeadlineChange::Open(draft));
    Ok(dispatch)
}

/// When the law's limit ends that the deadline must not outrun; none once that has passed.
fn statute(case: &Case, kind: DeadlineKind, setting: &Setting<'_>) -> Result<Option<Timestamp>, Rejection> {
    let Some(statutory) = setting.book.deadline(kind).never_past() else { return Ok(None) };
    let limit = setting.book.deadline(statutory).limit(case.priority);
    let end = deadline::after(setting.calendar, case.known.received_at, limit)
        .map_err(|error| calendar_cannot_tell(&error))?;
    Ok((end > setting.now).then_some(end))
}

/// The due time of a clock that still runs: neither delivered nor overdue.
fn still_open(dispatch: &Dispatch) -> Option<Timestamp> {
    dispatch.due_at.filter(|_| dispatch.delivered_at.is_none() && dispatch.overdue_at.is_none())
}

/// Whether the deliverable is there once those responsible have confirmed; a progress report has to arrive first.
pub fn is_delivered_by_confirming(deliverable: DeadlineKind) -> bool {
    deliverable != DeadlineKind::Progress
}

/// What somebody who confirms has to name.
pub fn owes_contact(mode: DispatchMode) -> bool {
    mode == DispatchMode::ContactPerson
}

/// A dispatch for the wire.
pub fn to_wire(dispatch: &Dispatch) -> pb::Dispatch {
    let time = |at: Option<Timestamp>| at.map(redress_proto::time_to_wire);
    pb::Dispatch {
        mode: words::mode(dispatch.mode).into(),
        lead_roles: dispatch.lead_roles.iter().map(|role| words::role(*role).into()).collect(),
        department: dispatch.department.clone(),
        assignee: dispatch.assignee.clone(),
        deliverable: dispatch.deliverable.as_str().to_owned(),
        deadline_id: String::new(),
        due_time: time(dispatch.due_at),
        contact: dispatch.contact.clone(),
        task_force: dispatch
            .task_force
            .iter()
            .map(|member| pb::TaskForceMember {
                subject: member.subject.clone(),
                role: words::role(member.role).into(),
                department: member.department.clone(),
            })
            .collect(),
        dispatch_time: time(Some(dispatch.dispatched_at)),
        confirm_time: time(dispatch.confirmed_at),
        rule: Some(words::rule(&dispatch.rule)),
        overdue_time: time(dispatch.overdue_at),
    }
}
