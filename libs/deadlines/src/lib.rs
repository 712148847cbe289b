//! Deadline timers: Redis clockwork over Postgres rows.
//!
//! * [`deadline`] is pure: what a change does to a deadline, and what is due at a time.
//! * [`store`] keeps the rows, in the caller's transaction.
//! * [`clockwork`] keeps sorted sets in Redis that say when to look. Losing Redis makes a deadline at most a
//!   sweep late: never lost, never early, never twice in effect, because the row decides.

pub mod clockwork;
pub mod deadline;
pub mod store;
pub mod wire;

pub use clockwork::{Claimed, Clockwork};
pub use deadline::{Change, Deadline, DeadlineState, Look, Owner};

use redress_storage::Migration;

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "deadlines/0001_deadline.sql",
    sql: include_str!("../migrations/0001_deadline.sql"),
}];

/// Kind of the aggregate that every deadline is in the event log.
pub const SUBJECT_KIND: &str = "deadline";
