//! The `kmodgen` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    kmodgen::driver::run(std::env::args_os())
}
