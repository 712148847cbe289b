//! The benchmark: what the suite does, beside what the machine could do at most, in the same run.
//!
//! Each measurement is made in pairs, ours and its physical limit right after one another, several times; a machine that has
//! a bad minute has it for both. The ratios are what to watch: absolute figures wander. Nothing here passes or fails by time.
//!
//! * `registrations`: complaints registered a second over gRPC, beside the same rows inserted by hand.
//! * `lifecycles`: whole cases on the virtual clock, beside the rows that they leave.
//! * `deadlines`: memory, rebuilding after a wipe, firing rate and lateness, beside bare Redis and Postgres.
//! * `delivery`: events from commit to commit between two services, beside a bare echo and bare inserts.

mod alarms;
mod deadlines;
mod delivery;
mod echo;
mod figures;
mod lifecycles;
mod load;
mod machine;
mod registrations;
mod report;
mod rows;
mod stage;
mod toy;

use std::time::Duration;

use anyhow::{Context, Result};
use redress_testkit::PrivateServers;

pub use report::Report;

use crate::output;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measurement {
    /// Registrations a second.
    Registrations,
    /// Whole cases a second.
    Lifecycles,
    /// Deadlines.
    Deadlines,
    /// Events between services.
    Delivery,
}

impl Measurement {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Registrations, Self::Lifecycles, Self::Deadlines, Self::Delivery];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registrations => "registrations",
            Self::Lifecycles => "lifecycles",
            Self::Deadlines => "deadlines",
            Self::Delivery => "delivery",
        }
    }
}

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Pairs of runs for each figure.
    pub runs: u32,
    /// Seconds of each run that goes on for a time.
    pub seconds: u32,
    /// Cases that live side by side.
    pub lifecycles: u32,
    /// Deadlines outstanding.
    pub outstanding: u32,
    /// Deadlines due at one instant.
    pub burst: u32,
    /// Events run up in a log before they are read.
    pub events: u32,
    /// Deadlines and events a second where the pace is steady.
    pub rate: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            runs: 3,
            seconds: 3,
            lifecycles: 5,
            outstanding: 100_000,
            burst: 2_000,
            events: 2_000,
            rate: 200,
        }
    }
}

impl Sizes {
    fn length(&self) -> Duration {
        Duration::from_secs(u64::from(self.seconds))
    }

    /// How many things happen in one run at a steady pace.
    fn paced(&self) -> u64 {
        u64::from(self.rate) * u64::from(self.seconds)
    }
}

/// Measures on servers that nobody else uses: Redis is wiped.
///
/// # Errors
/// When a service or a server fails, or what was done is not what was to be done.
pub async fn measure(servers: &PrivateServers, wanted: &[Measurement], sizes: &Sizes) -> Result<Report> {
    let mut report = Report { about: about(servers, sizes).await?, ..Report::default() };
    for measurement in Measurement::ALL.into_iter().filter(|measurement| wanted.contains(measurement)) {
        output::progress(&format!("==> {}", measurement.name()));
        let measured = match measurement {
            Measurement::Registrations => registrations::measure(servers, sizes, &mut report).await,
            Measurement::Lifecycles => lifecycles::measure(servers, sizes, &mut report).await,
            Measurement::Deadlines => deadlines::measure(servers, sizes, &mut report).await,
            Measurement::Delivery => delivery::measure(servers, sizes, &mut report).await,
        };
        measured.with_context(|| format!("{} cannot be measured", measurement.name()))?;
    }
    Ok(report)
}

async fn about(servers: &PrivateServers, sizes: &Sizes) -> Result<Vec<String>> {
    let setting = |name: &str| format!("show {name};");
    let asked: String =
        ["server_version", "fsync", "synchronous_commit", "shared_buffers"].map(setting).concat();
    let answers = servers.postgres.server().execute("postgres", &asked).await?;
    let answers: Vec<&str> = answers.lines().collect();
    let answer = |index: usize| answers.get(index).copied().unwrap_or_default();
    let build = if cfg!(debug_assertions) { "debug build: its figures mean little" } else { "release build" };
    Ok(vec![
        format!("{}; {build}; services, callers and servers share the cores", machine::description()),
        format!(
            "Postgres {}: fsync {}, synchronous_commit {}, shared_buffers {}; Redis without persistence",
            answer(0),
            answer(1),
            answer(2),
            answer(3)
        ),
        format!("{} runs, {} s each where time is given", sizes.runs, sizes.seconds),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measurement_has_a_name_of_its_own() {
        let mut names = Measurement::ALL.map(Measurement::name).to_vec();
        names.dedup();
        assert_eq!(names.len(), Measurement::ALL.len());
    }
}
