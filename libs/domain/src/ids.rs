//! Identifiers as an argument, so that a run can be repeated by its seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, NoContext, Uuid};

use crate::Timestamp;

/// Where new identifiers come from.
pub trait Ids: Send + Sync + 'static {
    /// A UUIDv7 made at `at`: sorts by time to the millisecond; within one millisecond the order is random.
    /// Times before 1970 count as 1970.
    fn uuid_v7(&self, at: Timestamp) -> Uuid;

    /// A UUIDv4: says nothing about when it was made.
    fn uuid_v4(&self) -> Uuid;
}

impl<I: Ids + ?Sized> Ids for Arc<I> {
    fn uuid_v7(&self, at: Timestamp) -> Uuid {
        (**self).uuid_v7(at)
    }

    fn uuid_v4(&self) -> Uuid {
        (**self).uuid_v4()
    }
}

/// Identifiers from the operating system's randomness: cannot be guessed.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn uuid_v7(&self, at: Timestamp) -> Uuid {
        let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
        let nanoseconds = if seconds == 0 { 0 } else { at.timestamp_subsec_nanos() };
        Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the source of ids that the ban points to")]
    fn uuid_v4(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// Identifiers that follow from a seed, for tests and demonstrations. They can be guessed: never a secret.
///
/// The sequence is deterministic by order of call; threads that race for it share it out differently each time.
#[derive(Debug)]
pub struct SeededIds {
    state: AtomicU64,
}

impl SeededIds {
    /// The sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(mix(seed)) }
    }

    /// Sixteen bytes: two draws of SplitMix64, taken in one step so that racing threads never share one.
    fn bytes(&self) -> [u8; 16] {
        let before = self.state.fetch_add(STEP.wrapping_mul(2), Ordering::Relaxed);
        let first = mix(before.wrapping_add(STEP));
        let second = mix(before.wrapping_add(STEP.wrapping_mul(2)));
        ((u128::from(first) << 64) | u128::from(second)).to_be_bytes()
    }
}

impl Ids for SeededIds {
    fn uuid_v7(&self, at: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        let [_, _, _, _, _, _, random @ ..] = self.bytes();
        Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }

    fn uuid_v4(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}

/// SplitMix64's increment, the golden ratio of 2^64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function.
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
