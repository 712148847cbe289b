//! Business time of a suite, and how it passes.

use std::{collections::BTreeMap, fmt, sync::Arc};

use anyhow::{Context, Result, bail, ensure};
use chrono::TimeDelta;
use redress_domain::{Clock, SystemClock, Timestamp, VirtualClock};

use super::Suite;

/// Where business time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChoice {
    /// A clock that stands at this time until it is moved.
    Virtual(Timestamp),
    /// The machine's clock.
    Real,
}

/// A suite's clock.
#[derive(Clone, Debug)]
pub enum SuiteClock {
    /// Moves when it is told to.
    Virtual(Arc<VirtualClock>),
    /// The machine's.
    Real,
}

impl SuiteClock {
    pub(super) fn new(choice: ClockChoice) -> Self {
        match choice {
            ClockChoice::Virtual(start) => Self::Virtual(Arc::new(VirtualClock::new(start))),
            ClockChoice::Real => Self::Real,
        }
    }

    /// The clock as the services take it.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Clock> {
        match self {
            Self::Virtual(clock) => clock.clone(),
            Self::Real => Arc::new(SystemClock),
        }
    }
}

impl Clock for SuiteClock {
    fn now(&self) -> Timestamp {
        match self {
            Self::Virtual(clock) => clock.now(),
            Self::Real => SystemClock.now(),
        }
    }
}

/// Rounds after which a suite that still has something to do is not going to end.
const ROUNDS_MAX: usize = 1_000;

/// A suite that does not come to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAtRest {
    /// Who did how much in the last round.
    pub busy: Vec<(&'static str, usize)>,
    /// Business time.
    pub at: Timestamp,
}

impl std::error::Error for NotAtRest {}

impl fmt::Display for NotAtRest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let busy: Vec<_> = self.busy.iter().map(|(name, done)| format!("{name} ({done})")).collect();
        write!(
            formatter,
            "the suite does not come to rest at {}: after {ROUNDS_MAX} rounds still busy: {}",
            self.at.to_rfc3339(),
            busy.join(", ")
        )
    }
}

impl Suite {
    /// Lets every service do what is due now, in turn, until nobody has anything left: logs read to their heads, no intent
    /// open, no deadline due. Gives how much was done.
    ///
    /// # Errors
    /// [`NotAtRest`] when that does not end; a service's failure. On the real clock the services run by themselves, and
    /// this refuses.
    pub async fn rest(&self) -> Result<usize> {
        self.virtual_clock()?;
        self.parts.iter().for_each(|part| part.turn.forget());
        self.settle().await
    }

    async fn settle(&self) -> Result<usize> {
        let mut total = 0;
        let mut busy = Vec::new();
        for _ in 0..ROUNDS_MAX {
            busy.clear();
            for part in &self.parts {
                let turn = part.turn.take(self.now(), &self.commits()).await;
                let done = turn.with_context(|| format!("{} failed", part.name))?;
                tracing::debug!(service = part.name, done, at = %self.now(), "took its turn");
                if done > 0 {
                    busy.push((part.name, done));
                    total += done;
                }
            }
            if busy.is_empty() {
                return Ok(total);
            }
        }
        Err(NotAtRest { busy, at: self.now() }.into())
    }

    /// Moves the clock forward by `length`; see [`Self::advance_to`].
    ///
    /// # Errors
    /// As [`Self::advance_to`].
    pub async fn advance(&self, length: TimeDelta) -> Result<()> {
        let target = self.now().checked_add_signed(length).context("the clock cannot show that time")?;
        self.advance_to(target).await
    }

    /// Moves the clock to `target`, stopping at every time at which a service has something to do by itself. The suite is
    /// at rest before and after.
    ///
    /// # Errors
    /// As [`Self::rest`]; when `target` has passed already; when a service does not do what is due.
    pub async fn advance_to(&self, target: Timestamp) -> Result<()> {
        let clock = self.virtual_clock()?;
        ensure!(target >= clock.now(), "the clock shows {} and does not go back to {target}", clock.now());
        self.rest().await?;
        while let Some((name, due)) = self.earliest().await? {
            if due > target {
                break;
            }
            if due <= clock.now() {
                bail!("{name} has something due at {due} and does not do it; it is {}", clock.now());
            }
            tracing::debug!(service = name, %due, "time passes");
            clock.advance_to(due);
            self.settle().await?;
        }
        clock.advance_to(target);
        self.settle().await?;
        Ok(())
    }

    /// The earliest time at which a service has something to do by itself, and which.
    ///
    /// # Errors
    /// When a service cannot tell.
    pub async fn next_due(&self) -> Result<Option<(&'static str, Timestamp)>> {
        self.parts.iter().for_each(|part| part.turn.forget());
        self.earliest().await
    }

    async fn earliest(&self) -> Result<Option<(&'static str, Timestamp)>> {
        let mut earliest: Option<(&'static str, Timestamp)> = None;
        for part in &self.parts {
            let due = part.turn.next_due().await.with_context(|| format!("{} failed", part.name))?;
            if let Some(due) = due
                && earliest.is_none_or(|(_, earlier)| due < earlier)
            {
                earliest = Some((part.name, due));
            }
        }
        Ok(earliest)
    }

    /// How often each service has committed to its log.
    fn commits(&self) -> BTreeMap<&'static str, u64> {
        self.parts.iter().map(|part| (part.name, *part.runtime.engine().hints().log.borrow())).collect()
    }

    fn virtual_clock(&self) -> Result<&VirtualClock> {
        match &self.clock {
            SuiteClock::Virtual(clock) => Ok(clock),
            SuiteClock::Real => bail!("the suite runs on the real clock, which nobody moves"),
        }
    }
}
