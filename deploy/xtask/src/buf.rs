//! Buf, the linter of the contract, from npm in a pinned version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::{root, say};

const VERSION: &str = "1.75.0";

/// Whether buf can be run here.
pub(crate) enum Buf {
    /// This program.
    At(PathBuf),
    /// It would have to be installed, and there is no npm. Not given in CI, which installs npm.
    NoNpm,
}

/// The pinned buf, installed in the target directory at the first call.
pub(crate) fn find_or_install() -> Result<Buf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let directory = root().join(target).join("tools").join(format!("buf-{VERSION}"));
    let program = directory.join("node_modules/.bin/buf");
    if program.is_file() {
        return Ok(Buf::At(program));
    }
    if !runs("npm") {
        if !is_ci() {
            return Ok(Buf::NoNpm);
        }
        say("npm not found: installing it with apt-get");
        output(Command::new("apt-get").args(["--quiet", "update"]))?;
        let mut install = Command::new("apt-get");
        install.args(["--quiet", "install", "--yes", "--no-install-recommends", "npm"]);
        output(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    say(&format!("installing buf {VERSION} with npm, in the target directory"));
    std::fs::create_dir_all(&directory)?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
    output(install.arg(&directory).arg(format!("@bufbuild/buf@{VERSION}")))?;
    Ok(Buf::At(program))
}

/// `buf lint` by `buf.yaml`.
pub(crate) fn lint(buf: &Path) -> Command {
    let mut command = Command::new(buf);
    command.arg("lint").current_dir(root());
    command
}

fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn runs(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs a command quietly, and shows what it said when it fails.
fn output(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
