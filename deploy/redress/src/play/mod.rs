//! Case scripts: a handbook's executable examples, played against a suite on virtual time.
//!
//! A script is a TOML file with orders and steps; `deploy/redress/README.md` tells its form. The player knows no method and
//! no field by itself: both come from the contract's descriptors. After each step the suite is brought to rest, so a
//! script never waits.

mod document;
mod expect;
mod failure;
mod path;
mod player;
mod script;
mod variables;

use std::{path::Path, time::Instant};

use anyhow::{Context, Result};
use redress_connectors::{ConnectorSettings, Manners};
use redress_domain::Timestamp;
use redress_testkit::{Home, Postgres};

pub use document::Problem;
pub use expect::Mismatch;
pub use failure::{Place, ScriptFailure, StepProblem};
pub use player::Report;
pub use script::{Action, CallStep, Caller, MessagesStep, Script, Step};

use crate::{
    shipped::{DEFAULT_REGION, Document, Shelf},
    suite::{ClockChoice, Databases, PolicyChoice, PortChoice, Suite, SuiteOptions},
};

/// Where scripts are played: servers, and how the outside world behaves. Every script gets databases and a directory of
/// its own.
#[derive(Debug)]
pub struct Environment {
    databases: Databases,
    redis_url: String,
    shelf: Shelf,
    home: Home,
    played: u32,
    /// How the outside world behaves: nothing goes wrong by itself, unless a script should meet ordinary troubles.
    pub manners: Manners,
    /// Seed of the outside world and of ids.
    pub seed: u64,
    /// Where traces go, over OTLP; empty for nowhere.
    pub otlp_endpoint: String,
}

impl Environment {
    /// Scripts are played on these servers.
    ///
    /// # Errors
    /// When there is no place for temporary files.
    pub fn new(postgres: &Postgres, redis_url: &str) -> Result<Self> {
        Ok(Self {
            databases: Databases::on(postgres),
            redis_url: redis_url.to_owned(),
            shelf: Shelf::find(),
            home: Home::temporary()?,
            played: 0,
            manners: Manners::Quiet,
            seed: 1,
            otlp_endpoint: String::new(),
        })
    }

    /// Starts a suite of its own, with nothing in it but these policies.
    ///
    /// # Errors
    /// As [`Suite::start`].
    pub async fn suite(&mut self, start: Timestamp, policies: Vec<PolicyChoice>) -> Result<Suite> {
        self.played += 1;
        let options = SuiteOptions {
            clock: ClockChoice::Virtual(start),
            redis_url: self.redis_url.clone(),
            connectors: ConnectorSettings {
                directory: self.home.path().join(format!("outside-{}", self.played)),
                seed: self.seed,
                manners: self.manners,
                channels_without_receipts: Vec::new(),
            },
            ports: PortChoice::Free,
            keys: None,
            policies,
            id_seed: Some(self.seed),
            otlp_endpoint: self.otlp_endpoint.clone(),
        };
        Suite::start(&self.databases, options).await
    }

    /// The handbook and calendar that a script asks for.
    fn policy(&self, script: &Script, beside: &Path) -> Result<PolicyChoice> {
        let day = script.start.date_naive();
        let file = |name: &str| Document::read(&beside.join(name));
        let handbook = if is_file(&script.handbook) {
            file(&script.handbook)?
        } else {
            self.shelf.handbook(&script.handbook, day)?
        };
        let calendar = match &script.calendar {
            Some(name) if is_file(name) => file(name)?,
            Some(name) => self.shelf.calendar(name)?,
            None => self.shelf.calendar(&handbook.handbook()?.calendar)?,
        };
        let region = script.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned());
        Ok(PolicyChoice { handbook, calendar, regions: vec![region] })
    }
}

fn is_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "toml")
}

/// Plays one script on a suite of its own.
///
/// # Errors
/// [`ScriptFailure`]: the script cannot be read, an expectation is not met, or the suite fails.
pub async fn run_script(path: &Path, environment: &mut Environment) -> Result<Report, Box<ScriptFailure>> {
    let (report, suite) = play_and_keep(path, environment).await?;
    let script = path.display().to_string();
    suite
        .stop()
        .await
        .map_err(|error| Box::new(ScriptFailure::Suite { script, error: format!("{error:#}") }))?;
    Ok(report)
}

/// As [`run_script`], and hands over the suite as the script left it.
///
/// # Errors
/// As [`run_script`]; the suite is stopped then.
pub async fn play_and_keep(
    path: &Path,
    environment: &mut Environment,
) -> Result<(Report, Suite), Box<ScriptFailure>> {
    let begun = Instant::now();
    let name = path.display().to_string();
    let failed = |error: anyhow::Error| {
        Box::new(ScriptFailure::Suite { script: name.clone(), error: format!("{error:#}") })
    };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {name}")).map_err(failed)?;
    let script = Script::parse(&text)
        .map_err(|problems| Box::new(ScriptFailure::Unreadable { script: name.clone(), problems }))?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let policy = environment.policy(&script, beside).map_err(failed)?;
    let suite = environment.suite(script.start, vec![policy]).await.map_err(failed)?;
    match player::play(&name, &script, &suite).await {
        Ok(mut report) => {
            report.milliseconds = begun.elapsed().as_millis();
            Ok((report, suite))
        }
        Err(failure) => {
            suite.stop().await.map_err(failed)?;
            Err(failure)
        }
    }
}
