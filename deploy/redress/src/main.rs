//! `redress`: see `redress --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress::command::main()
}
