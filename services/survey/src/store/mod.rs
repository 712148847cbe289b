//! Survey's rows: how its aggregates are found, and what a month's figures are summed from.

pub(crate) mod aggregates;
pub(crate) mod decisions;
pub(crate) mod figures;
pub(crate) mod improvement;
pub(crate) mod review;
pub(crate) mod survey;

use redress_storage::{Result, sqlstate::classify};
use sea_orm::{QueryResult, TryGetable};

/// A column of a row.
pub(crate) fn column<T: TryGetable>(row: &QueryResult, name: &'static str) -> Result<T> {
    row.try_get("", name).map_err(|error| classify(name, error))
}
