//! `cargo xtask test`: every test, on one pair of private servers.

use std::process::ExitCode;

use anyhow::{Context, Result};
use redress_testkit::{Durability, PrivateServers, Programs};

use crate::steps::{Steps, cargo, say};

/// Starts the servers, runs `cargo test` (which includes the examples in the documentation), stops them.
pub(crate) fn test(arguments: &[String]) -> Result<ExitCode> {
    let programs = Programs::find_or_install(&mut say)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let servers = runtime.block_on(PrivateServers::start(&programs, Durability::Off))?;
    say(&format!("==> {programs} run privately, for these tests only"));
    let mut command = cargo();
    command.arg("test").args(selection(arguments)).args(arguments).envs(servers.environment());
    let mut steps = Steps::new();
    steps.run("cargo test", &mut command)?;
    drop(servers);
    Ok(if steps.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Everything, unless the arguments choose. One failing binary does not hide the next.
fn selection(arguments: &[String]) -> &'static [&'static str] {
    let chooses = |argument: &String| argument.starts_with("-p") || argument.starts_with("--package");
    if arguments.iter().take_while(|argument| *argument != "--").any(chooses) {
        &[]
    } else {
        &["--workspace", "--no-fail-fast"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_workspace_unless_packages_are_chosen() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for all in ["", "some_test", "-- -p"] {
            assert!(selection(&words(all)).contains(&"--workspace"), "{all}");
        }
        for chosen in ["-p redress-intake", "--package=redress-intake", "-predress-intake x -- --nocapture"] {
            assert!(selection(&words(chosen)).is_empty(), "{chosen}");
        }
    }
}
