//! What a database error means for the caller, by SQLSTATE only, never by the text of a message.

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::StorageError;

/// Sorts a database error: unavailable, lost race, or a plain failure of `operation`.
pub fn classify(operation: &'static str, error: DbErr) -> StorageError {
    match sqlstate(&error).as_deref() {
        // serialization_failure, deadlock_detected, unique_violation, lock_not_available
        Some("40001" | "40P01" | "23505" | "55P03") => StorageError::Conflict(operation.to_owned()),
        // connection exceptions, operator intervention, insufficient resources
        Some(code) if code.starts_with("08") || code.starts_with("57P") || code.starts_with("53") => {
            StorageError::Unavailable(error)
        }
        Some(_) => StorageError::Statement { operation, source: error },
        None => match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => StorageError::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(ref inner))
            | DbErr::Query(RuntimeErr::SqlxError(ref inner))
                if matches!(
                    **inner,
                    sqlx::Error::Io(_)
                        | sqlx::Error::Tls(_)
                        | sqlx::Error::PoolTimedOut
                        | sqlx::Error::PoolClosed
                        | sqlx::Error::WorkerCrashed
                        | sqlx::Error::Protocol(_)
                ) =>
            {
                StorageError::Unavailable(error)
            }
            other => StorageError::Statement { operation, source: other },
        },
    }
}

/// The five-character SQLSTATE that Postgres sent, if it sent one.
pub fn sqlstate(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            match &**inner {
                sqlx::Error::Database(database) => database.code().map(|code| code.into_owned()),
                _ => None,
            }
        }
        _ => None,
    }
}
