//! `cargo xtask demo`, `up` and `bench`: the `redress` command, with the server programs it needs.

use std::process::ExitCode;

use anyhow::{Context, Result};
use redress_testkit::{Programs, environment};

use crate::steps::{cargo, say};

/// A verb of the `redress` command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Demo,
    Up,
    Bench,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Up => "up",
            Self::Bench => "bench",
        }
    }
}

/// Builds `redress` and runs the verb with our own terminal. It starts and stops its servers itself.
pub(crate) fn run(verb: Verb, arguments: &[String]) -> Result<ExitCode> {
    let programs = Programs::find_or_install(&mut say)?;
    let profile: &[&str] = if verb == Verb::Bench { &["--release"] } else { &[] };
    say(&format!(
        "==> building redress{}; the first time takes minutes",
        if profile.is_empty() { "" } else { " for release" }
    ));
    let build = cargo().args(["build", "--package", "redress", "--bin", "redress"]).args(profile).status()?;
    if !build.success() {
        return Ok(ExitCode::FAILURE);
    }
    let status = cargo()
        .args(["run", "--quiet", "--package", "redress", "--bin", "redress"])
        .args(profile)
        .args(["--", verb.name()])
        .args(arguments)
        .env(environment::POSTGRES_BIN, programs.postgres.bin())
        .env(environment::REDIS_SERVER, programs.redis.path())
        .status()
        .context("cannot run cargo")?;
    // No code when a signal ended it.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
