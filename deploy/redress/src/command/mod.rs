//! The command line: a file a subcommand.

mod bench;
mod calendar;
mod call;
mod case;
mod connection;
mod deadlines;
mod demo;
mod events;
mod failure;
mod handbook;
mod import;
mod ledger;
mod play;
mod servers;
mod state;
mod token;
mod up;
mod values;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output;
pub(crate) use failure::Failure;

/// Runs complaint handbooks: starts the suite, plays case scripts, looks at cases, ledger and deadlines.
#[derive(Parser)]
#[command(name = "redress", version, after_help = EXIT_CODES)]
struct Arguments {
    /// Results as JSON on standard output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 all is well, 1 an expectation failed or the call was refused, 2 wrong \
                          arguments, 69 a service or a server program is not there.\n\
                          Logs go to standard error; REDRESS_LOG sets their filter, such as `info,redress=debug`.";

#[derive(Subcommand)]
enum Verb {
    Up(up::Up),
    Demo(demo::Demo),
    Play(play::Play),
    Call(call::Call),
    Case(case::Case),
    Ledger(ledger::Ledger),
    Import(import::Import),
    Token(token::Token),
    Handbook(handbook::Handbook),
    Calendar(calendar::Calendar),
    Deadlines(deadlines::Deadlines),
    Events(events::Events),
    Bench(bench::Bench),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::Other(error.into()), arguments.json),
    };
    let json = arguments.json;
    let ended = runtime.block_on(async {
        let logs = redress_chassis::config::TelemetrySettings {
            log: std::env::var("REDRESS_LOG").unwrap_or_else(|_| "error".to_owned()),
            ..Default::default()
        };
        let telemetry = redress_chassis::telemetry::Telemetry::start("redress", &logs)
            .map_err(|error| Failure::Usage(format!("REDRESS_LOG: {error:#}")))?;
        let ended = match arguments.verb {
            Verb::Up(up) => up.run(json).await,
            Verb::Demo(demo) => demo.run(json).await,
            Verb::Play(play) => play.run(json).await,
            Verb::Call(call) => call.run(json).await,
            Verb::Case(case) => case.run(json).await,
            Verb::Ledger(ledger) => ledger.run(json).await,
            Verb::Import(import) => import.run(json).await,
            Verb::Token(token) => token.run(json),
            Verb::Handbook(handbook) => handbook.run(json).await,
            Verb::Calendar(calendar) => calendar.run(json),
            Verb::Deadlines(deadlines) => deadlines.run(json).await,
            Verb::Events(events) => events.run(json).await,
            Verb::Bench(bench) => bench.run(json).await,
        };
        telemetry.stop();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, json),
    }
}

fn report(failure: &Failure, json: bool) -> ExitCode {
    if json {
        output::progress(&failure.to_json().to_string());
    } else if !failure.is_reported() {
        output::progress(&format!("error: {failure}"));
    }
    ExitCode::from(failure.exit_code())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_every_verb_has_help() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for verb in command.get_subcommands() {
            assert!(verb.get_about().is_some(), "{} has no help", verb.get_name());
        }
    }
}
