//! What investigation decides. Pure: time, rules and what others know come in as arguments.
//!
//! * [`case`] is the state of one case's investigation, [`known`] what intake has told about the case.
//! * [`checklist`] says what evidence is wanted, [`request`] asks for it, [`evidence`] takes it in and keeps it.
//! * [`clock`] is the limit of the investigation and the other deadlines; [`waiting`] stops it, [`extension`] lengthens it.
//! * [`reporting`], [`findings`], [`archive`] and [`sealing`] are the steps to the end; [`triage`] and [`turns`] are what
//!   events of others do to a case.

pub mod archive;
pub mod case;
pub mod checklist;
pub mod clock;
pub mod evidence;
pub mod extension;
pub mod findings;
pub mod known;
pub mod notices;
pub mod reporting;
pub mod request;
pub mod sealing;
#[cfg(test)]
mod tests;
pub mod triage;
pub mod turns;
pub mod waiting;
pub mod words;

use redress_domain::{
    Calendar, CalendarError, Decision, Rejection, Timestamp,
    handbook::{EvaluationError, Handbook, Language},
};
use redress_proto::{Payload, fact};
use uuid::Uuid;

use self::case::Case;

/// The rules and the moment of a decision on one case.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Case.
    pub case_id: Uuid,
    /// Region of the case.
    pub region: &'a str,
    /// Handbook that the case is pinned to.
    pub book: &'a Handbook,
    /// Calendar that it is pinned to.
    pub calendar: &'a Calendar,
    /// Business time of the decision.
    pub now: Timestamp,
}

impl Setting<'_> {
    /// A time in words.
    pub(crate) fn date_time(&self, at: Timestamp, language: Language) -> String {
        self.book.wording.date_time(self.calendar.local(at), language)
    }
}

/// A decision in the making; its `next` is the state so far.
pub(crate) type Draft = Decision<Case>;

/// Adds an event to a decision.
pub(crate) fn tell<M: Payload>(draft: &mut Draft, event: &M) {
    draft.facts.push(fact(event).into());
}

/// The refusal when the calendar cannot compute a time.
pub(crate) fn calendar_cannot_tell(error: &CalendarError) -> Rejection {
    let rejection = Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string());
    match error {
        CalendarError::YearWithoutNotice { calendar, year } => {
            rejection.with("calendar", calendar.clone()).with("year", year.to_string())
        }
        _ => rejection,
    }
}

/// The refusal when a rule cannot be evaluated: arithmetic overflow in a condition.
pub(crate) fn rule_fails(error: &EvaluationError) -> Rejection {
    Rejection::precondition("HANDBOOK_SILENT", error.to_string()).with("key", error.expression.clone())
}

/// A count for the wire.
pub(crate) fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
