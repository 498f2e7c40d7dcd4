//! JSON for scripts.

use serde::Serialize;

use super::located::LocatedFinding;
use crate::lint::LintResult;
use crate::lint::page::severity;
use crate::vocabulary::{Severity, SourceMap};

/// Version of the document's form; keys may be added without another one.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct LintDocument<'f> {
    version: u32,
    summary: LintSummary,
    findings: Vec<FindingEntry<'f>>,
}

#[derive(Serialize)]
struct LintSummary {
    dockerfiles: usize,
    modules: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    allowed: usize,
    not_shown: usize,
}

#[derive(Serialize)]
struct FindingEntry<'f> {
    rule: &'f str,
    name: &'f str,
    severity: &'f str,
    message: &'f str,
    help: &'f [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'f str>,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: String,
}

/// Returns the document.
pub fn json(result: &LintResult, sources: &SourceMap) -> String {
    let findings = result.findings.iter().map(|found| entry(LocatedFinding::of(found, sources))).collect();
    let summary = LintSummary {
        dockerfiles: result.checked.dockerfiles,
        modules: result.checked.modules,
        errors: result.count(Severity::Error),
        warnings: result.count(Severity::Warning),
        notes: result.count(Severity::Note),
        allowed: result.allowed,
        not_shown: result.dropped,
    };
    let document = LintDocument { version: VERSION, summary, findings };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn entry(located: LocatedFinding<'_>) -> FindingEntry<'_> {
    FindingEntry {
        rule: located.found.code,
        name: located.rule.map_or("", |rule| rule.name),
        severity: severity(located.found.severity),
        message: &located.found.message,
        help: &located.found.help,
        file: located.file,
        line: located.start.0,
        column: located.start.1,
        end_line: located.end.0,
        end_column: located.end.1,
        text: located.line,
    }
}
