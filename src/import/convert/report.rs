//! Report on each line, and both Dockerfiles side by side.

use std::fmt::Write as _;

use dockerfile_reader::{Dockerfile, Span};

use super::draft::{Draft, Fate, Part};
use super::{Conversion, Request};

/// Characters of each of two columns.
const WIDTH: usize = 78;

/// The parts of a Dockerfile in order: one for each line, and one for each command that starts in it.
pub(super) fn parts(draft: &Draft, dockerfile: &Dockerfile<'_>) -> Vec<Part> {
    let mut fates: Vec<&(Span, Fate)> = draft.fates.iter().collect();
    fates.sort_by_key(|(span, _)| span.start);
    let mut parts = Vec::new();
    let (mut start, mut next) = (0, 0);
    for (number, text) in dockerfile.text.split('\n').enumerate() {
        let end = start + text.len();
        let line = number + 1;
        let first = next;
        while fates.get(next).is_some_and(|(span, _)| span.start <= end) {
            next += 1;
        }
        let started = fates.get(first..next).unwrap_or_default();
        // A line without a start is a part of what started before.
        let before = first.checked_sub(1).and_then(|last| fates.get(last)).filter(|(span, _)| span.end > start);
        let text = text.trim_end_matches('\r');
        if started.is_empty() {
            let is_comment = dockerfile.comments.iter().any(|comment| comment.start >= start && comment.end <= end);
            let fate = before.filter(|_| !is_comment && !text.trim().is_empty()).map(|(_, fate)| fate.clone());
            parts.push(Part { line, text: text.to_owned(), fate });
        }
        for (span, fate) in started {
            let own =
                if started.len() > 1 { span.of(dockerfile.text).lines().next().unwrap_or_default() } else { text };
            parts.push(Part { line, text: own.to_owned(), fate: Some(fate.clone()) });
        }
        start = end + 1;
    }
    parts
}

/// Writes the report.
pub(super) fn text(conversion: &Conversion, request: &Request<'_>, generated: &str) -> String {
    let file: String = request.file.escape_debug().collect();
    let mut out = format!("What happened to each line of {file}:\n\n");
    for part in &conversion.parts {
        let line = format!("{:>4}  {:<WIDTH$}  {}", part.line, cut(&part.text), shown(part));
        out += line.trim_end();
        out.push('\n');
    }
    if !conversion.gaps.is_empty() {
        out += "\nTo complete or check:\n\n";
        for gap in &conversion.gaps {
            let _ = writeln!(out, "- {gap}");
        }
    }
    let _ = writeln!(out, "\n{} beside the generated Dockerfile:\n", file);
    let (mut old, mut new) = (request.dockerfile.lines(), generated.lines());
    loop {
        let (left, right) = (old.next(), new.next());
        if left.is_none() && right.is_none() {
            return out;
        }
        let row = format!("{:<WIDTH$} | {}", cut(left.unwrap_or_default()), cut(right.unwrap_or_default()));
        out += row.trim_end();
        out.push('\n');
    }
}

fn shown(part: &Part) -> String {
    match &part.fate {
        Some(Fate::Field(field)) => format!("field {field}"),
        Some(Fate::Block(block)) => format!("stays, in block {block}"),
        Some(Fate::Done(what)) => format!("kmodgen {what}"),
        Some(Fate::Dropped(reason)) => format!("left out: {reason}"),
        None => String::new(),
    }
}

/// The start of a line, without tabs.
fn cut(line: &str) -> String {
    let line = line.replace('\t', "    ");
    if line.chars().count() <= WIDTH { line } else { line.chars().take(WIDTH - 1).chain(['…']).collect() }
}
