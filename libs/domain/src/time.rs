//! Time as an argument: the clock that is handed in, real or virtual.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};

/// An instant, in UTC. Local time exists only beside a [`Calendar`](crate::Calendar), which knows the zone.
pub type Timestamp = DateTime<Utc>;

/// Where business time comes from.
///
/// Clocks tell whole microseconds, which is what Postgres keeps, so that a time read back equals the time stored.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The machine's clock: the only place that reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the ban points to")]
    fn now(&self) -> Timestamp {
        Timestamp::from(std::time::SystemTime::now()).trunc_subsecs(6)
    }
}

/// A clock that moves only when told to, and never backwards. Share it by [`Arc`].
#[derive(Debug)]
pub struct VirtualClock {
    microseconds: AtomicI64,
}

impl VirtualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { microseconds: AtomicI64::new(start.timestamp_micros()) }
    }

    /// Moves the clock to `to`; an earlier time than it already shows leaves it where it is.
    pub fn advance_to(&self, to: Timestamp) {
        self.microseconds.fetch_max(to.timestamp_micros(), Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_micros(self.microseconds.load(Ordering::SeqCst))
            .expect("the clock holds only what a Timestamp gave it")
    }
}

/// A clock that runs faster than the machine's, for rehearsals: an hour of business in seconds. Processes that share
/// its settings agree about the time, also after a restart.
#[derive(Clone, Copy, Debug)]
pub struct RehearsalClock {
    machine_start: Timestamp,
    business_start: Timestamp,
    speed: u32,
}

impl RehearsalClock {
    /// A clock that shows `business_start` when the machine shows `machine_start`, and runs `speed` times as fast.
    #[must_use]
    pub const fn new(machine_start: Timestamp, business_start: Timestamp, speed: u32) -> Self {
        Self { machine_start, business_start, speed }
    }
}

impl Clock for RehearsalClock {
    fn now(&self) -> Timestamp {
        let passed = (SystemClock.now() - self.machine_start).num_microseconds().unwrap_or(i64::MAX);
        let scaled = chrono::TimeDelta::microseconds(passed.saturating_mul(i64::from(self.speed)));
        self.business_start.checked_add_signed(scaled).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
