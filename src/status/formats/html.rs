//! One page that needs nothing else: no scripts, no other files. Closing tags that HTML does not need are left out, so
//! that the page of a large fleet stays small.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use super::text::{counted, image, state, sums};
use crate::status::StatusReport;
use crate::status::report::{KernelStatus, LoadState, ModuleStatus, NodeState};
use crate::vocabulary::by_version;

const STYLE: &str = include_str!("page.css");

/// Most names of nodes in a cell.
const NODES: usize = 20;

/// Text in which nothing is markup.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Characters that end or turn the text around.
                c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                    write!(f, "{}", c.escape_default())?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Sentence in which the parts between backticks are code.
struct Prose<'t>(&'t str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.0.split('`').enumerate() {
            match number % 2 {
                0 => write!(f, "{}", Escaped(part))?,
                _ => write!(f, "<code>{}</code>", Escaped(part))?,
            }
        }
        Ok(())
    }
}

/// Writes the report as an HTML page.
pub fn html(report: &StatusReport) -> String {
    let mut out = String::new();
    let _ = write_page(&mut out, report);
    out
}

fn write_page(out: &mut String, report: &StatusReport) -> fmt::Result {
    let summary = &report.summary;
    let all = format!(
        "{}, {}: {}",
        counted(summary.modules, "module"),
        counted(summary.nodes, "node"),
        sums(&summary.counts)
    );
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Kernel modules: {}</title>\n<style>\n{STYLE}</style>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the table</a>\n\
         <header>\n<h1>Kernel modules</h1>\n<p>{} {}</p>\n</header>\n",
        state(summary.state),
        mark(summary.state, state(summary.state)),
        Escaped(&all)
    )?;
    let anchors: Vec<String> = anchors(&report.modules);
    out.push_str("<nav aria-label=\"Modules\">\n<ul>\n");
    for (module, anchor) in report.modules.iter().zip(&anchors) {
        writeln!(
            out,
            "<li><a href=\"#{anchor}\">{}</a> {}",
            Escaped(&name(module)),
            mark(module.state, state(module.state))
        )?;
    }
    out.push_str("</ul>\n</nav>\n<main id=\"main\" tabindex=\"-1\">\n");
    write_matrix(out, &report.modules, &anchors)?;
    for (number, (module, anchor)) in report.modules.iter().zip(&anchors).enumerate() {
        write_module(out, module, number, anchor)?;
    }
    if !report.missing.is_empty() {
        out.push_str("<h2 id=\"missing\">Not known</h2>\n<ul>\n");
        for missing in &report.missing {
            writeln!(
                out,
                "<li>without {}: {}; <code>{}</code>",
                missing.kind,
                missing.unknown,
                Escaped(&missing.command)
            )?;
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</main>\n");
    Ok(())
}

/// Writes the table of kernels by Modules, whose cells lead to the details.
fn write_matrix(out: &mut String, modules: &[ModuleStatus], anchors: &[String]) -> fmt::Result {
    let mut releases: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for (number, module) in modules.iter().enumerate() {
        for (row, kernel) in module.kernels.iter().enumerate() {
            releases.entry(&kernel.release).or_default().push((number, row));
        }
    }
    if releases.is_empty() {
        out.push_str("<p>No node wants a module.</p>\n");
        return Ok(());
    }
    out.push_str(
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"kernels\" tabindex=\"0\">\n<table>\n\
         <caption id=\"kernels\">Nodes with the module loaded, of those that want it, by kernel and module</caption>\n\
         <thead>\n<tr><th scope=\"col\">Kernel",
    );
    for (module, anchor) in modules.iter().zip(anchors) {
        write!(out, "<th scope=\"col\"><a href=\"#{anchor}\">{}</a>", Escaped(&name(module)))?;
    }
    out.push_str("\n<tbody>\n");
    let mut releases: Vec<_> = releases.into_iter().collect();
    releases.sort_by(|(one, _), (other, _)| by_version(one, other));
    for (release, cells) in releases {
        write!(out, "<tr><th scope=\"row\">{}", Escaped(release))?;
        let mut cells = cells.into_iter().peekable();
        for (number, module) in modules.iter().enumerate() {
            match cells.next_if(|(at, _)| *at == number) {
                Some((_, row)) => {
                    let kernel = &module.kernels[row];
                    let (class, label) = (class(kernel.state), label(kernel));
                    write!(out, "<td class={class}><a href=#k{number}-{row}>{label}</a>")?;
                }
                None => out.push_str("<td>no node"),
            }
        }
        out.push('\n');
    }
    out.push_str("</table>\n</div>\n");
    Ok(())
}

fn write_module(out: &mut String, module: &ModuleStatus, number: usize, anchor: &str) -> fmt::Result {
    let name = name(module);
    writeln!(out, "<section aria-labelledby=\"{anchor}\">\n<h2 id=\"{anchor}\">{}</h2>", Escaped(&name))?;
    let what = match &module.clusters {
        Some(clusters) => format!("applied on {} of {}", clusters.applied, counted(clusters.desired, "cluster")),
        None => format!("loaded on {} of {}", module.nodes.loaded, counted(module.nodes.wanted, "node")),
    };
    let version = module.version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
    writeln!(out, "<p>{} {what}{}</p>", mark(module.state, state(module.state)), Escaped(&version))?;
    for note in &module.notes {
        writeln!(out, "<p>Note: {}</p>", Escaped(note))?;
    }
    if !module.problems.is_empty() {
        writeln!(out, "<h3>Stuck</h3>\n<ul class=\"problems\">")?;
        for problem in &module.problems {
            let kernel = problem.kernel.as_ref().map(|kernel| format!("Kernel {kernel}: ")).unwrap_or_default();
            let nodes = problem.nodes.iter().map(String::as_str);
            let nodes = names(&nodes.collect::<Vec<_>>());
            write!(out, "<li><p>{}{}", Escaped(&kernel), Prose(&problem.cause))?;
            if !nodes.is_empty() {
                write!(out, "<p>Nodes: {}", Escaped(&nodes))?;
            }
            writeln!(out, "<p>Help: {}", Prose(&problem.cure))?;
        }
        out.push_str("</ul>\n");
    }
    if !module.kernels.is_empty() {
        write_kernels(out, module, number, &name)?;
    }
    out.push_str("</section>\n");
    Ok(())
}

fn write_kernels(out: &mut String, module: &ModuleStatus, number: usize, name: &str) -> fmt::Result {
    write!(
        out,
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"c{number}\" tabindex=\"0\">\n<table>\n\
         <caption id=\"c{number}\">Kernels of {}</caption>\n<thead>\n<tr><th scope=\"col\">Kernel<th scope=\"col\">State\
         <th scope=\"col\">Image is<th scope=\"col\">Other nodes<th scope=\"col\">Image\n<tbody>\n",
        Escaped(name)
    )?;
    for (row, kernel) in module.kernels.iter().enumerate() {
        writeln!(
            out,
            "<tr id=k{number}-{row}><th scope=row>{}<td class={}>{}<td>{}<td>{}<td><code>{}</code>",
            Escaped(&kernel.release),
            class(kernel.state),
            label(kernel),
            image(kernel.image_state),
            Escaped(&other_nodes(kernel)),
            Escaped(kernel.image.as_deref().unwrap_or("none"))
        )?;
    }
    out.push_str("</table>\n</div>\n");
    Ok(())
}

/// Names the nodes that are not loaded, by their states.
fn other_nodes(kernel: &KernelStatus) -> String {
    let states = [
        (NodeState::Stuck, "stuck"),
        (NodeState::Unmapped, "without mapping"),
        (NodeState::Waiting, "waiting"),
        (NodeState::Outdated, "waiting, old image loaded"),
        (NodeState::Unloading, "unloading"),
        (NodeState::Unknown, "unknown"),
        (NodeState::Tainted, "tainted"),
    ];
    let parts = states.iter().filter_map(|(state, word)| {
        let nodes = kernel.node_states.iter().filter(|node| node.state == *state).map(|node| node.name.as_str());
        let nodes: Vec<&str> = nodes.collect();
        (!nodes.is_empty()).then(|| format!("{word}: {}", names(&nodes)))
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join("; ") }
}

/// Returns the first names, and the number of the others.
fn names(nodes: &[&str]) -> String {
    let first = nodes[..nodes.len().min(NODES)].join(", ");
    match nodes.len().saturating_sub(NODES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn name(module: &ModuleStatus) -> String {
    match module.namespace.is_empty() {
        true => module.name.clone(),
        false => format!("{}/{}", module.namespace, module.name),
    }
}

/// Returns an anchor for each Module: its name if that is one.
fn anchors(modules: &[ModuleStatus]) -> Vec<String> {
    let mut used = BTreeSet::new();
    let anchors = modules.iter().enumerate().map(|(number, module)| {
        let name = format!("module-{}", name(module).replace('/', "-"));
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        let anchor = if is_plain && !used.contains(&name) { name } else { format!("module.{number}") };
        used.insert(anchor.clone());
        anchor
    });
    anchors.collect()
}

fn mark(of: LoadState, text: &str) -> String {
    format!("<span class=\"mark {}\">{text}</span>", class(of))
}

/// Returns what a cell says: numbers and a word, so that color is not needed.
fn label(kernel: &KernelStatus) -> String {
    match kernel.state {
        LoadState::None => "no node".to_owned(),
        of => format!("{}/{} {}", kernel.nodes.loaded, kernel.nodes.wanted, state(of)),
    }
}

fn class(state: LoadState) -> char {
    match state {
        LoadState::Loaded => 'l',
        LoadState::InProgress => 'w',
        LoadState::Stuck => 's',
        LoadState::None | LoadState::Unknown => 'o',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let text = Escaped("<a href='x'>\"&\u{202e}\u{1b}").to_string();
        assert_eq!(text, "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\\u{202e}\\u{1b}");
    }
}
