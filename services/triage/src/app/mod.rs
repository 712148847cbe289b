//! What triage does: one use case a file, all of one shape.

pub mod change;
pub mod confirm_dispatch;
pub mod deadlines;
pub mod get_incident;
pub mod get_triage;
pub mod list_decisions;
pub mod list_incidents;
pub mod list_queue;
pub mod raise_signal;
pub mod reactions;
pub mod reassign;
pub mod reclassify;
pub mod report_progress;
pub mod texts;

use redress_chassis::{Caller, Failure, Policy, Result};
use redress_domain::{Rejection, Timestamp, handbook::Role};
use uuid::Uuid;

use crate::domain::{Setting, commands::Person};

/// The rules and the moment of a decision on a case.
pub(crate) fn setting<'a>(case_id: Uuid, region: &'a str, policy: &'a Policy, now: Timestamp) -> Setting<'a> {
    Setting { case_id, region, book: &policy.handbook, calendar: &policy.calendar, now }
}

/// An id from a request that the contract has checked.
pub(crate) fn id(field: &str, text: &str) -> Result<Uuid> {
    Uuid::parse_str(text)
        .map_err(|_| Failure::from(Rejection::invalid("INVALID_FIELDS", field, "is no UUID")))
}

/// The caller as somebody who gives commands.
pub(crate) fn person(caller: &Caller) -> Person {
    Person {
        subject: caller.subject.clone(),
        roles: caller.roles.iter().filter_map(|role| role.parse::<Role>().ok()).collect(),
        department: caller.department.clone(),
    }
}

/// The regions of a list: those asked for, as far as the caller's token covers them; refuses others.
pub(crate) fn regions(caller: &Caller, asked: &[String]) -> Result<Vec<String>> {
    for region in asked {
        caller.may_see(region, None)?;
    }
    Ok(if asked.is_empty() { caller.regions.clone() } else { asked.to_vec() })
}
