//! The deadlines of an investigation: its own limit, and those of what it asks others for.
//!
//! The state keeps a copy of the limit's term, moved by the same rules as the deadline row, so that a decision can see
//! when it falls due.

use redress_domain::{
    DeadlineChange, DeadlineDraft, Limit, Rejection, Timestamp,
    deadline::{self, Interval, Term},
    deadline_name,
    handbook::{DeadlineKind, Deliverable, Priority},
};
use serde::{Deserialize, Serialize};

use super::{
    Draft, Setting, calendar_cannot_tell,
    case::{Case, Stage},
};

/// The limit of an investigation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What its due time follows from.
    pub term: Term,
    /// When everything that it asks for was delivered.
    pub met_at: Option<Timestamp>,
}

impl Clock {
    /// When it falls due; none while it stands still.
    ///
    /// # Errors
    /// `CALENDAR_CANNOT_TELL`.
    pub fn due(&self, setting: &Setting<'_>) -> Result<Option<Timestamp>, Rejection> {
        due(&self.term, setting)
    }

    /// When it would fall due if it ran again from `at`.
    ///
    /// # Errors
    /// `CALENDAR_CANNOT_TELL`.
    pub fn due_if_resumed(
        &self,
        at: Timestamp,
        setting: &Setting<'_>,
    ) -> Result<Option<Timestamp>, Rejection> {
        due(&resumed(&self.term, at), setting)
    }

    /// When it would fall due with `further` limits, by the limits alone: without its cap.
    ///
    /// # Errors
    /// `CALENDAR_CANNOT_TELL`.
    pub fn due_with(&self, further: Limit, setting: &Setting<'_>) -> Result<Option<Timestamp>, Rejection> {
        let mut term = resumed(&self.term, setting.now);
        term.extensions.push(further);
        term.not_after = None;
        due(&term, setting)
    }
}

fn due(term: &Term, setting: &Setting<'_>) -> Result<Option<Timestamp>, Rejection> {
    deadline::due(setting.calendar, term).map_err(|error| calendar_cannot_tell(&error))
}

fn resumed(term: &Term, at: Timestamp) -> Term {
    let mut term = term.clone();
    for pause in &mut term.pauses {
        pause.until = pause.until.or_else(|| Some(at.max(pause.from)));
    }
    term
}

/// Name of the limit's deadline.
pub const NAME: &str = DeadlineKind::Investigation.as_str();

/// When a deadline of this kind falls due that runs since the complaint was received; for the law's clock (X1).
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn due_since_receipt(
    kind: DeadlineKind,
    case: &Case,
    setting: &Setting<'_>,
) -> Result<Option<Timestamp>, Rejection> {
    let draft = setting
        .book
        .deadline(kind)
        .draft(case.priority(), "", case.known.received_at, setting.calendar)
        .map_err(|error| calendar_cannot_tell(&error))?;
    due(&term_of(&draft), setting)
}

/// The draft of a deadline that starts at `start` by the present priority; never past the law's clock where the
/// handbook says so.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn draft(
    kind: DeadlineKind,
    key: &str,
    start: Timestamp,
    case: &Case,
    setting: &Setting<'_>,
) -> Result<DeadlineDraft, Rejection> {
    let rule = setting.book.deadline(kind);
    let mut draft = rule
        .draft(case.priority(), key, start, setting.calendar)
        .map_err(|error| calendar_cannot_tell(&error))?;
    if let Some(outer) = rule.never_past() {
        let cap = due_since_receipt(outer, case, setting)?;
        draft.not_after = draft.not_after.into_iter().chain(cap).min();
    }
    Ok(draft)
}

fn term_of(draft: &DeadlineDraft) -> Term {
    Term { not_after: draft.not_after, ..Term::new(draft.start, draft.limit) }
}

/// Opens a deadline beside the limit. Gives its due time.
pub(crate) fn open(
    decision: &mut Draft,
    kind: DeadlineKind,
    key: &str,
    start: Timestamp,
    setting: &Setting<'_>,
) -> Result<Option<Timestamp>, Rejection> {
    let draft = draft(kind, key, start, &decision.next, setting)?;
    let due_at = due(&term_of(&draft), setting)?;
    decision.next.open_deadlines.insert(deadline_name(&draft.kind, &draft.key));
    decision.deadlines.push(DeadlineChange::Open(draft));
    Ok(due_at)
}

/// What a deadline beside the limit asked for happened.
pub(crate) fn meet(decision: &mut Draft, name: &str, at: Timestamp) {
    if decision.next.open_deadlines.remove(name) {
        decision.deadlines.push(DeadlineChange::Meet { name: name.to_owned(), at });
    }
}

/// A deadline beside the limit is no longer asked for.
pub(crate) fn cancel(decision: &mut Draft, name: &str) {
    if decision.next.open_deadlines.remove(name) {
        decision.deadlines.push(DeadlineChange::Cancel { name: name.to_owned() });
    }
}

/// Ends every deadline beside the limit.
pub(crate) fn cancel_others(decision: &mut Draft) {
    for name in std::mem::take(&mut decision.next.open_deadlines) {
        decision.deadlines.push(DeadlineChange::Cancel { name });
    }
}

/// Ends all deadlines, the limit included.
pub(crate) fn cancel_all(decision: &mut Draft) {
    cancel_others(decision);
    if decision.next.clock.take_if(|clock| clock.met_at.is_none()).is_some() {
        decision.deadlines.push(DeadlineChange::Cancel { name: NAME.to_owned() });
    }
}

