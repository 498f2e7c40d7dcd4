//! Comments that allow a finding: `# kmodgen: allow KMG101: the reason`.
//!
//! A comment at the end of a line is about that line. One on a line of its own is about the next line that is no
//! comment, with the lines that continue it after a `\`, such as the rest of an instruction of a Dockerfile.

use std::ops::RangeInclusive;

use memchr::memmem;

use super::own_rules::{UNUSED, WITHOUT_REASON};
use super::registry::{RULES, by_id};
use super::rule::finding;
use crate::vocabulary::{Diagnostic, SourceFile, SourceId, Span, nearest};

/// Start of a comment that allows findings, after `#`.
const START: &str = "kmodgen: allow";

/// Most comments of one file that are read; a file with more is none that a person wrote.
const MOST: usize = 10_000;

/// A comment that allows findings of one rule.
#[derive(Debug)]
pub(super) struct Allow {
    id: String,
    /// Place of the id.
    span: Span,
    lines: RangeInclusive<usize>,
    has_reason: bool,
    used: bool,
}

/// Reads the comments of a file.
pub(super) fn read(source: SourceId, file: &SourceFile) -> Vec<Allow> {
    let text = &*file.text;
    let mut allows = Vec::new();
    // Lines are counted once, from comment to comment.
    let (mut line, mut counted) = (1, 0);
    for at in memmem::find_iter(text.as_bytes(), START).take(MOST) {
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..at]).count();
        counted = at;
        let start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1);
        let before = text[start..at].trim_end();
        if !before.ends_with('#') {
            continue;
        }
        let is_alone = before.trim_start().trim_start_matches('#').is_empty();
        let rest = text[at + START.len()..].split(['\n', '\r']).next().unwrap_or_default();
        let (ids, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let lines = if is_alone { line..=target(&text[at..], line) } else { line..=line };
        let mut from = 0;
        for id in ids.split([',', ' ', '\t']) {
            let place = at + START.len() + from;
            from += id.len() + 1;
            if !id.is_empty() {
                let span = Span::new(source, place, place + id.len());
                let has_reason = !reason.trim().is_empty();
                allows.push(Allow { id: id.to_owned(), span, lines: lines.clone(), has_reason, used: false });
            }
        }
    }
    allows
}

/// Returns the last line that a comment on a line of its own is about, given the text from the comment on.
fn target(text: &str, line: usize) -> usize {
    /// An instruction of more lines is no longer one that a person reads.
    const MOST_LINES: usize = 2000;
    let mut last = line;
    for (below, text) in (line + 1..).zip(text.split('\n').skip(1).take(MOST_LINES)) {
        last = below;
        let written = text.trim();
        let goes_on = written.is_empty() || written.starts_with('#') || written.ends_with('\\');
        if !goes_on {
            break;
        }
    }
    last
}

/// Removes the findings that comments of their file allow, all of one file; returns what is wrong with the comments.
pub(super) fn apply(findings: &mut Vec<Diagnostic>, allows: &mut [Allow], file: &SourceFile) -> Vec<Diagnostic> {
    if allows.is_empty() {
        return Vec::new();
    }
    findings.retain(|found| {
        let Some(label) = found.labels.first() else { return true };
        let line = file.position(label.span.start).0;
        let mut is_allowed = false;
        for allow in allows.iter_mut().filter(|allow| allow.id == found.code && allow.lines.contains(&line)) {
            allow.used = true;
            is_allowed |= allow.has_reason;
        }
        !is_allowed
    });
    allows.iter().filter_map(fault).collect()
}

fn fault(allow: &Allow) -> Option<Diagnostic> {
    let id = allow.id.as_str();
    let shown = id.escape_debug();
    if by_id(id).is_none() {
        let fault = finding(&UNUSED, allow.span, format!("there is no rule `{shown}`"));
        return Some(match nearest(id, RULES.iter().map(|rule| rule.id)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("write an id such as KMG101, a `:` and the reason"),
        });
    }
    if !allow.has_reason {
        let fault = finding(&WITHOUT_REASON, allow.span, format!("`{shown}` is allowed without a reason"));
        return Some(fault.help(format!("write `# {START} {shown}: REASON`")));
    }
    let unused = finding(&UNUSED, allow.span, format!("`{shown}` has no finding here"));
    (!allow.used).then(|| unused.help("remove the comment"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::SourceMap;

    fn lines(text: &str) -> Vec<(String, RangeInclusive<usize>, bool)> {
        let mut sources = SourceMap::default();
        let id = sources.add("Dockerfile", text);
        let allows = read(id, sources.get(id).unwrap());
        allows.into_iter().map(|allow| (allow.id, allow.lines, allow.has_reason)).collect()
    }

    #[test]
    fn comments_are_about_the_instruction_below() {
        let text = "FROM a\n\n# kmodgen: allow KMG101, KMG102: why\n# another\nRUN a && \\\n  b\nRUN c\n";
        assert_eq!(lines(text), [("KMG101".into(), 3..=6, true), ("KMG102".into(), 3..=6, true)]);
        assert_eq!(lines("a: b # kmodgen: allow KMG201\nc: d\n"), [("KMG201".into(), 1..=1, false)]);
        assert_eq!(lines("RUN echo 'kmodgen: allow KMG101: no comment'\n"), []);
    }
}
