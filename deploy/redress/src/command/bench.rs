//! `redress bench`

use clap::{Args, ValueEnum, builder::PossibleValue};
use redress_testkit::Durability;

use super::{Failure, servers::private};
use crate::{
    bench::{Measurement, Sizes, measure},
    output,
};

/// Measure on private servers, beside what Postgres, Redis and the wire can do at most in the same run.
#[derive(Args)]
#[command(
    after_help = "Needs a release build to say anything: `cargo xtask bench` makes one. Minutes; what it does is told on \
                        standard error.\n\nExamples:\n  cargo xtask bench\n  cargo xtask bench -- --only registrations \
                        --runs 7\n  TMPDIR=/dev/shm cargo xtask bench    (servers' files in memory: the disk is the \
                        noisiest part)"
)]
pub(super) struct Bench {
    /// Only these; several separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MEASUREMENT")]
    only: Vec<Measurement>,
    /// Pairs of runs for each figure.
    #[arg(long, default_value_t = Sizes::default().runs, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// Seconds of each run that goes on for a time.
    #[arg(long, default_value_t = Sizes::default().seconds, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Cases that live side by side.
    #[arg(long, default_value_t = Sizes::default().lifecycles, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    lifecycles: u32,
    /// Deadlines outstanding.
    #[arg(long, default_value_t = Sizes::default().outstanding, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    outstanding: u32,
    /// Deadlines due at one instant.
    #[arg(long, default_value_t = Sizes::default().burst, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    burst: u32,
    /// Events run up in a log before they are read.
    #[arg(long, default_value_t = Sizes::default().events, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    events: u32,
    /// Deadlines and events a second where the pace is steady.
    #[arg(long, default_value_t = Sizes::default().rate, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Commits do not wait for the disk.
    #[arg(long)]
    no_sync: bool,
}

impl ValueEnum for Measurement {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl Bench {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let sizes = Sizes {
            runs: self.runs,
            seconds: self.seconds,
            lifecycles: self.lifecycles,
            outstanding: self.outstanding,
            burst: self.burst,
            events: self.events,
            rate: self.rate,
        };
        let servers = private(if self.no_sync { Durability::Off } else { Durability::On }).await?;
        let wanted = if self.only.is_empty() { &Measurement::ALL[..] } else { &self.only };
        let report = measure(&servers, wanted, &sizes).await?;
        if as_json {
            output::json(&report.to_json());
        } else {
            output::line(&report.to_text());
        }
        Ok(())
    }
}
