//! `kmodgen import`: a manifest for Modules that people wrote.

mod convert;
mod json;
mod report;

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::faults::{Faults, draw};
use super::kernels::read_inputs;
use super::new_manifest::{UnwrittenFiles, check_manifest};
use crate::adapters::{fs, ui};
use crate::cli::{Format, ImportArgs};
use crate::commands::Exit;
use crate::import::adopt::{AdoptedManifest, Adoption, FLEET, manifest_text};
use crate::objects::{Objects, Problem};
use crate::settings::MANIFEST;
use crate::vocabulary::{Diagnostic, Diagnostics, Severity, SourceMap};

/// Argument for standard input.
const STANDARD_INPUT: &str = "-";

/// A file to write.
struct NewFile {
    path: PathBuf,
    text: String,
}

/// Runs the command.
pub fn run(args: &ImportArgs) -> anyhow::Result<Exit> {
    let lists: Vec<&String> = args.nodes.iter().chain(&args.kernels).collect();
    let from_stdin = args.inputs.iter().chain(lists.iter().copied()).filter(|input| *input == STANDARD_INPUT);
    if from_stdin.count() > 1 {
        bail!("standard input can be read only once: write one of the inputs to a file");
    }
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let lists = if args.convert.is_some() {
        Vec::new()
    } else {
        read_inputs(lists.iter().map(|name| name.as_str()), &mut faults)
    };
    let inputs = args.inputs.iter().map(|input| fs::object_input(input)).collect();
    let objects = Objects::read(inputs, &mut sources);
    faults.extend(
        objects.problems.iter().filter(|problem| !is_of_module(problem, &objects)).map(|p| p.diagnostic.clone()),
    );
    if let Some(target) = &args.convert {
        return convert::run(args, target, &objects, sources, faults);
    }
    let adoption = match faults.has_errors() {
        true => None,
        false => Adoption::of(&objects, &lists, &mut sources, &mut faults),
    };
    let Some(adoption) = adoption else { return Err(Faults::new(faults, sources).into()) };
    let generated: Vec<String> =
        adoption.generated.iter().map(|object| report::generated(object, args, &sources)).collect();
    if adoption.manifests.is_empty() {
        if adoption.refused == 0 && generated.is_empty() {
            let fault = Diagnostic::error("import", "the inputs have no Module");
            faults.push(fault.help("print them with `oc get module,configmap -n NAMESPACE -o yaml`"));
        }
        if faults.has_errors() {
            return Err(Faults::new(faults, sources).into());
        }
    }
    let mut files = Vec::new();
    for manifest in &adoption.manifests {
        // Objects of a manifest are in one namespace.
        let folder = match adoption.manifests.len() {
            1 => args.output.clone(),
            _ => args.output.join(&manifest.namespace),
        };
        files.extend(files_of(manifest, &folder, &sources)?);
    }
    if let Some(taken) = write(&files)? {
        return Ok(conflict(&taken));
    }
    ui::talk(&draw(&faults.into_sorted(), &sources));
    let written: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    ui::result(&match args.format {
        Format::Text => report::text(&adoption, &generated, &written, !lists.is_empty(), &sources),
        Format::Json => json::adopted(&adoption, &generated, &written, &sources),
    });
    let is_complete = adoption.refused == 0 && generated.is_empty();
    Ok(if is_complete { Exit::Success } else { Exit::ActionNeeded })
}

/// Writes files; returns the path of one that is there already, before anything is written.
fn write(files: &[NewFile]) -> anyhow::Result<Option<PathBuf>> {
    for file in files {
        if fs::is_taken(&file.path)? {
            return Ok(Some(file.path.clone()));
        }
    }
    for file in files {
        if !fs::write_new_file(&file.path, &file.text)? {
            return Ok(Some(file.path.clone()));
        }
    }
    Ok(None)
}

/// Checks whether a problem is one of a Module, which is then refused with it.
fn is_of_module(problem: &Problem, objects: &Objects) -> bool {
    let Some(place) = problem.diagnostic.labels.first().map(|label| label.span) else { return false };
    problem.diagnostic.severity == Severity::Error
        && objects.modules().any(|object| {
            let span = object.node.span;
            span.source == place.source && span.start <= place.start && place.end <= span.end
        })
}

/// Returns the files of a manifest, which comes last: it names the list.
fn files_of(manifest: &AdoptedManifest<'_>, folder: &Path, sources: &SourceMap) -> anyhow::Result<Vec<NewFile>> {
    let text = manifest_text(manifest, sources);
    check_manifest(&text, &UnwrittenFiles::of(manifest.fleet.as_deref().map(|list| (FLEET, list))))?;
    let fleet = manifest.fleet.clone().map(|text| NewFile { path: folder.join(FLEET), text });
    Ok(fleet.into_iter().chain([NewFile { path: folder.join(MANIFEST), text }]).collect())
}

/// Reports a file that is there already.
fn conflict(path: &Path) -> Exit {
    ui::talk(&format!(
        "\x1b[1;31mconflict\x1b[0m: `{}` is there already; nothing is written\n  \
         help: move it away, or name another folder with `-o DIR`\n",
        path.display()
    ));
    Exit::ActionNeeded
}
