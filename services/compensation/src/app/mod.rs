//! The use cases, one a file, always in the same shape: claim request id, load, decide, commit.

pub(crate) mod change;
pub mod confirm_remedy;
pub mod deadlines;
pub mod decide_approval;
pub(crate) mod exposure;
pub(crate) mod fulfilment_call;
pub mod get_resolution;
pub mod intents;
pub mod issue_notice;
pub mod list_approvals;
pub mod list_decisions;
pub mod offer_resolution;
pub(crate) mod pace;
pub(crate) mod payment_call;
pub mod propose_resolution;
pub mod reactions;
pub mod record_response;
pub mod report_obstacle;
pub mod seal;
pub mod suggest_resolution;
#[cfg(test)]
mod tests;
pub mod texts;
pub mod unseal;
pub mod view;

use redress_chassis::{Caller, Failure};
use redress_domain::{Rejection, handbook::Channel};
use redress_proto::types::v1 as types;
use uuid::Uuid;

use crate::domain::state::{Actor, Person};

/// An id of a request.
pub(crate) fn id(field: &str, text: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|_| Rejection::invalid("INVALID_FIELDS", field, "is no UUID").into())
}

/// The caller of a command.
pub(crate) fn person(caller: &Caller) -> Person {
    let actor = Actor {
        subject: caller.subject.clone(),
        role: caller.roles.first().cloned().unwrap_or_default(),
        department: caller.department.clone(),
    };
    Person { actor, roles: caller.roles.iter().filter_map(|role| role.parse().ok()).collect() }
}

/// A channel of a request; none where it is not specified.
pub(crate) fn channel(wire: types::Channel) -> Option<Channel> {
    Channel::try_from(wire).ok()
}

/// A time of a request.
pub(crate) fn time(
    field: &str,
    wire: Option<&prost_types::Timestamp>,
) -> Result<Option<redress_domain::Timestamp>, Failure> {
    wire.map(redress_proto::time_from_wire)
        .transpose()
        .map_err(|error| Rejection::invalid("INVALID_FIELDS", field, error.to_string()).into())
}
