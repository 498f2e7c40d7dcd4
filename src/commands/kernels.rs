//! `kmodgen kernels`: make or update a list of kernels from what people have.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::faults::{Faults, draw};
use super::releases;
use crate::adapters::{fs, ui};
use crate::cli::{Format, KernelsArgs};
use crate::commands::Exit;
use crate::kernels::{Change, Changes, Import, Input};
use crate::settings;
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, SourceMap};

/// Argument for standard input.
const STANDARD_INPUT: &str = "-";

/// The object of `--format json`.
#[derive(Serialize)]
struct ImportReport<'c> {
    summary: ImportSummary,
    added: &'c [String],
    changed: &'c [Change],
    vanished: &'c [String],
    dropped: &'c [String],
    /// Contradictions between inputs, and unusable parts of them.
    warnings: Vec<Warning>,
    written: bool,
}

#[derive(Serialize)]
struct ImportSummary {
    kernels: usize,
    added: usize,
    changed: usize,
    unchanged: usize,
    vanished: usize,
    dropped: usize,
}

#[derive(Serialize)]
struct Warning {
    code: &'static str,
    message: String,
    help: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    place: String,
}

/// Runs the verb.
pub fn run(args: &KernelsArgs) -> anyhow::Result<Exit> {
    if args.format == Format::Json && args.output.is_none() {
        bail!("--format json requires -o FILE");
    }
    let (selection, cluster) = (settings::kernel_selection(args)?, settings::counted_cluster(args)?);
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let names = args.inputs.iter().enumerate().filter(|(at, name)| {
        // Standard input can be read once.
        *name != STANDARD_INPUT || !args.inputs[..*at].contains(name)
    });
    let mut inputs = read_inputs(names.map(|(_, name)| name.as_str()), &mut faults);
    inputs.extend(releases::read(args, &mut sources, &mut faults)?);
    let old = match args.merge.as_deref().map(|path| (path, fs::read_text(path))) {
        Some((path, Ok(text))) => Some((path, text)),
        Some((path, Err(why))) => {
            let fault = Diagnostic::error("unreadable-file", format!("cannot read list `{}`: {why}", path.display()));
            faults.push(fault.help("remove `--merge` to create a new list"));
            None
        }
        None => None,
    };
    let import = Import::read(inputs, &selection, args.add, &mut sources, &mut faults);
    let import = match &cluster {
        Some(cluster) => import.and_then(|import| import.in_cluster(cluster, &mut faults)),
        None => import,
    };
    let Some(import) = import else { return Err(Faults::new(faults, sources).into()) };
    let merged = match &old {
        Some((path, text)) => {
            let source = sources.add(path.display().to_string(), text.as_str());
            import.merge_into(source, text, args.keep, &mut faults)
        }
        None => Some((import.list(), import.all_added())),
    };
    let Some((list, changes)) = merged else { return Err(Faults::new(faults, sources).into()) };
    let warnings = faults.into_sorted();
    ui::talk(&draw(&warnings, &sources));
    let Some(output) = &args.output else {
        ui::result(&list);
        ui::talk(&told(&changes));
        return Ok(Exit::Success);
    };
    let old = old.as_ref().map(|(_, text)| text.as_str());
    let Some(written) = write(output, &list, old, args.force)? else { return Ok(Exit::ActionNeeded) };
    match args.format {
        Format::Text => ui::result(&format!("{}{}\n", told(&changes), state(output, written))),
        Format::Json => {
            let warnings = warnings.iter().map(|warning| Warning::of(warning, &sources)).collect();
            let report = ImportReport {
                summary: ImportSummary::of(&changes),
                added: &changes.added,
                changed: &changes.changed,
                vanished: &changes.vanished,
                dropped: &changes.dropped,
                warnings,
                written,
            };
            ui::result(&format!("{}\n", serde_json::to_string_pretty(&report)?));
        }
    }
    Ok(Exit::Success)
}

