//! Documentation of the rules, made of their declarations.

use std::fmt::Write as _;

use super::registry::RULES;
use super::rule::Rule;
use crate::vocabulary::Severity;

/// Returns the word for a severity.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Files of an example, each with its path; a Dockerfile if it says nothing.
pub(super) fn files(text: &str) -> Vec<(&str, &str)> {
    let Some(rest) = text.strip_prefix("=== ") else { return vec![("Dockerfile", text)] };
    let parts = rest.split("\n=== ").filter_map(|part| part.split_once('\n'));
    parts.collect()
}

/// Returns the page of a rule.
pub fn page(rule: &Rule) -> String {
    let mut page = format!("# {}: {}\n\n{}.\n\n", rule.id, rule.name, rule.summary);
    let subject = rule.check.subject();
    let _ = writeln!(page, "| Severity | Checks |\n| --- | --- |\n| {} | {subject} |\n", severity(rule.severity));
    let _ = writeln!(page, "{}\n\n## Wrong\n\nThe finding is in line {}.\n", wrapped(rule.why), rule.wrong.line);
    blocks(rule.wrong.text, &mut page);
    page.push_str("## Right\n\n");
    blocks(rule.right, &mut page);
    let _ = writeln!(page, "[All rules](README.md#rules) · [Allow a finding](README.md#allow-a-finding)");
    page
}

fn blocks(text: &str, page: &mut String) {
    for (path, text) in files(text) {
        let language = match path.rsplit('.').next() {
            Some("yaml" | "yml") => "yaml",
            _ if path.contains("ockerfile") => "dockerfile",
            _ => "text",
        };
        let _ = writeln!(page, "`{path}`:\n\n```{language}\n{}\n```\n", shortened(text));
    }
}

/// Cuts lines and texts that are long on purpose.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    const MOST: usize = 60;
    let lines = text.trim_end_matches('\n').lines().map(|line| match line.char_indices().nth(LONGEST) {
        Some(_) => format!("{}…", line.chars().take(LONGEST / 3).collect::<String>()),
        None => line.to_owned(),
    });
    let mut lines: Vec<String> = lines.collect();
    if lines.len() > MOST {
        let last = lines.split_off(lines.len() - 2);
        lines.truncate(MOST / 6);
        lines.push("# …".to_owned());
        lines.extend(last);
    }
    lines.join("\n")
}

/// Returns the tables of all rules, for the index.
pub fn index() -> String {
    let mut table = String::from("| Rule | Severity | Finding |\n| --- | --- | --- |\n");
    for rule in RULES {
        let Rule { id, name, summary, .. } = rule;
        let summary = summary.replace('|', "\\|");
        let _ = writeln!(table, "| [{id}]({id}.md) `{name}` | {} | {summary} |", severity(rule.severity));
    }
    table
}

/// Breaks a text into lines of at most 120 characters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= 120 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
