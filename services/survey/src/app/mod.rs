//! What survey does: one use case a file, all of one shape.

pub mod complete_improvement;
pub mod deadlines;
pub mod get_monthly_review;
pub mod get_survey;
pub mod intents;
pub mod list_decisions;
pub mod list_improvements;
pub mod locate;
pub mod plan_improvement;
pub mod reactions;
pub mod reviews;
pub mod submit_response;
pub mod texts;

use redress_chassis::{Failure, Policy, Result};
use redress_domain::{CalendarError, Rejection, Timestamp};
use uuid::Uuid;

use crate::domain::Setting;

/// The rules, the place and the moment of a decision.
pub(crate) fn setting<'a>(region: &'a str, policy: &'a Policy, now: Timestamp) -> Setting<'a> {
    Setting { region, book: &policy.handbook, calendar: &policy.calendar, now }
}

/// An id from a request that the contract has checked.
pub(crate) fn id(field: &str, text: &str) -> Result<Uuid> {
    Uuid::parse_str(text)
        .map_err(|_| Failure::from(Rejection::invalid("INVALID_FIELDS", field, "is no UUID")))
}

/// The refusal when the calendar cannot compute a time.
pub(crate) fn calendar_cannot_tell(error: &CalendarError) -> Failure {
    Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string()).into()
}
