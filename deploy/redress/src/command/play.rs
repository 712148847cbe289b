//! `redress play`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use redress_connectors::Manners;
use serde_json::json;

use super::{Failure, servers::Ground};
use crate::{
    output,
    play::{Environment, run_script},
};

/// Play case scripts: each on a fresh suite, on virtual time.
#[derive(Args)]
#[command(
    after_help = "Exit code 0 when all pass, 1 when one does not: then the step is printed with its line, what was \
                        expected and what came.\n\nExample:\n  redress play tests/scripts/*.toml"
)]
pub(super) struct Play {
    /// The scripts.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How the outside world behaves.
    #[arg(long, value_enum, default_value_t = Behaviour::Quiet)]
    outside: Behaviour,
    /// Seed of the outside world and of ids.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stop at the first script that does not pass.
    #[arg(long)]
    fail_fast: bool,
}

/// How the outside world behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Behaviour {
    /// Nothing goes wrong by itself.
    Quiet,
    /// Delays, losses, duplicates and unknown outcomes, by seed.
    Lifelike,
}

impl Behaviour {
    pub(super) fn manners(self) -> Manners {
        match self {
            Self::Quiet => Manners::Quiet,
            Self::Lifelike => Manners::Lifelike,
        }
    }
}

impl Play {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        for file in &self.files {
            if !file.is_file() {
                return Err(Failure::Usage(format!("there is no file {}", file.display())));
            }
        }
        let ground = Ground::find().await?;
        let mut environment = Environment::new(ground.postgres(), &ground.redis_url())?;
        environment.manners = self.outside.manners();
        environment.seed = self.seed;
        let (mut passed, mut failed, mut verdicts) = (0_usize, 0_usize, Vec::new());
        for file in &self.files {
            match run_script(file, &mut environment).await {
                Ok(report) => {
                    passed += 1;
                    let time = report.milliseconds;
                    output::progress(&format!("ok   {} ({} steps, {time} ms)", report.script, report.steps));
                    let mut verdict = report.to_json();
                    verdict["ok"] = json!(true);
                    verdicts.push(verdict);
                }
                Err(failure) => {
                    failed += 1;
                    output::progress(&format!("FAIL {}", file.display()));
                    if !as_json {
                        output::line(&failure.to_string());
                    }
                    let mut verdict = failure.to_json();
                    verdict["ok"] = json!(false);
                    verdicts.push(verdict);
                    if self.fail_fast {
                        break;
                    }
                }
            }
        }
        if as_json {
            output::json(&json!({ "passed": passed, "failed": failed, "scripts": verdicts }));
        } else {
            output::line(&format!("{passed} passed, {failed} failed"));
        }
        if failed == 0 { Ok(()) } else { Err(Failure::Reported) }
    }
}
