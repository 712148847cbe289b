//! `cargo xtask demo`, `up` and `bench`: the `redress` command, with the server programs it needs.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

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
    let build = cargo().args(["build", "--workspace", "--bin", "redress"]).args(profile).status()?;
    if !build.success() {
        return Ok(ExitCode::FAILURE);
    }
    // Not by `cargo run`, which takes a package's own selection of features and would build the dependencies again.
    let ours = std::env::current_exe().context("cannot tell where cargo builds to")?;
    let built = ours.parent().and_then(Path::parent).context("xtask runs outside of a build directory")?;
    let folder = if profile.is_empty() { "debug" } else { "release" };
    let status = Command::new(built.join(folder).join("redress"))
        .arg(verb.name())
        .args(arguments)
        .env(environment::POSTGRES_BIN, programs.postgres.bin())
        .env(environment::REDIS_SERVER, programs.redis.path())
        .status()
        .context("cannot run redress")?;
    // No code when a signal ended it.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
