//! Annotations of GitHub Actions.

use super::located::LocatedFinding;
use crate::lint::LintResult;
use crate::vocabulary::{Severity, SourceMap};

/// Returns a line for each finding, which GitHub shows beside the line of the file.
pub fn github(result: &LintResult, sources: &SourceMap) -> String {
    result.findings.iter().map(|found| line(&LocatedFinding::of(found, sources))).collect()
}

fn line(located: &LocatedFinding<'_>) -> String {
    let command = match located.found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let (line, column) = located.start;
    let place = located.file.map(|file| {
        let file = property(file.trim_start_matches("./"));
        format!("file={file},line={line},endLine={},col={column},", located.end.0)
    });
    let title = located.rule.map_or(String::new(), |rule| format!(" {}", rule.name));
    let title = property(&format!("{}{title}", located.found.code));
    format!("::{command} {}title={title}::{}\n", place.unwrap_or_default(), data(&located.text()))
}

/// Escapes a text as the workflow commands of GitHub Actions require.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
