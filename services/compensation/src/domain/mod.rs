//! What compensation decides. Pure: rules, time, ids and what others know come in as arguments.
//!
//! * [`state`] is the state of a case's resolution, [`money`] what it comes to, [`waybill`] what all cases on a
//!   waybill come to together (X10).
//! * [`context`] is what others' events change; [`bands`] are the handbook's solutions with their amounts.
//! * [`propose`], [`approve`], [`offer`] and [`respond`] lead to an agreement or to the final position.
//! * [`execute`] carries out by [`calls`], [`outcome`] takes what they come to, [`obstacle`] tells the customer and
//!   starts the fallback, [`confirm`] takes what people confirm, [`seal`] freezes.
//!
//! Invariants, held by `tests`:
//! * **I1** A payment has one key for its whole life; what is not known is asked about under that key.
//! * **I2** A second payment of a remedy is ordered only when the first is known not to pay.
//! * **I3** Σ ordered ≤ Σ approved ≤ cap, checked whenever money is ordered.
//! * **I4** The fallback starts only after the customer has been told.
//! * **I5** A sealed resolution does not change, but for what finance finds out about money that was paid: a fallback
//!   caught up, a payment that landed as well.

pub mod approve;
pub mod bands;
pub mod calls;
pub mod confirm;
pub mod context;
pub mod execute;
pub mod money;
pub mod notice;
pub mod obstacle;
pub mod offer;
pub mod outcome;
pub mod propose;
pub mod reminders;
pub mod respond;
pub mod seal;
pub mod standing;
pub mod state;
pub mod terms;
#[cfg(test)]
pub(crate) mod tests;
pub mod view;
pub mod waybill;
pub mod words;

use redress_domain::{
    Calendar, CalendarError, Decision, MoneyError, Rejection, RejectionKind, Timestamp,
    handbook::{AmountError, EvaluationError, Handbook},
};
use redress_proto::Payload;
use uuid::Uuid;

/// The rules and the moment of a decision on one case.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// Case.
    pub case_id: Uuid,
    /// Handbook that the case is pinned to.
    pub book: &'a Handbook,
    /// Calendar that it is pinned to.
    pub calendar: &'a Calendar,
    /// Business time of the decision.
    pub now: Timestamp,
    /// Gives a new id.
    pub new_id: &'a dyn Fn() -> Uuid,
}

impl std::fmt::Debug for Setting<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Setting").field("case_id", &self.case_id).field("now", &self.now).finish()
    }
}

/// Adds an event to a decision.
pub(crate) fn log<S, M: Payload>(decision: &mut Decision<S>, event: &M) {
    decision.facts.push(event.fact().into());
}

/// The refusal when the calendar cannot compute a time.
pub(crate) fn calendar_cannot_tell(error: &CalendarError) -> Rejection {
    Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string())
}

/// The refusal when a rule cannot be evaluated: arithmetic overflow in a condition.
pub(crate) fn rule_fails(error: &EvaluationError) -> Rejection {
    handbook_silent("resolution", &error.expression).with("error", error.to_string())
}

/// The refusal when the handbook has no answer.
pub(crate) fn handbook_silent(chapter: &str, key: &str) -> Rejection {
    Rejection::precondition("HANDBOOK_SILENT", format!("the handbook says nothing of `{key}` in `{chapter}`"))
        .with("chapter", chapter)
        .with("key", key)
}

/// The refusal when amounts cannot be added: more than 2⁶³ minor units, or two currencies.
pub(crate) fn not_countable(error: &MoneyError) -> Rejection {
    Rejection::new(RejectionKind::Exhausted, "LIMIT_EXCEEDED", error.to_string())
}

/// The same for a share.
pub(crate) fn not_computable(error: &AmountError) -> Rejection {
    match error {
        AmountError::Evaluation(error) => rule_fails(error),
        AmountError::Money(error) => not_countable(error),
    }
}
