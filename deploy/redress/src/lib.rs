//! The operator's command, and the five services in one process.
//!
//! * [`suite`] starts the five services on private databases, on the real clock or on a virtual one.
//! * [`play`] plays case scripts against a suite: a handbook's executable examples.
//! * [`contract`] calls any method of the contract by name, with JSON in and out.
//! * [`mod@bench`] measures, beside what the machine could do at most.
//! * [`command`] is the command line, a file a subcommand.
//!
//! Start reading at [`suite::Suite`] and [`play::run_script`]; tests use both.

pub mod bench;
pub mod command;
pub mod contract;
pub mod demo;
pub mod duration;
pub mod import;
mod output;
pub mod play;
pub mod shipped;
pub mod staff;
pub mod suite;
