//! `kmodgen lint`: check Dockerfiles, Modules and kustomizations against what KMM does.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::faults::{Faults, draw};
use super::kernels::read_inputs;
use crate::adapters::git::CommitFolder;
use crate::adapters::{fs, ui};
use crate::cli::{DeniedSeverity, LintArgs, LintFormat};
use crate::commands::Exit;
use crate::kernels::Import;
use crate::lint::{AllowList, LintInput, LintResult, check, formats};
use crate::manifest::{Selection, read_lint};
use crate::objects::{FolderStart, ObjectInput, Objects};
use crate::settings;
use crate::vocabulary::{Diagnostics, InputFiles, Severity, SourceId, SourceMap};

/// Folder that is checked if the command line names none.
const HERE: &str = ".";

/// Runs the command.
pub fn run(args: &LintArgs) -> anyhow::Result<Exit> {
    let here = [HERE.to_owned()];
    let paths = if args.paths.is_empty() { &here[..] } else { &args.paths };
    let mut sources = SourceMap::default();
    let allow_list = allow_list(args, paths, &mut sources)?;
    let kernels = kernels(args, &mut sources)?;
    let Inputs { paths, inputs, dockerfiles } = inputs(paths, &mut sources)?;
    let objects = Objects::read(inputs, &mut sources);
    let before = args.since.as_deref().map(|since| before(since, &paths, &objects, &mut sources)).transpose()?;
    let input = LintInput { objects: &objects, dockerfiles, kernels, before: before.as_ref(), allow_list };
    let result = check(&input, &sources);
    match args.format {
        LintFormat::Text => print(&result, &sources),
        LintFormat::Json => ui::result(&formats::json(&result, &sources)),
        LintFormat::Sarif => ui::result(&formats::sarif(&result, &sources)),
        LintFormat::Github => ui::result(&formats::github(&result, &sources)),
        LintFormat::Markdown => ui::result(&formats::markdown(&result, &sources)),
    }
    let is_denied = args.deny == Some(DeniedSeverity::Warnings) && result.count(Severity::Warning) > 0;
    Ok(if is_denied || result.count(Severity::Error) > 0 { Exit::ActionNeeded } else { Exit::Success })
}

/// Reads what the manifest allows, if there is a manifest.
fn allow_list(args: &LintArgs, paths: &[String], sources: &mut SourceMap) -> anyhow::Result<AllowList> {
    let Ok(path) = settings::manifest_path(&args.manifest) else { return Ok(AllowList::default()) };
    let text = match fs::read_text(&path) {
        Ok(text) => text,
        Err(why) if args.manifest.file.is_some() => bail!("cannot read manifest `{}`: {why}", path.display()),
        Err(_) => return Ok(AllowList::default()),
    };
    let mut faults = Diagnostics::default();
    let source = sources.add(path.display().to_string(), text.as_str());
    // A manifest that cannot be read is an error of the other commands.
    let Ok(Some(node)) = kmodgen_yaml::read(source, &text) else { return Ok(AllowList::default()) };
    let settings = read_lint(&node, &mut faults);
    if faults.has_errors() {
        return Err(Faults::new(faults, sources.clone()).into());
    }
    let folder = path.parent().unwrap_or(Path::new("")).display().to_string();
    let is_whole =
        paths.iter().any(|path| path.trim_end_matches('/') == if folder.is_empty() { HERE } else { &folder });
    Ok(AllowList { rules: settings.allow, folder, is_whole })
}

/// Reads the kernels that mappings must match.
fn kernels(args: &LintArgs, sources: &mut SourceMap) -> anyhow::Result<Vec<String>> {
    if args.kernels.is_empty() {
        return Ok(Vec::new());
    }
    let mut faults = Diagnostics::default();
    let names: Vec<String> = args.kernels.iter().map(|path| path.display().to_string()).collect();
    let inputs = read_inputs(names.iter().map(String::as_str), &mut faults);
    let import = Import::read(inputs, &Selection::default(), true, sources, &mut faults);
    match import.filter(|_| !faults.has_errors()) {
        Some(import) => Ok(import.kernels().map(|kernel| kernel.release.to_string()).collect()),
        None => Err(Faults::new(faults, sources.clone()).into()),
    }
}

/// Opened inputs.
#[derive(Default)]
struct Inputs {
    /// Paths of the inputs, by their numbers.
    paths: Vec<String>,
    inputs: Vec<ObjectInput>,
    /// A Dockerfile on standard input.
    dockerfiles: Vec<SourceId>,
}

/// Opens the inputs. A text of standard input that starts like a Dockerfile is one.
fn inputs(paths: &[String], sources: &mut SourceMap) -> anyhow::Result<Inputs> {
    let (mut opened, mut seen) = (Inputs::default(), BTreeSet::new());
    for path in paths.iter().filter(|path| seen.insert(path.as_str())) {
        match fs::object_input(path) {
            ObjectInput::Text { name, text } if is_dockerfile(&text) => {
                opened.dockerfiles.push(sources.add(name, text));
            }
            ObjectInput::Unreadable { name, reason } => bail!("cannot read `{}`: {reason}", name.escape_debug()),
            input => {
                opened.paths.push(path.clone());
                opened.inputs.push(input);
            }
        }
    }
    Ok(opened)
}

fn is_dockerfile(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next().and_then(|line| line.split_whitespace().next()).unwrap_or_default();
    ["FROM", "ARG"].iter().any(|name| first.eq_ignore_ascii_case(name))
}

/// Reads the same files at an earlier revision.
fn before(since: &str, paths: &[String], objects: &Objects, sources: &mut SourceMap) -> anyhow::Result<Objects> {
    let mut inputs = Vec::new();
    for (number, path) in paths.iter().enumerate().filter(|(_, path)| *path != "-") {
        let path = Path::new(path);
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        let files = CommitFolder::open(folder, since).with_context(|| format!("--since {since}"))?;
        let files: Arc<dyn InputFiles> = Arc::new(files);
        let of_input = objects.objects.iter().filter(|object| object.origin.input == number);
        let names: BTreeSet<_> = of_input.filter_map(|object| object.origin.path.clone()).collect();
        inputs.extend(names.into_iter().filter(|name| files.read(name).is_ok()).map(|name| ObjectInput::Folder {
            name: format!("{since}:{}", folder.display()),
            files: files.clone(),
            start: FolderStart::File(name),
        }));
    }
    Ok(Objects::read(inputs, sources))
}

/// Prints findings for people, and their number.
fn print(result: &LintResult, sources: &SourceMap) {
    /// More findings than anyone reads.
    const SHOWN: usize = 500;
    let mut sources = sources.clone();
    result.findings.iter().flat_map(|found| &found.hidden).for_each(|span| sources.hide(*span));
    for part in result.findings.chunks(50).take(SHOWN / 50) {
        ui::result(&draw(part, &sources));
    }
    let more = result.findings.len().saturating_sub(SHOWN) + result.dropped;
    let more = if more > 0 { format!("… and {more} more\n") } else { String::new() };
    let [dockerfiles, modules] =
        [ui::count(result.checked.dockerfiles, "Dockerfile"), ui::count(result.checked.modules, "Module")];
    let [errors, warnings] = [(Severity::Error, "error"), (Severity::Warning, "warning")]
        .map(|(severity, noun)| ui::count(result.count(severity), noun));
    let allowed = if result.allowed > 0 { format!(", {} allowed", result.allowed) } else { String::new() };
    ui::result(&format!("{more}{dockerfiles} and {modules} checked: {errors}, {warnings}{allowed}\n"));
}
