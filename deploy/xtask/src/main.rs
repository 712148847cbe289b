//! The developer's verbs: `cargo xtask --help`.

mod buf;
mod check;
mod run;
mod steps;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::run::Verb;

/// Works on this repository. Each verb brings what it needs: Postgres and Redis are found, or on Debian and
/// Ubuntu installed (as root, with apt-get), and run privately in a temporary directory for as long as the
/// verb does.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    verb: Verbs,
}

const EXIT_CODES: &str = "Exit codes: 0 all is well, 1 something failed (it was printed), 2 wrong arguments; \
                          demo, up and bench end with the code of the program they run.";

#[derive(Subcommand)]
enum Verbs {
    /// Run every test of the workspace on private servers.
    #[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test -- -p redress-intake\n  \
                            cargo xtask test -- -p redress-tests journeys:: -- --nocapture")]
    Test {
        /// Passed on to `cargo test`, instead of `--workspace` when they choose packages.
        #[arg(last = true, value_name = "CARGO TEST ARGUMENTS")]
        cargo: Vec<String>,
    },
    /// Check form: rustfmt, clippy, documentation, and the contract with buf.
    Check,
    /// Play the demonstration: five services, real cases, the virtual clock.
    Demo {
        /// Passed on to `redress demo`.
        #[arg(last = true, value_name = "ARGUMENTS")]
        redress: Vec<String>,
    },
    /// Start the five services and stay up until Ctrl-C.
    Up {
        /// Passed on to `redress up`.
        #[arg(last = true, value_name = "ARGUMENTS")]
        redress: Vec<String>,
    },
    /// Measure, in a release build.
    Bench {
        /// Passed on to `redress bench`.
        #[arg(last = true, value_name = "ARGUMENTS")]
        redress: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verbs::Test { cargo } => test::test(&cargo),
        Verbs::Check => check::check(),
        Verbs::Demo { redress } => run::run(Verb::Demo, &redress),
        Verbs::Up { redress } => run::run(Verb::Up, &redress),
        Verbs::Bench { redress } => run::run(Verb::Bench, &redress),
    };
    exit_code(outcome)
}

fn exit_code(outcome: Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        steps::say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
