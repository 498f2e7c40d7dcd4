//! From the command line to an exit code: 0 fine, 1 an answer that needs someone, 2 trouble.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::adapters::{templates, ui};
use crate::cli::{Cli, Command};
use crate::commands::{self, Exit, Faults};
use crate::vocabulary::brief;

/// Runs the command that `args`, the program's name first, ask for.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let text = brief(error.render().ansi().to_string());
            if error.use_stderr() {
                ui::talk(&text);
                return ExitCode::from(2);
            }
            ui::result(&text);
            return ExitCode::SUCCESS;
        }
    };
    let answer = match cli.command {
        Command::Init(args) => commands::init::run(&args),
        Command::Generate(args) => commands::generate::run(&args),
        Command::Plan(args) => commands::plan::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Build(args) => commands::build::run(&args),
        Command::Publish(args) => commands::publish::run(&args),
        Command::Lock(args) => commands::lock::run(&args),
        Command::Update(args) => commands::update::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Preflight(args) => commands::preflight::run(&args),
        Command::Test(args) => commands::test::run(&args),
        Command::Kernels(args) => commands::kernels::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::RenderTemplates => templates::serve().map(|()| Exit::Success).map_err(anyhow::Error::from),
    };
    match answer {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::ActionNeeded) => ExitCode::from(1),
        Err(error) => {
            match error.downcast_ref::<Faults>() {
                Some(faults) => faults.report(),
                None => ui::talk(&format!("\x1b[1;31merror\x1b[0m: {}\n", brief(format!("{error:#}")))),
            }
            ExitCode::from(2)
        }
    }
}
