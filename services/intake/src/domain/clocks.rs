//! The two clocks that a complaint starts: the house's first response and the law's answer (M2.3a, X1).

use redress_domain::{
    Calendar, CalendarError, DeadlineChange, DeadlineDraft, Rejection, Timestamp,
    deadline::{Term, due},
    handbook::{DeadlineKind, Handbook, Priority},
};

/// The draft of a clock that began at `start`, never past the statutory one where the handbook says so.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn draft(
    kind: DeadlineKind,
    priority: Priority,
    start: Timestamp,
    book: &Handbook,
    calendar: &Calendar,
) -> Result<DeadlineDraft, Rejection> {
    let rule = book.deadline(kind);
    let mut draft = rule.draft(priority, "", start, calendar).map_err(|error| cannot_tell(&error))?;
    if let Some(outer) = rule.never_past() {
        let outer =
            book.deadline(outer).draft(priority, "", start, calendar).map_err(|error| cannot_tell(&error))?;
        draft.not_after = draft.not_after.into_iter().chain(due_of(&outer, calendar)?).min();
    }
    Ok(draft)
}

/// When a draft would fall due.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn due_of(draft: &DeadlineDraft, calendar: &Calendar) -> Result<Option<Timestamp>, Rejection> {
    let term = Term {
        start: draft.start,
        limit: draft.limit,
        pauses: Vec::new(),
        extensions: Vec::new(),
        not_after: draft.not_after,
    };
    due(calendar, &term).map_err(|error| cannot_tell(&error))
}

/// Opens a clock.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn open(
    kind: DeadlineKind,
    priority: Priority,
    start: Timestamp,
    book: &Handbook,
    calendar: &Calendar,
) -> Result<DeadlineChange, Rejection> {
    draft(kind, priority, start, book, calendar).map(DeadlineChange::Open)
}

/// What the customer has been told happened at `at`.
pub fn meet(kind: DeadlineKind, at: Timestamp) -> DeadlineChange {
    DeadlineChange::Meet { name: kind.as_str().to_owned(), at }
}

/// The clock is no longer asked for.
pub fn cancel(kind: DeadlineKind) -> DeadlineChange {
    DeadlineChange::Cancel { name: kind.as_str().to_owned() }
}

/// The first response is due by a higher priority since `raised_at`.
pub fn tighten(priority: Priority, raised_at: Timestamp, book: &Handbook) -> DeadlineChange {
    let rule = book.deadline(DeadlineKind::FirstResponse);
    DeadlineChange::Tighten {
        name: DeadlineKind::FirstResponse.as_str().to_owned(),
        limit: rule.limit(priority),
        raised_at,
        rule: rule.rule_ref(),
    }
}

fn cannot_tell(error: &CalendarError) -> Rejection {
    let rejection = Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string());
    match error {
        CalendarError::YearWithoutNotice { calendar, year } => {
            rejection.with("calendar", calendar).with("year", year.to_string())
        }
        _ => rejection,
    }
}
