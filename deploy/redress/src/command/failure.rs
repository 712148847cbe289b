//! How a command ends when it does not end well.

use std::fmt;

use serde_json::{Value, json};

use crate::contract::{CallError, Refusal};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense.
    Usage(String),
    /// A service refused.
    Refused(Box<Refusal>),
    /// A service, or a program that is needed, is not there.
    Unavailable(String),
    /// What was looked at is not as it should be; the output says how.
    Reported,
    /// Anything else.
    Other(anyhow::Error),
}

impl Failure {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Reported | Self::Refused(_) | Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Unavailable(_) => 69,
        }
    }

    pub(super) fn is_reported(&self) -> bool {
        matches!(self, Self::Reported)
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Refused(refusal) => json!({ "error": refusal.to_json() }),
            other => json!({ "error": { "message": other.to_string() } }),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Unavailable(text) => formatter.write_str(text),
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::Reported => formatter.write_str("not as it should be"),
            Self::Other(error) => write!(formatter, "{error:#}"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        if error.is::<redress_testkit::Missing>() {
            return Self::Unavailable(format!("{error:#}"));
        }
        match error.downcast::<CallError>() {
            Ok(error) => error.into(),
            Err(error) => Self::Other(error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Body(problem) => Self::Usage(problem),
            CallError::Refused(refusal) if refusal.is_unavailable() => Self::Unavailable(refusal.to_string()),
            CallError::Refused(refusal) => Self::Refused(refusal),
        }
    }
}
