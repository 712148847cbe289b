//! Tables and queries by noun. Nothing here decides.

pub mod aggregates;
pub mod case_index;
pub mod case_number;
pub mod closing_copy;
pub mod customer;
pub mod ledger;
pub mod message;
pub mod policy;
pub mod text;

use redress_storage::{Result, sqlstate::classify};
use sea_orm::{QueryResult, TryGetable};

/// A column of a row.
pub(crate) fn column<T: TryGetable>(row: &QueryResult, name: &'static str) -> Result<T> {
    row.try_get("", name).map_err(|error| classify(name, error))
}
