//! Changes as Markdown for a pull request. Names and texts from the project are code, so that nothing in them is markup.

use std::fmt::Write as _;

use super::effects::ModuleEffects;
use super::inputs::InputGroup;
use super::names::{in_parentheses, listed, nodes, shortened};
use super::text::{first_lines, head, sum};
use super::{Counts, DiffGroup, ProjectChanges};
use crate::adapters::ui;
use crate::vocabulary::{code_block, code_cell, code_span, html_code, masked};

/// Most characters of a comment or a description on GitHub.
const MOST: usize = 65_536;

/// Room for the sentence about what was left out.
const RESERVED: usize = 400;

/// Modules in the table.
const ROWS: usize = 100;

/// Text of limited length, and what had no room in it.
struct Page {
    text: String,
    left_out: Vec<(&'static str, usize)>,
}

impl Page {
    /// Adds a part if there is room for it; otherwise counts it.
    fn add(&mut self, what: &'static str, part: &str) {
        // GitHub counts characters: their number is at most the number of bytes.
        if self.text.len() + part.len() + RESERVED <= MOST {
            self.text.push_str(part);
        } else {
            self.leave_out(what, 1);
        }
    }

    fn leave_out(&mut self, what: &'static str, number: usize) {
        match self.left_out.iter_mut().find(|(other, _)| *other == what) {
            Some((_, sum)) => *sum += number,
            None => self.left_out.push((what, number)),
        }
    }

    fn finish(mut self) -> String {
        if !self.left_out.is_empty() {
            let counts: Vec<String> = self.left_out.iter().map(|(what, number)| ui::count(*number, what)).collect();
            let _ = write!(
                self.text,
                "\n**Left out for lack of room:** {}. `kmodgen diff` with `--format json` has all.\n",
                counts.join(", ")
            );
        }
        self.text
    }
}

/// Renders changes of a folder since `base` as the description of a pull request, without secrets.
pub(in crate::commands) fn pull_request(changes: &ProjectChanges, folder: &str, base: Option<&str>) -> String {
    let onto = base.map(|base| format!(" since {}", code_span(base))).unwrap_or_default();
    let introduction = format!("Changes of the generated files in {}{onto}", code_span(folder));
    masked(&markdown(changes, &introduction)).into_owned()
}

/// Renders changes below a heading. `introduction` is Markdown on one line.
pub(in crate::commands) fn markdown(changes: &ProjectChanges, introduction: &str) -> String {
    let mut page = Page { text: format!("{introduction}\n\n"), left_out: Vec::new() };
    if changes.is_empty() {
        page.text.push_str("**No differences**\n");
        return page.finish();
    }
    let _ = writeln!(page.text, "**On nodes: {}**", sum(changes));
    add_table(&mut page, &changes.modules);
    for (at, effects) in changes.modules.iter().filter(|effects| !effects.unload.is_empty()).enumerate() {
        // An empty line ends the table.
        let line_end = if at == 0 { "\n" } else { "" };
        let unloads = listed(&effects.unload, code_span);
        page.add("unload", &format!("{line_end}- Unloads {unloads}{}\n", in_parentheses(&effects.unload)));
    }
    for refused in &changes.refused {
        let module = code_span(&refused.module);
        let reason = code_block("", &format!("{}\nhelp: {}", refused.reason, refused.help));
        page.add("decision", &format!("\nModule {module} needs a decision:\n\n{reason}"));
    }
    let mut counts = String::new();
    for (what, Counts { added, changed, removed }) in changes.objects.named() {
        let _ = writeln!(counts, "- {what}: {added} added, {changed} changed, {removed} removed");
    }
    page.add("table", &format!("\n{counts}"));
    if !changes.inputs.is_empty() {
        page.add("heading", "\n### Changed inputs\n");
    }
    changes.inputs.iter().for_each(|group| page.add("input change", &input_group(group)));
    if !changes.diffs.is_empty() {
        page.add("heading", "\n### Changed files\n");
    }
    changes.diffs.iter().for_each(|group| page.add("diff", &diff(group)));
    page.finish()
}

fn add_table(page: &mut Page, modules: &[ModuleEffects]) {
    if modules.is_empty() {
        return;
    }
    page.add("table", "\n| Module | Load | Reload | Unload |\n| --- | --- | --- | --- |\n");
    for effects in modules.iter().take(ROWS) {
        let mut row = format!("| {} |", code_cell(&effects.name()));
        for mappings in [&effects.load, &effects.reload, &effects.unload] {
            let _ = write!(row, " {}{} |", mappings.len(), in_parentheses(mappings));
        }
        page.add("table row", &format!("{row}\n"));
    }
    if modules.len() > ROWS {
        page.leave_out("table row", modules.len() - ROWS);
    }
}

fn input_group(group: &InputGroup) -> String {
    let mut lines = String::new();
    for change in &group.changes {
        let _ = writeln!(lines, " {}", change.input);
        for (sign, value) in [('-', &change.from), ('+', &change.to)] {
            if let Some(value) = value {
                let _ = writeln!(lines, "{sign} {value}");
            }
        }
    }
    let mappings = &group.mappings;
    let same: Vec<String> = group.same.iter().map(|name| code_span(name)).collect();
    let same = if same.is_empty() { String::new() } else { format!("\nSame: {}\n", shortened(&same)) };
    let number = ui::count(mappings.len(), "mapping");
    let nodes = nodes(mappings).map(|nodes| format!(", {nodes}")).unwrap_or_default();
    format!("\n**{number}{nodes}**: {}\n\n{}{same}", listed(mappings, code_span), code_block("diff", &lines))
}

fn diff(group: &DiffGroup) -> String {
    let (shown, more) = first_lines(&group.diff);
    let names = listed(&group.mappings, html_code);
    let block = code_block("diff", &format!("{shown}{more}"));
    // The blank line ends the HTML, in which there is no Markdown.
    format!("\n<details><summary>{}: {names}</summary>\n\n{block}\n</details>\n", head(group))
}
