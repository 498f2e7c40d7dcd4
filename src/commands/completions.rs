//! `kmodgen completions`: scripts for shells, and the candidates that they ask for.

use std::ffi::OsString;

use anyhow::Context as _;
use clap::Command;
use clap_complete::env::Shells;
use clap_complete::{ArgValueCandidates, CompleteEnv, CompletionCandidate};

use super::project::Project;
use crate::adapters::ui;
use crate::cli::{self, CompletionsArgs, ManifestArgs};
use crate::commands::Exit;
use crate::settings;

/// Environment variable with which a shell's script asks for candidates.
const VARIABLE: &str = "KMODGEN_COMPLETE";

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let shell = args.shell.to_string();
    let shells = Shells::builtins();
    let completer = shells.completer(&shell).with_context(|| format!("no completions for {shell}"))?;
    let mut text = Vec::new();
    completer.write_registration(VARIABLE, "kmodgen", "kmodgen", "kmodgen", &mut text)?;
    ui::result(&String::from_utf8_lossy(&text));
    Ok(Exit::Success)
}

/// Prints candidates for a shell's script, given its arguments; returns false if no script asks.
///
/// # Errors
/// An unknown shell, or standard output that cannot be written.
pub fn answer(args: &[OsString]) -> Result<bool, clap::Error> {
    // Other runs need no folder and no copy of the arguments.
    if !settings::is_set(VARIABLE) {
        return Ok(false);
    }
    CompleteEnv::with_factory(|| with_candidates(cli::whole()))
        .var(VARIABLE)
        .try_complete(args.iter().cloned(), settings::current_folder().as_deref())
}

/// Adds candidates from the manifest to all arguments that take names of it.
fn with_candidates(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let value_name = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
        let candidates: fn() -> Vec<CompletionCandidate> = match (arg.get_id().as_str(), value_name) {
            ("only", _) => || candidates(|project| [modules(project), releases(project)].concat()),
            ("release", _) => || candidates(releases),
            ("sources", _) => || candidates(sources),
            ("cluster", _) => || candidates(clusters),
            ("group", _) => || candidates(groups),
            (_, Some("GROUP")) => || candidates(|project| [groups(project), clusters(project)].concat()),
            ("module", _) | (_, Some("MODULE")) => || candidates(modules),
            _ => return arg,
        };
        arg.add(ArgValueCandidates::new(candidates))
    });
    command.mut_subcommands(with_candidates)
}

/// Returns names in the manifest; none if it cannot be read.
fn candidates(names: fn(&Project) -> Vec<String>) -> Vec<CompletionCandidate> {
    let project = Project::find(&ManifestArgs { file: None });
    let mut names = project.map(|project| names(&project)).unwrap_or_default();
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn modules(project: &Project) -> Vec<String> {
    project.manifest.modules.iter().map(|module| module.name.value.to_string()).collect()
}

fn releases(project: &Project) -> Vec<String> {
    project.manifest.kernels.iter().map(|kernel| kernel.release.value.to_string()).collect()
}

fn sources(project: &Project) -> Vec<String> {
    project.manifest.sources.keys().map(ToString::to_string).collect()
}

fn groups(project: &Project) -> Vec<String> {
    let manifests = project.manifests();
    let mut names: Vec<String> =
        manifests.iter().filter_map(|manifest| manifest.pins.as_ref().map(ToString::to_string)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn clusters(project: &Project) -> Vec<String> {
    project.manifests().iter().filter_map(|manifest| manifest.cluster.as_ref().map(ToString::to_string)).collect()
}