/// Reads inputs; those that cannot be read are faults.
pub(super) fn read_inputs<'n>(names: impl IntoIterator<Item = &'n str>, faults: &mut Diagnostics) -> Vec<Input> {
    let mut inputs = Vec::new();
    for name in names {
        match read_input(name) {
            Ok(input) => inputs.push(input),
            Err(fault) => faults.push(fault),
        }
    }
    inputs
}

/// Reads an input: a file, `-`, or either after `IMAGE=`.
pub(super) fn read_input(argument: &str) -> Result<Input, Diagnostic> {
    let named = argument.split_once('=').and_then(|(image, file)| {
        let image = ImageRef::parse(image).ok().filter(|image| image.digest().is_some())?;
        Some((image, file))
    });
    let (image, file) = named.map_or((None, argument), |(image, file)| (Some(image), file));
    let (name, text) = match file {
        STANDARD_INPUT => ("standard input", fs::read_standard_input()),
        _ => (file, fs::read_text(Path::new(file))),
    };
    match text {
        Ok(text) => Ok(Input { name: name.to_owned(), text, image }),
        Err(why) => Err(Diagnostic::error("unreadable-file", format!("cannot read input `{name}`: {why}"))),
    }
}

/// Writes the list where it differs from what stands there; says whether it did. `None` where that is
/// not what was merged into, and is left alone.
fn write(path: &Path, list: &str, merged: Option<&str>, force: bool) -> anyhow::Result<Option<bool>> {
    let there = fs::read_text_if_any(path);
    if matches!(&there, Ok(Some(text)) if text == list) {
        fs::tidy_file(path);
        return Ok(Some(false));
    }
    let name = path.display();
    if let (Err(why), false) = (&there, force) {
        bail!("cannot compare with `{name}`: {why}");
    }
    if matches!(&there, Ok(Some(text)) if Some(text.as_str()) != merged) && !force {
        ui::talk(&format!(
            "\x1b[1;31mconflict\x1b[0m: `{name}` already exists\n  \
             help: update it with `--merge {name}`, or overwrite it with `--force`\n"
        ));
        return Ok(None);
    }
    fs::write_file(path, list).map_err(|error| anyhow!(error))?;
    Ok(Some(true))
}

/// Renders the changes for people: a line for each kernel that is not new, and the sums.
fn told(changes: &Changes) -> String {
    const SHOWN: usize = 40;
    let mut lines: Vec<String> = Vec::new();
    let added = changes.added.iter().map(|release| format!("added    {release}"));
    // A list of nothing but new kernels speaks for itself.
    let is_new = changes.unchanged + changes.changed.len() + changes.vanished.len() + changes.dropped.len() == 0;
    lines.extend(added.filter(|_| !is_new));
    lines.extend(
        changes.changed.iter().map(|change| format!("changed  {}: {}", change.release, change.what.join(", "))),
    );
    lines.extend(changes.vanished.iter().map(|release| format!("vanished {release}")));
    lines.extend(changes.dropped.iter().map(|release| format!("dropped  {release}")));
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    lines.extend((more > 0).then(|| format!("… and {more} more")));
    let mut text: String = lines.into_iter().map(|line| line + "\n").collect();
    let ImportSummary { kernels, added, changed, unchanged, vanished, dropped } = ImportSummary::of(changes);
    let kernels = ui::count(kernels, "kernel");
    let _ = writeln!(
        text,
        "{kernels}: {added} added, {changed} changed, {unchanged} unchanged, {vanished} vanished; {dropped} dropped"
    );
    text
}

fn state(path: &Path, written: bool) -> String {
    let state = if written { "written" } else { "is unchanged" };
    format!("{} {state}", path.display())
}

impl ImportSummary {
    fn of(changes: &Changes) -> Self {
        let Changes { added, changed, unchanged, vanished, dropped } = changes;
        let [added, changed, vanished, dropped] = [added.len(), changed.len(), vanished.len(), dropped.len()];
        Self {
            kernels: added + changed + unchanged + vanished,
            added,
            changed,
            unchanged: *unchanged,
            vanished,
            dropped,
        }
    }
}

impl Warning {
    fn of(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        Self {
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            place: diagnostic.labels.first().map(|label| sources.locate(label.span)).unwrap_or_default(),
        }
    }
}
