//! Deadlines as the handbook sets them, opened, computed and met.

use redress_domain::{
    DeadlineChange, DeadlineDraft, Rejection, Timestamp, deadline,
    handbook::{Deadline, DeadlineKind, Priority},
};

use super::{Setting, calendar_cannot_tell, context::Context, state::Promise};

/// A deadline of this kind that starts at `start`, and when it falls due. It never falls due past the statutory one
/// that the handbook names, unless that has passed already (X1).
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn draft(
    setting: &Setting<'_>,
    context: &Context,
    kind: DeadlineKind,
    key: &str,
    start: Timestamp,
) -> Result<(DeadlineDraft, Timestamp), Rejection> {
    let rule = setting.book.deadline(kind);
    let mut draft = rule
        .draft(context.priority(), key, start, setting.calendar)
        .map_err(|error| calendar_cannot_tell(&error))?;
    if let Some(cap) = statutory_cap(setting, context, &rule)?.filter(|cap| *cap > start) {
        draft.not_after = Some(draft.not_after.map_or(cap, |not_after| not_after.min(cap)));
    }
    let due_at = due(setting, &draft)?;
    Ok((draft, due_at))
}

fn statutory_cap(
    setting: &Setting<'_>,
    context: &Context,
    rule: &Deadline<'_>,
) -> Result<Option<Timestamp>, Rejection> {
    let (Some(statute), Some(received_at)) = (rule.never_past(), context.received_at) else {
        return Ok(None);
    };
    let limit = setting.book.deadline(statute).limit(context.priority());
    deadline::after(setting.calendar, received_at, limit)
        .map(Some)
        .map_err(|error| calendar_cannot_tell(&error))
}

/// When a draft falls due.
fn due(setting: &Setting<'_>, draft: &DeadlineDraft) -> Result<Timestamp, Rejection> {
    let term = deadline::Term { not_after: draft.not_after, ..deadline::Term::new(draft.start, draft.limit) };
    let due = deadline::due(setting.calendar, &term).map_err(|error| calendar_cannot_tell(&error))?;
    Ok(due.unwrap_or(draft.start))
}

/// What a deadline of this kind promises, in the words of the handbook.
pub fn promise(
    setting: &Setting<'_>,
    draft: &DeadlineDraft,
    priority: Priority,
    due_at: Timestamp,
) -> Promise {
    let kind = DeadlineKind::ALL.iter().find(|kind| kind.as_str() == draft.kind);
    let limit = kind.map_or(draft.limit, |kind| setting.book.deadline(*kind).limit(priority));
    Promise { kind: draft.kind.clone(), due_at, limit: limit.to_string() }
}

/// The change that meets a deadline.
pub fn meet(kind: &str, key: &str, at: Timestamp) -> DeadlineChange {
    DeadlineChange::Meet { name: redress_domain::deadline_name(kind, key), at }
}

/// The change that ends a deadline without effect.
pub fn end(kind: &str, key: &str) -> DeadlineChange {
    DeadlineChange::Cancel { name: redress_domain::deadline_name(kind, key) }
}
