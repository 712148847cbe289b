//! Why a call fails, and the one place that turns that into a gRPC status.

use std::{collections::HashMap, time::Duration};

use redress_domain::{Rejection, RejectionKind};
use redress_storage::StorageError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

/// Why a use case did not happen. Nothing of it has been stored.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rules refuse it.
    #[error(transparent)]
    Rejected(Box<Rejection>),
    /// Something it needs is not there right now.
    #[error("{0} is unavailable")]
    Unavailable(String),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Our bug or a corrupt row.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl Failure {
    /// The refusal, where it is one.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// Whether the same attempt may succeed later without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Storage(StorageError::Unavailable(_) | StorageError::Conflict(_))
        )
    }

    /// The status for a caller of `service`. `ErrorInfo` is always there.
    pub fn into_status(self, service: &str) -> Status {
        let domain = format!("{service}.redress");
        match self {
            Self::Rejected(rejection) => rejected(&rejection, domain),
            Self::Unavailable(what) => {
                unavailable(domain, "DEPENDENCY_UNAVAILABLE", format!("`{what}` is unavailable"))
            }
            Self::Storage(StorageError::Unavailable(error)) => {
                tracing::warn!(%error, "database is unavailable");
                unavailable(domain, "DEPENDENCY_UNAVAILABLE", "the database is unavailable".into())
            }
            Self::Storage(StorageError::Conflict(what)) => {
                let mut details = ErrorDetails::with_error_info(
                    "CONCURRENT_CHANGE",
                    domain,
                    HashMap::from([("what".into(), what)]),
                );
                details.set_retry_info(Some(RETRY));
                Status::with_error_details(
                    Code::Aborted,
                    "somebody else was first; load and try again",
                    details,
                )
            }
            Self::Storage(error) => internal(domain, &anyhow::Error::from(error)),
            Self::Internal(error) => internal(domain, &error),
        }
    }
}

const RETRY: Duration = Duration::from_secs(1);

fn unavailable(domain: String, reason: &str, message: String) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    details.set_retry_info(Some(RETRY));
    Status::with_error_details(Code::Unavailable, message, details)
}

fn internal(domain: String, error: &anyhow::Error) -> Status {
    tracing::error!(error = format!("{error:#}"), "internal error");
    Status::with_error_details(
        Code::Internal,
        "internal error; the log has the cause",
        ErrorDetails::with_error_info("INTERNAL", domain, HashMap::new()),
    )
}

fn rejected(rejection: &Rejection, domain: String) -> Status {
    let code = match rejection.kind {
        RejectionKind::Invalid => Code::InvalidArgument,
        RejectionKind::NotFound => Code::NotFound,
        RejectionKind::Denied => Code::PermissionDenied,
        RejectionKind::Precondition => Code::FailedPrecondition,
        RejectionKind::Stale => Code::Aborted,
        RejectionKind::Exists => Code::AlreadyExists,
        RejectionKind::Exhausted => Code::ResourceExhausted,
        RejectionKind::Unauthenticated => Code::Unauthenticated,
        RejectionKind::Unavailable => Code::Unavailable,
    };
    let metadata: HashMap<String, String> =
        rejection.metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut details = ErrorDetails::with_error_info(rejection.reason, domain, metadata);
    if !rejection.violations.is_empty() {
        details.set_bad_request(
            rejection
                .violations
                .iter()
                .map(|violation| FieldViolation::new(&violation.field, &violation.description))
                .collect::<Vec<_>>(),
        );
    }
    if !rejection.unmet.is_empty() {
        details.set_precondition_failure(
            rejection
                .unmet
                .iter()
                .map(|unmet| PreconditionViolation::new(&unmet.kind, &unmet.subject, &unmet.description))
                .collect::<Vec<_>>(),
        );
    }
    if matches!(rejection.kind, RejectionKind::Unavailable) {
        details.set_retry_info(Some(RETRY));
    }
    Status::with_error_details(code, rejection.message.clone(), details)
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, Failure>;
