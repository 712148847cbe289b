//! Running programs as named steps, and saying how it goes.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The directory of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the crate is two directories below the root")
}

/// A line for the person in front; standard output is left to the programs that are run.
pub(crate) fn say(line: &str) {
    // Nobody is left to tell when standard error is closed.
    writeln!(std::io::stderr(), "{line}").ok();
}

/// `cargo`, the one that runs us, in the workspace. It does not hear which package we are: build scripts that look at that
/// (ring's does) would run anew, and half of the workspace after them, whenever cargo is called by hand in between.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let told = name.to_str().is_some_and(|name| ABOUT_US.iter().any(|prefix| name.starts_with(prefix)));
        if told {
            command.env_remove(name);
        }
    }
    command.current_dir(root());
    command
}

/// How the names of variables begin by which `cargo run` tells us about our own package.
const ABOUT_US: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// Steps that are all taken, whatever the others say, so that one run shows everything there is to repair.
pub(crate) struct Steps {
    begun: Instant,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), failed: Vec::new(), skipped: Vec::new() }
    }

    /// Runs a command with our own terminal.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> Result<()> {
        say(&format!("==> {name}"));
        let begun = Instant::now();
        let status =
            command.status().with_context(|| format!("{name}: cannot run {:?}", command.get_program()))?;
        let verdict = if status.success() { "ok" } else { "FAILED" };
        say(&format!("==> {name}: {verdict}, {}", duration(begun.elapsed())));
        if !status.success() {
            self.failed.push(name.to_owned());
        }
        Ok(())
    }

    /// Notes a step that could not be taken here.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        say(&format!("==> {name}: skipped, {reason}"));
        self.skipped.push(name.to_owned());
    }

    /// Notes a step that failed before it could be taken.
    pub(crate) fn fail(&mut self, name: &str, error: &anyhow::Error) {
        say(&format!("==> {name}: FAILED, {error:#}"));
        self.failed.push(name.to_owned());
    }

    /// Sums up. Whether every step that was taken went well.
    pub(crate) fn finish(self) -> bool {
        let mut line = if self.failed.is_empty() {
            "all ok".to_owned()
        } else {
            format!("failed: {}", self.failed.join(", "))
        };
        if !self.skipped.is_empty() {
            line.push_str(&format!("; skipped: {}", self.skipped.join(", ")));
        }
        say(&format!("==> {line}, {}", duration(self.begun.elapsed())));
        self.failed.is_empty()
    }
}

/// Seconds with one decimal, or minutes and seconds.
pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(1_950)), "1.9 s");
        assert_eq!(duration(Duration::from_secs(61)), "1 min 1 s");
    }
}
