//! `cargo xtask check`: everything about form that a machine can say.

use std::process::ExitCode;

use anyhow::Result;

use crate::buf::{self, Buf};
use crate::steps::{Steps, cargo};

/// Takes every step and reports all that failed.
pub(crate) fn check() -> Result<ExitCode> {
    let mut steps = Steps::new();
    steps.run("rustfmt", cargo().args(["fmt", "--all", "--check"]))?;
    steps.run("clippy", cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut documentation = cargo();
    documentation.args(["doc", "--workspace", "--no-deps"]);
    steps.run("documentation", documentation.env("RUSTDOCFLAGS", "-D warnings"))?;
    match buf::find_or_install() {
        Ok(Buf::At(buf)) => steps.run("contract (buf lint)", &mut buf::lint(&buf))?,
        Ok(Buf::NoNpm) => steps.skip("contract (buf lint)", "npm is not installed here; CI does it"),
        Err(error) => steps.fail("contract (buf lint)", &error),
    }
    Ok(if steps.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
