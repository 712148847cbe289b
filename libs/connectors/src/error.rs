//! What can go wrong at a port.

/// Why a call to an outside system did not give an answer that can be worked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The call was not taken: it certainly had no effect. Try again later, under the same key.
    #[error("the other system is not available: {reason}")]
    Unavailable {
        /// For the log; no personal data.
        reason: String,
    },
    /// No answer came. The effect may or may not have happened: ask, or repeat under the same key.
    #[error("no answer in time, the outcome is unknown")]
    Timeout,
    /// The call was understood and refused: it had no effect, and repeating it unchanged is pointless.
    #[error("refused with `{code}`: {message}")]
    Rejected {
        /// Stable, upper case, for programs: `KEY_REUSED`, `HASH_MISMATCH` ….
        code: String,
        /// For people; no personal data.
        message: String,
    },
}

impl PortError {
    /// A definite refusal.
    pub fn rejected(code: &str, message: impl Into<String>) -> Self {
        Self::Rejected { code: code.to_owned(), message: message.into() }
    }

    /// The call certainly did nothing.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }

    /// Whether the effect may have happened all the same.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether the same call, under the same key, may be made again later.
    pub fn may_retry(&self) -> bool {
        !matches!(self, Self::Rejected { .. })
    }

    pub(crate) fn key_reused(key: &str) -> Self {
        Self::rejected("KEY_REUSED", format!("key `{key}` was used before with other content"))
    }
}
