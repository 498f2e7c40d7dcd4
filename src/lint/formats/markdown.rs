//! Markdown, for the summary of a job or a comment.

use std::fmt::Write as _;

use super::located::LocatedFinding;
use crate::lint::LintResult;
use crate::lint::page::severity;
use crate::vocabulary::{Severity, SourceMap};

/// Returns a table of the findings, below a line with their number.
pub fn markdown(result: &LintResult, sources: &SourceMap) -> String {
    let [errors, warnings] = [(Severity::Error, "error"), (Severity::Warning, "warning")].map(|(severity, noun)| {
        let number = result.count(severity);
        format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
    });
    let mut text = format!("### kmodgen lint: {errors}, {warnings}\n");
    if result.findings.is_empty() {
        return text;
    }
    text.push_str("\n| Severity | Rule | Place | Finding |\n| --- | --- | --- | --- |\n");
    for found in &result.findings {
        let located = LocatedFinding::of(found, sources);
        let name = located.rule.map_or("", |rule| rule.name);
        let place = located.file.map_or(String::new(), |file| format!("`{}:{}`", cell(file), located.start.0));
        let help: String = found.help.iter().map(|help| format!("<br>{}", cell(help))).collect();
        let (level, message) = (severity(found.severity), cell(&found.message));
        let _ = writeln!(text, "| {level} | {} {name} | {place} | {message}{help} |", found.code);
    }
    text
}

/// Escapes a text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace(['\n', '\r'], " ")
}
