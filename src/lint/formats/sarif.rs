//! SARIF 2.1.0, which code hosts show beside the lines of a pull request.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::located::LocatedFinding;
use crate::lint::page::severity;
use crate::lint::registry::RULES;
use crate::lint::{LintResult, Rule};
use crate::vocabulary::SourceMap;

/// Returns the log of one run.
pub fn sarif(result: &LintResult, sources: &SourceMap) -> String {
    let results: Vec<Value> = result.findings.iter().map(|found| entry(&LocatedFinding::of(found, sources))).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kmodgen",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": format!("{}.", rule.summary)},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.why},
        "defaultConfiguration": {"level": severity(rule.severity)},
    })
}

fn entry(located: &LocatedFinding<'_>) -> Value {
    let mut entry = json!({
        "ruleId": located.found.code,
        "level": severity(located.found.severity),
        "message": {"text": located.text()},
    });
    if let Some(index) = RULES.iter().position(|rule| rule.id == located.found.code) {
        entry["ruleIndex"] = index.into();
    }
    if let Some(file) = located.file {
        let ((line, column), (end_line, end_column)) = (located.start, located.end);
        entry["locations"] = json!([{"physicalLocation": {
            "artifactLocation": {"uri": uri(file)},
            "region": {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column},
        }}]);
    }
    entry
}

/// Returns a path as a relative URI.
fn uri(path: &str) -> String {
    let path = path.trim_start_matches("./");
    path.bytes().fold(String::new(), |mut uri, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte.into()),
            _ => drop(write!(uri, "%{byte:02X}")),
        }
        uri
    })
}
