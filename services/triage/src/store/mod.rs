//! Triage's rows: how its aggregates are found.

pub(crate) mod decisions;
pub(crate) mod incident;
pub(crate) mod queue;