/// Starts the limit of the investigation anew at `start`.
pub(crate) fn start(decision: &mut Draft, start: Timestamp, setting: &Setting<'_>) -> Result<(), Rejection> {
    let draft = draft(DeadlineKind::Investigation, "", start, &decision.next, setting)?;
    let mut clock = Clock { term: term_of(&draft), met_at: None };
    decision.deadlines.push(DeadlineChange::Open(draft));
    if decision.next.stage == Stage::Paused && pauses(NAME, setting) {
        clock.term.pauses.push(Interval { from: start, until: None });
        decision.deadlines.push(DeadlineChange::Pause { name: NAME.to_owned(), from: start });
    }
    decision.next.clock = Some(clock);
    Ok(())
}

/// The priority was raised at `raised_at`: what still runs falls due at min(old due, raise + new limit) (M3.2). What was
/// asked of the customer keeps the time that the customer was told.
pub(crate) fn tighten(
    decision: &mut Draft,
    raised_at: Timestamp,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let priority = decision.next.priority();
    if let Some(clock) = decision.next.clock.as_mut().filter(|clock| clock.met_at.is_none()) {
        let limit = setting.book.deadline(DeadlineKind::Investigation).limit(priority);
        let tighter = Term { start: raised_at, limit, extensions: Vec::new(), ..clock.term.clone() };
        if due(&resumed(&tighter, raised_at), setting)? < clock.due_if_resumed(raised_at, setting)? {
            clock.term = tighter;
            decision.deadlines.push(tightening(
                NAME.to_owned(),
                DeadlineKind::Investigation,
                priority,
                raised_at,
                setting,
            ));
        }
    }
    let rule = setting.book.deadline(DeadlineKind::EvidenceRequest);
    for item in &mut decision.next.checklist {
        let name = deadline_name(DeadlineKind::EvidenceRequest.as_str(), &item.id);
        if !decision.next.open_deadlines.contains(&name) {
            continue;
        }
        if let Some(old_due) = item.due_at {
            let new_due = deadline::tighten(setting.calendar, old_due, raised_at, rule.limit(priority))
                .map_err(|error| calendar_cannot_tell(&error))?;
            item.due_at = Some(new_due);
        }
        decision.deadlines.push(tightening(
            name,
            DeadlineKind::EvidenceRequest,
            priority,
            raised_at,
            setting,
        ));
    }
    Ok(())
}

fn tightening(
    name: String,
    kind: DeadlineKind,
    priority: Priority,
    raised_at: Timestamp,
    setting: &Setting<'_>,
) -> DeadlineChange {
    let rule = setting.book.deadline(kind);
    DeadlineChange::Tighten { name, limit: rule.limit(priority), raised_at, rule: rule.rule_ref() }
}

/// Stops what the handbook lets stand still while the customer owes material.
pub(crate) fn pause(decision: &mut Draft, from: Timestamp, setting: &Setting<'_>) {
    if let Some(clock) =
        decision.next.clock.as_mut().filter(|clock| clock.met_at.is_none() && pauses(NAME, setting))
    {
        clock.term.pauses.push(Interval { from, until: None });
        decision.deadlines.push(DeadlineChange::Pause { name: NAME.to_owned(), from });
    }
    for name in decision.next.open_deadlines.iter().filter(|name| pauses(name, setting)) {
        decision.deadlines.push(DeadlineChange::Pause { name: name.clone(), from });
    }
}

/// Lets it run again.
pub(crate) fn resume(decision: &mut Draft, until: Timestamp, setting: &Setting<'_>) {
    if let Some(clock) = decision.next.clock.as_mut()
        && let Some(pause) = clock.term.pauses.iter_mut().find(|pause| pause.until.is_none())
    {
        pause.until = Some(until.max(pause.from));
        decision.deadlines.push(DeadlineChange::Resume { name: NAME.to_owned(), until });
    }
    for name in decision.next.open_deadlines.iter().filter(|name| pauses(name, setting)) {
        decision.deadlines.push(DeadlineChange::Resume { name: name.clone(), until });
    }
}

fn pauses(name: &str, setting: &Setting<'_>) -> bool {
    let kind = name.split(':').next().unwrap_or_default();
    kind.parse().is_ok_and(|kind| setting.book.deadline(kind).rule().paused_with_customer)
}

/// Something was delivered. The limit is met when all is; one that is learnt late to have been earlier corrects it.
pub(crate) fn deliver(decision: &mut Draft, what: Deliverable, at: Timestamp) {
    let known = decision.next.delivered.entry(what).or_insert(at);
    *known = (*known).min(at);
    settle(decision);
}

/// Meets the limit where all is delivered.
pub(crate) fn settle(decision: &mut Draft) {
    let next = &mut decision.next;
    let times: Option<Vec<Timestamp>> =
        next.deliverables.iter().map(|deliverable| next.delivered.get(deliverable).copied()).collect();
    let (Some(clock), Some(at)) = (next.clock.as_mut(), times.and_then(|times| times.into_iter().max()))
    else {
        return;
    };
    if clock.met_at.is_none_or(|known| at < known) {
        clock.met_at = Some(at);
        decision.deadlines.push(DeadlineChange::Meet { name: NAME.to_owned(), at });
    }
}
