//! Text for people: each Module with its kernels, then what is stuck, each with cause and cure.

use std::fmt::Write as _;

use crate::status::StatusReport;
use crate::status::report::{ImageState, KernelStatus, LoadState, ModuleStatus, NodeCounts, NodeState, ProblemStatus};

/// Most names of nodes on a line.
const NODES: usize = 8;

/// Most kernels of a Module whose table rows are printed, besides those that are not loaded.
const LOADED_KERNELS: usize = 20;

/// Writes the report as text, with colours.
pub fn text(report: &StatusReport) -> String {
    let mut out = String::new();
    for module in &report.modules {
        write_module(&mut out, module);
        out.push('\n');
    }
    for missing in &report.missing {
        let _ = writeln!(
            out,
            "not known without {}: {}\n  \x1b[1mhelp\x1b[0m: {}",
            missing.kind, missing.unknown, missing.command
        );
    }
    if !report.missing.is_empty() {
        out.push('\n');
    }
    let summary = &report.summary;
    let _ = writeln!(
        out,
        "{}, {}: {}",
        counted(summary.modules, "module"),
        counted(summary.nodes, "node"),
        sums(&summary.counts)
    );
    out
}

fn write_module(out: &mut String, module: &ModuleStatus) {
    let name = match module.namespace.is_empty() {
        true => shown(&module.name),
        false => format!("{}/{}", shown(&module.namespace), shown(&module.name)),
    };
    let version = module.version.as_ref().map(|version| format!(" (version {})", shown(version))).unwrap_or_default();
    let what = match &module.clusters {
        Some(clusters) => format!("applied on {} of {}", clusters.applied, counted(clusters.desired, "cluster")),
        None => format!("loaded on {} of {}", module.nodes.loaded, counted(module.nodes.wanted, "node")),
    };
    let _ = writeln!(out, "{} \x1b[1m{name}\x1b[0m{version}: {what}", mark(module.state));
    for note in &module.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    write_kernels(out, &module.kernels);
    for problem in &module.problems {
        write_problem(out, problem);
    }
}

fn write_kernels(out: &mut String, kernels: &[KernelStatus]) {
    let loaded = kernels.iter().filter(|kernel| kernel.state == LoadState::Loaded).count();
    let mut hidden = loaded.saturating_sub(LOADED_KERNELS);
    let folded = hidden;
    let rows: Vec<[String; 3]> = kernels
        .iter()
        .filter(|kernel| {
            let is_hidden = hidden > 0 && kernel.state == LoadState::Loaded;
            hidden -= usize::from(is_hidden);
            !is_hidden
        })
        .map(|kernel| [shown(&kernel.release), image(kernel.image_state).to_owned(), nodes(kernel)])
        .collect();
    let widths = [0, 1].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    for [release, image, nodes] in &rows {
        let _ = writeln!(out, "  {release:0$}  {image:1$}  {nodes}", widths[0], widths[1]);
    }
    if folded > 0 {
        let _ = writeln!(out, "  … and {} more that are loaded", counted(folded, "kernel"));
    }
}

/// Describes the nodes of a kernel; those that are not loaded by name.
fn nodes(kernel: &KernelStatus) -> String {
    let counts = &kernel.nodes;
    let mut text = format!("{} of {} loaded", counts.loaded, counted(counts.wanted, "node"));
    for (state, word) in [
        (NodeState::Waiting, "waiting"),
        (NodeState::Outdated, "waiting, old image loaded"),
        (NodeState::Unloading, "unloading"),
        (NodeState::Tainted, "tainted"),
        (NodeState::Unknown, "unknown"),
    ] {
        let names: Vec<&str> =
            kernel.node_states.iter().filter(|node| node.state == state).map(|node| node.name.as_str()).collect();
        if !names.is_empty() {
            let _ = write!(text, "; {word}: {}", list(&names));
        }
    }
    let mut reasons: Vec<&str> = kernel
        .node_states
        .iter()
        .filter(|node| matches!(node.state, NodeState::Waiting | NodeState::Outdated))
        .filter_map(|node| node.why.as_deref())
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    if !reasons.is_empty() {
        let _ = write!(text, " ({})", reasons.join("; "));
    }
    text
}

fn write_problem(out: &mut String, problem: &ProblemStatus) {
    let kernel = problem.kernel.as_ref().map(|kernel| format!(" {}", shown(kernel))).unwrap_or_default();
    let names: Vec<&str> = problem.nodes.iter().map(String::as_str).collect();
    let on = if names.is_empty() { String::new() } else { format!(" on {}", list(&names)) };
    let _ = writeln!(out, "  \x1b[1;31mstuck\x1b[0m{kernel}{on}: {}", shown(&problem.cause));
    let _ = writeln!(out, "    \x1b[1mhelp\x1b[0m: {}", shown(&problem.cure));
}

/// Returns the first names, and the number of the others.
fn list(names: &[&str]) -> String {
    let first: Vec<String> = names.iter().take(NODES).map(|name| shown(name)).collect();
    match names.len().saturating_sub(NODES) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Returns the numbers that are not zero.
pub(super) fn sums(counts: &NodeCounts) -> String {
    let all = [
        (counts.loaded, "loaded"),
        (counts.waiting, "waiting"),
        (counts.stuck, "stuck"),
        (counts.unmapped, "without mapping"),
        (counts.tainted, "tainted"),
        (counts.unknown, "unknown"),
    ];
    let some: Vec<String> =
        all.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    if some.is_empty() { "nothing is wanted on a node".to_owned() } else { some.join(", ") }
}

/// Describes the state of an image.
pub(super) fn image(state: ImageState) -> &'static str {
    match state {
        ImageState::Built => "built",
        ImageState::Checking => "checking",
        ImageState::Building => "building",
        ImageState::WaitingForConfigMap => "waiting for its ConfigMap",
        ImageState::Failed => "failed",
        ImageState::Missing => "missing",
        ImageState::Unknown => "unknown",
        ImageState::NoMapping => "no mapping",
    }
}

/// Describes a state.
pub(super) fn state(state: LoadState) -> &'static str {
    match state {
        LoadState::None => "none",
        LoadState::Loaded => "loaded",
        LoadState::InProgress => "in progress",
        LoadState::Unknown => "unknown",
        LoadState::Stuck => "stuck",
    }
}

fn mark(of: LoadState) -> String {
    let colour = match of {
        LoadState::None | LoadState::Unknown => "1",
        LoadState::Loaded => "1;32",
        LoadState::InProgress => "1;33",
        LoadState::Stuck => "1;31",
    };
    format!("\x1b[{colour}m{:11}\x1b[0m", state(of))
}

/// "1 node", "2 nodes".
pub(super) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Writes out characters that change the terminal.
fn shown(text: &str) -> String {
    let is_shown = |c: char| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match text.chars().all(is_shown) {
        true => text.to_owned(),
        false => {
            text.chars().map(|c| if is_shown(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
        }
    }
}
