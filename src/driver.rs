//! From the command line to an exit code: 0 fine, 1 an answer that needs someone, 2 trouble.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue};

use crate::adapters::{templates, ui};
use crate::cli::{self, Cli, Command};
use crate::commands::{self, Exit, Faults};
use crate::settings;
use crate::vocabulary::brief;

/// Runs the command that `args`, the program's name first, ask for.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    let cli = match commands::completions::answer(&args) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => Cli::try_parse_from(args),
        Err(error) => Err(error),
    };
    let cli = match cli {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    ui::configure(cli.global.quiet, cli.global.verbose, cli.global.color);
    if let Some(Err(error)) = cli.global.directory.as_deref().map(settings::enter) {
        ui::error(&format!("{error:#}"));
        return ExitCode::from(2);
    }
    let answer = match cli.command {
        Command::Init(args) => commands::init::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Generate(args) => commands::generate::run(&args),
        Command::Plan(args) => commands::plan::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Build(args) => commands::build::run(&args),
        Command::Promote(args) => commands::promote::run(&args),
        Command::Rollout(args) => commands::rollout::run(&args),
        Command::Publish(args) => commands::publish::run(&args),
        Command::Hold(args) => commands::hold::run(&args),
        Command::Lock(args) => commands::lock::run(&args),
        Command::Update(args) => commands::update::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Preflight(args) => commands::preflight::run(&args),
        Command::Test(args) => commands::test::run(&args),
        Command::Kernels(args) => commands::kernels::run(&args),
        Command::Lint(args) => commands::lint::run(&args),
        Command::Status(args) => commands::status::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Templates(args) => commands::templates::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man(args) => commands::man::run(&args),
        Command::RenderTemplates => templates::serve().map(|()| Exit::Success).map_err(anyhow::Error::from),
    };
    match answer {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::ActionNeeded) => ExitCode::from(1),
        Err(error) => {
            match error.downcast_ref::<Faults>() {
                Some(faults) => faults.report(),
                None => ui::error(&brief(format!("{error:#}"))),
            }
            ExitCode::from(2)
        }
    }
}

/// Prints what clap has to say: help, the version, or an error, with the command that does what an unknown one asks for.
fn usage(error: &clap::Error) -> ExitCode {
    let text = brief(error.render().ansi().to_string());
    if !error.use_stderr() {
        ui::result(&text);
        return ExitCode::SUCCESS;
    }
    let unknown = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(name)) => cli::command_for(name).map(|command| (name, command)),
        _ => None,
    };
    match unknown {
        Some((name, command)) => ui::error(&format!("there is no command `{name}`; run `{command}`")),
        None => ui::complain(&text),
    }
    ExitCode::from(2)
}
