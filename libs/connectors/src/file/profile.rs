//! How well the outside world behaves.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::behaviour::Behaviour;

/// The manners of all ports. Times are business time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The order system.
    pub orders: Manner,
    /// The channels; the delay is from taking a message over to its receipt.
    pub outbound: Manner,
    /// The finance system; the delay is from `pay` to the money's arrival.
    pub payments: Manner,
    /// The company account, likewise.
    pub payments_fallback: Manner,
    /// Coupons, calls, cards; the delay is from the order to the completion.
    pub fulfilment: Manner,
    /// From the order of goods to the signature.
    pub goods: Delay,
    /// The evidence store.
    pub blobs: Manner,
    /// How long nobody can say what became of a key, after behaviour `unknown`.
    pub unclear: Delay,
    /// Channel ids that never tell of delivery (X6).
    pub channels_without_receipts: Vec<String>,
}

/// How one port behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manner {
    /// How often calls go wrong.
    pub rates: Rates,
    /// How long things take.
    pub delay: Delay,
}

/// How many calls of a thousand go which wrong way (see [`Behaviour`]); the rest is normal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the behaviour of its name")]
pub struct Rates {
    pub down: u16,
    pub slow: u16,
    pub lost: u16,
    pub dropped: u16,
    pub unknown: u16,
    pub refused: u16,
    pub failed: u16,
    pub duplicate: u16,
}

/// A time between two bounds, both in seconds and both possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Shortest.
    pub from_s: u32,
    /// Longest.
    pub to_s: u32,
}

/// A profile that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// More than a thousand in a thousand.
    #[error("rates of `{0}` add up to more than 1000 per thousand")]
    Rates(&'static str),
    /// Shortest is longer than longest.
    #[error("delay of `{0}` ends before it starts")]
    Delay(&'static str),
}

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

impl Profile {
    /// Nothing goes wrong and everything takes a fixed, short time: a receipt 5 seconds, money 10 minutes (from the
    /// fallback account 5), a coupon, call or card 10 minutes, goods a day. Unclear is unclear for 5 minutes.
    pub fn quiet() -> Self {
        let fixed = |seconds| Manner { rates: Rates::default(), delay: Delay::fixed(seconds) };
        Self {
            orders: fixed(0),
            outbound: fixed(5),
            payments: fixed(10 * MINUTE),
            payments_fallback: fixed(5 * MINUTE),
            fulfilment: fixed(10 * MINUTE),
            goods: Delay::fixed(DAY),
            blobs: fixed(0),
            unclear: Delay::fixed(5 * MINUTE),
            channels_without_receipts: Vec::new(),
        }
    }

    /// A world with its ordinary troubles, for the demo and for long runs.
    pub fn lifelike() -> Self {
        let mischief = Rates {
            down: 15,
            slow: 8,
            lost: 8,
            dropped: 20,
            unknown: 20,
            refused: 0,
            failed: 8,
            duplicate: 20,
        };
        Self {
            orders: Manner {
                rates: Rates { down: 25, slow: 25, ..Rates::default() },
                delay: Delay { from_s: 0, to_s: 0 },
            },
            outbound: Manner {
                rates: Rates { slow: 3, duplicate: 60, ..mischief },
                delay: Delay { from_s: 2, to_s: 10 * MINUTE },
            },
            payments: Manner { rates: mischief, delay: Delay { from_s: 10 * MINUTE, to_s: 3 * HOUR } },
            payments_fallback: Manner {
                rates: Rates { failed: 0, ..mischief },
                delay: Delay { from_s: 2 * MINUTE, to_s: 30 * MINUTE },
            },
            fulfilment: Manner { rates: mischief, delay: Delay { from_s: 5 * MINUTE, to_s: 6 * HOUR } },
            goods: Delay { from_s: DAY, to_s: 4 * DAY },
            blobs: Manner {
                rates: Rates { down: 10, slow: 5, dropped: 5, failed: 5, ..Rates::default() },
                delay: Delay { from_s: 0, to_s: 0 },
            },
            unclear: Delay { from_s: 5 * MINUTE, to_s: 2 * HOUR },
            channels_without_receipts: Vec::new(),
        }
    }

    /// A profile by name: `quiet` or `lifelike`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "quiet" => Some(Self::quiet()),
            "lifelike" => Some(Self::lifelike()),
            _ => None,
        }
    }

    /// Whether rates and delays make sense.
    pub fn check(&self) -> Result<(), ProfileError> {
        let manners = [
            ("orders", &self.orders),
            ("outbound", &self.outbound),
            ("payments", &self.payments),
            ("payments_fallback", &self.payments_fallback),
            ("fulfilment", &self.fulfilment),
            ("blobs", &self.blobs),
        ];
        for (name, manner) in manners {
            if manner.rates.bands().iter().map(|(rate, _)| u32::from(*rate)).sum::<u32>() > 1000 {
                return Err(ProfileError::Rates(name));
            }
        }
        let delays = manners.map(|(name, manner)| (name, manner.delay));
        let more = [("goods", self.goods), ("unclear", self.unclear)];
        match delays.into_iter().chain(more).find(|(_, delay)| delay.from_s > delay.to_s) {
            Some((name, _)) => Err(ProfileError::Delay(name)),
            None => Ok(()),
        }
    }
}

impl Rates {
    fn bands(&self) -> [(u16, Behaviour); 8] {
        [
            (self.down, Behaviour::Down),
            (self.slow, Behaviour::Slow),
            (self.lost, Behaviour::Lost),
            (self.dropped, Behaviour::Dropped),
            (self.unknown, Behaviour::Unknown),
            (self.refused, Behaviour::Refused),
            (self.failed, Behaviour::Failed),
            (self.duplicate, Behaviour::Duplicate),
        ]
    }

    /// The behaviour that a roll comes to.
    pub(super) fn pick(&self, roll: u64) -> Behaviour {
        let mut rest = roll % 1000;
        for (rate, behaviour) in self.bands() {
            match rest.checked_sub(u64::from(rate)) {
                Some(remaining) => rest = remaining,
                None => return behaviour,
            }
        }
        Behaviour::Normal
    }
}

impl Delay {
    /// Always the same.
    pub fn fixed(seconds: u32) -> Self {
        Self { from_s: seconds, to_s: seconds }
    }

    /// The time that a roll comes to.
    pub(super) fn pick(&self, roll: u64) -> TimeDelta {
        let span = u64::from(self.to_s.saturating_sub(self.from_s)) + 1;
        let extra = u32::try_from(roll % span).unwrap_or(0);
        TimeDelta::seconds(i64::from(self.from_s) + i64::from(extra))
    }
}
