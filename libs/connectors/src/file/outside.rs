//! What the adapters share: the clock, the dice, and how things that take time go on.

use std::io;
use std::sync::Arc;

use chrono::TimeDelta;
use redress_domain::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::behaviour::{Behaviour, Port};
use super::faults::Faults;
use super::profile::{Delay, Manner, Profile};
use crate::PortError;

/// The outside world: its clock, its chance and its manners.
pub(super) struct Outside {
    clock: Arc<dyn Clock>,
    seed: u64,
    pub(super) profile: Profile,
    faults: Faults,
}

/// How a thing that takes time goes on; decided and written down when it is taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Course {
    /// When the outcome is there.
    pub(super) settles_at: Timestamp,
    /// Why it goes wrong, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

/// How far a course has come.
pub(super) enum Standing<'a> {
    UnderWay,
    Done(Timestamp),
    Failed(Timestamp, &'a str),
}

impl Course {
    pub(super) fn at(&self, now: Timestamp) -> Standing<'_> {
        match &self.failure {
            _ if now < self.settles_at => Standing::UnderWay,
            None => Standing::Done(self.settles_at),
            Some(reason) => Standing::Failed(self.settles_at, reason),
        }
    }

    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        now < self.settles_at
    }
}

impl Outside {
    pub(super) fn new(clock: Arc<dyn Clock>, seed: u64, profile: Profile, faults: Faults) -> Self {
        Self { clock, seed, profile, faults }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn manner(&self, port: Port) -> &Manner {
        match port {
            Port::Orders => &self.profile.orders,
            Port::Outbound => &self.profile.outbound,
            Port::Payments => &self.profile.payments,
            Port::PaymentsFallback => &self.profile.payments_fallback,
            Port::Fulfilment => &self.profile.fulfilment,
            Port::Blobs => &self.profile.blobs,
        }
    }

    /// A number that depends on the seed and on what is rolled for, and on nothing else.
    fn roll(&self, purpose: &str, about: &[&str]) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        for part in std::iter::once(&purpose).chain(about) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        digest.iter().take(8).fold(0, |roll, &byte| (roll << 8) | u64::from(byte))
    }

    /// How the call described by `about` behaves: as queued, else by chance; never in a way not in `can`.
    pub(super) fn behaviour(&self, port: Port, can: &[Behaviour], about: &[&str]) -> io::Result<Behaviour> {
        if let Some(queued) = self.faults.take(port, can)? {
            return Ok(queued);
        }
        let chance = self.manner(port).rates.pick(self.roll(port.as_str(), about));
        Ok(if can.contains(&chance) { chance } else { Behaviour::Normal })
    }

    /// How a question about `key` behaves. Two questions at different times are two rolls.
    pub(super) fn reading(&self, port: Port, can: &[Behaviour], key: &str) -> io::Result<Behaviour> {
        self.behaviour(port, can, &["read", key, &self.now().to_rfc3339()])
    }

    /// What comes of something taken on now.
    pub(super) fn course(
        &self,
        port: Port,
        delay: Option<Delay>,
        behaviour: Behaviour,
        key: &str,
        reasons: &[&str],
    ) -> Course {
        let usual = delay.unwrap_or(self.manner(port).delay).pick(self.roll("delay", &[port.as_str(), key]));
        let wait = match behaviour {
            Behaviour::Paid | Behaviour::Delivered | Behaviour::Refused => TimeDelta::zero(),
            Behaviour::Slow => usual.checked_mul(10).unwrap_or(usual),
            _ => usual,
        };
        let fails = matches!(behaviour, Behaviour::Failed | Behaviour::Refused);
        Course { settles_at: self.now() + wait, failure: fails.then(|| self.reason(key, reasons)) }
    }

    /// One of `reasons`, always the same for a key.
    pub(super) fn reason(&self, key: &str, reasons: &[&str]) -> String {
        let count = reasons.len().max(1) as u64;
        let index = usize::try_from(self.roll("reason", &[key]) % count).unwrap_or(0);
        reasons.get(index).copied().unwrap_or("FAILED").to_owned()
    }

    /// Until when nobody can say what became of `key`, if the call behaves so.
    pub(super) fn unclear_until(&self, behaviour: Behaviour, key: &str) -> Option<Timestamp> {
        (behaviour == Behaviour::Unknown)
            .then(|| self.now() + self.profile.unclear.pick(self.roll("unclear", &[key])))
    }
}

/// Runs file work beside the runtime. It is carried through even if the caller stops waiting.
pub(super) async fn beside<T, F>(work: F) -> Result<T, PortError>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<Result<T, PortError>> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(PortError::unavailable(format!("failed to use its file: {error}"))),
        // The work was cut short by a panic or by the end of the runtime: it may have been done.
        Err(_) => Err(PortError::Timeout),
    }
}

/// Keys are taken as they are, but there has to be one.
pub(super) fn check_key(key: &str) -> Result<(), PortError> {
    const LENGTH_MAX: usize = 255;
    if key.is_empty() || key.len() > LENGTH_MAX {
        return Err(PortError::rejected("INVALID_KEY", format!("a key has 1 to {LENGTH_MAX} bytes")));
    }
    Ok(())
}
