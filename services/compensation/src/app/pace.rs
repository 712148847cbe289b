//! How long to wait before a call is made again, as the handbook says, in business time.

use chrono::Duration;
use redress_domain::{Calendar, Limit, Timestamp, deadline, handbook::Execution};

/// The pace of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Before it is asked again.
    pub(crate) ask: Duration,
    /// Before a call that was not taken is made again; none when that is over.
    pub(crate) retry: Option<Duration>,
}

impl Pace {
    /// The pace after `attempts` attempts.
    pub(crate) fn of(execution: &Execution, calendar: &Calendar, now: Timestamp, attempts: i32) -> Self {
        let attempts = usize::try_from(attempts).unwrap_or_default();
        // A year without a notice is no reason not to ask; the wait is then an hour.
        let wait = |limit: Limit| {
            deadline::after(calendar, now, limit)
                .map_or(Duration::hours(1), |at| (at - now).max(Duration::seconds(1)))
        };
        Self { ask: wait(execution.ask_delay(attempts)), retry: execution.retry_delay(attempts).map(wait) }
    }
}
