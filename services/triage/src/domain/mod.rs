//! What triage decides. Pure: time, rules and what others know come in as arguments.
//!
//! * [`case`] is the state of a case's triage, [`known`] what intake has told about the case.
//! * [`classify`] finds what a complaint is about, [`rank`] how urgent it is, [`dispatch`] who gets it.
//! * [`incident`] finds group complaints; [`commands`] and [`turns`] are what callers and events do to a case.

pub mod case;
pub mod classify;
pub mod commands;
pub mod dispatch;
pub mod incident;
pub mod known;
pub mod rank;
#[cfg(test)]
mod tests;
pub mod turns;
pub mod words;

use redress_domain::{
    Calendar, CalendarError, Rejection, Timestamp,
    handbook::{EvaluationError, Handbook},
};
use uuid::Uuid;

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

/// The refusal when the calendar cannot compute a time.
pub(crate) fn calendar_cannot_tell(error: &CalendarError) -> Rejection {
    Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string())
}

/// The refusal when a rule cannot be evaluated: arithmetic overflow in a condition.
pub(crate) fn rule_fails(error: &EvaluationError) -> Rejection {
    Rejection::precondition("HANDBOOK_SILENT", error.to_string()).with("key", error.expression.clone())
}
