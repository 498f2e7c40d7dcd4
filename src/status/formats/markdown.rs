//! Markdown for issues and chats (GitHub's dialect).

use std::fmt::Write as _;

use super::text::{counted, image, state, sums};
use crate::status::StatusReport;
use crate::vocabulary::{code_cell, code_span};

/// Most names of nodes of a problem.
const NODES: usize = 8;

/// Most rows of kernels: forges limit the length of texts.
const ROWS: usize = 200;

/// Writes the report as Markdown. Names of others are code.
pub fn markdown(report: &StatusReport) -> String {
    let mut out = String::new();
    let summary = &report.summary;
    let _ = writeln!(
        out,
        "**{}**: {}, {}: {}\n",
        state(summary.state),
        counted(summary.modules, "module"),
        counted(summary.nodes, "node"),
        sums(&summary.counts)
    );
    out.push_str("| Module | Kernel | Image | Loaded | State |\n| --- | --- | --- | --- | --- |\n");
    let mut rows = 0;
    for module in &report.modules {
        let name = code_cell(&name(&module.namespace, &module.name));
        if let Some(clusters) = &module.clusters {
            let (applied, desired) = (clusters.applied, counted(clusters.desired, "cluster"));
            let _ = writeln!(out, "| {name} | | | {applied} of {desired} | {} |", state(module.state));
        } else if module.kernels.is_empty() {
            let (loaded, wanted) = (module.nodes.loaded, counted(module.nodes.wanted, "node"));
            let _ = writeln!(out, "| {name} | | | {loaded} of {wanted} | {} |", state(module.state));
        }
        for kernel in &module.kernels {
            rows += 1;
            if rows <= ROWS {
                let (release, image) = (code_cell(&kernel.release), image(kernel.image_state));
                let (loaded, wanted) = (kernel.nodes.loaded, counted(kernel.nodes.wanted, "node"));
                let _ =
                    writeln!(out, "| {name} | {release} | {image} | {loaded} of {wanted} | {} |", state(kernel.state));
            }
        }
    }
    if rows > ROWS {
        let _ = writeln!(out, "\n… and {} more", counted(rows - ROWS, "row"));
    }
    write_problems(&mut out, report);
    if !report.missing.is_empty() {
        out.push_str("\nNot known:\n\n");
        for missing in &report.missing {
            let _ = writeln!(out, "- without {}: {}; {}", missing.kind, missing.unknown, code_span(&missing.command));
        }
    }
    out
}

fn write_problems(out: &mut String, report: &StatusReport) {
    let problems = report.modules.iter().flat_map(|module| {
        let name = name(&module.namespace, &module.name);
        module.problems.iter().map(move |problem| (name.clone(), problem))
    });
    let mut has_heading = false;
    for (name, problem) in problems {
        if !has_heading {
            out.push_str("\nStuck:\n\n");
            has_heading = true;
        }
        let kernel = problem.kernel.as_deref().map(|kernel| format!(" on {}", code_span(kernel))).unwrap_or_default();
        // Backticks in a code span double its own.
        let _ = writeln!(out, "- {}{kernel}: {}", code_span(&name), code_span(&problem.cause));
        if !problem.nodes.is_empty() {
            let first: Vec<String> = problem.nodes.iter().take(NODES).map(|node| code_span(node)).collect();
            let more = problem.nodes.len().saturating_sub(NODES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(out, "  nodes: {}{more}", first.join(", "));
        }
        let _ = writeln!(out, "  help: {}", code_span(&problem.cure));
    }
}

fn name(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}
