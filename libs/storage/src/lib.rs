//! Postgres for a service: the transaction in which everything changes, the event log with gapless positions,
//! cursors in other services' logs, request ids, and the small tables around them.
//!
//! Nothing here decides. `redress_chassis::engine` drives it; a service reaches it through the engine's unit.

pub mod aggregate;
pub mod cursor;
pub mod database;
pub mod event;
pub mod intent;
pub mod log;
pub mod page_token;
pub mod parked;
pub mod policy;
pub mod request;
pub mod ruling;
pub mod sqlstate;
pub mod transaction;

pub use aggregate::AggregateRow;
pub use database::{Database, Migration};
pub use event::{Actor, Cause, LoggedEvent, PARTITIONS, PendingEvent, Position, partition_of};
pub use transaction::{Committed, Transaction};

/// What can go wrong between a service and its database.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot be reached or refused for a reason that may pass: back off and try again.
    #[error("database is unavailable")]
    Unavailable(#[source] sea_orm::DbErr),
    /// Another transaction was there first: load again and decide again.
    #[error("another transaction changed `{0}` first")]
    Conflict(String),
    /// A statement failed for a reason that will not pass by itself.
    #[error("failed to {operation}")]
    Statement {
        /// What was being done.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: sea_orm::DbErr,
    },
    /// A stored row cannot be read.
    #[error("row `{row}` of table `{table}` cannot be read: {detail}")]
    CorruptRow {
        /// Table.
        table: &'static str,
        /// Key of the row.
        row: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A migration that was applied has since been changed.
    #[error("migration `{0}` differs from the one that was applied; migrations are never edited")]
    MigrationChanged(String),
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, StorageError>;
