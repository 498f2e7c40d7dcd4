//! Rules of `kmodgen lint` on the Dockerfiles of templates that users wrote.

use std::ops::Range;

use super::{Inputs, Mapping};
use crate::lint::dockerfile_errors;
use crate::manifest::{AllowedRule, TemplateName};
use crate::template::TemplateFault;
use crate::vocabulary::Diagnostic;

/// Shortest part of a template's line, between its tags, that is enough to recognise the line.
const SHORTEST: usize = 4;

/// Starts and ends of a template's tags.
const TAGS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];

/// Checks the Dockerfile of a mapping; returns what makes its build or the load of its image fail. Built-in templates are
/// not checked: tests hold them to the rules.
pub(super) fn check(mapping: &Mapping<'_>, dockerfile: &str, inputs: &Inputs<'_>) -> Vec<TemplateFault> {
    let TemplateName::File(path) = &mapping.resolved.template else { return Vec::new() };
    let rules = inputs.manifest.lint.allow.iter();
    let allowed: Vec<&AllowedRule> = rules.filter(|rule| rule.is_about(Some(path.as_str()))).collect();
    let errors = dockerfile_errors(dockerfile, mapping.is_built_by_kmm(), &allowed);
    if errors.is_empty() {
        return Vec::new();
    }
    let template = inputs.templates.read(path).ok().and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    errors.into_iter().map(|error| fault(error, path.as_str(), template.as_deref(), dockerfile)).collect()
}

fn fault(error: Diagnostic, path: &str, template: Option<&str>, dockerfile: &str) -> TemplateFault {
    let at = error.labels.first().map_or(0, |label| label.span.start);
    let start = dockerfile[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = dockerfile[start..].lines().next().unwrap_or_default();
    let range = template.and_then(|template| origin(template, line));
    let place = if range.is_none() { format!(", in `{}`", line.trim().escape_debug()) } else { String::new() };
    TemplateFault {
        name: path.to_owned(),
        text: template.filter(|_| range.is_some()).map(str::to_owned),
        range,
        message: format!("{}{place}", error.message),
        help: error.help.into_iter().next(),
        rule: Some(error.code),
        limit: false,
    }
}

/// Finds the line of a template that a line of its Dockerfile comes from.
fn origin(template: &str, line: &str) -> Option<Range<usize>> {
    let line = line.trim();
    let mut start = 0;
    for written in template.split_inclusive('\n') {
        let content = written.trim();
        if is_from(line, content) {
            let from = start + written.find(content)?;
            return Some(from..from + content.len());
        }
        start += written.len();
    }
    None
}

/// Returns whether a line starts, goes on and ends with the parts of a template's line that are outside of tags.
fn is_from(line: &str, written: &str) -> bool {
    let parts = parts(written);
    let Some((last, before)) = parts.split_last() else { return false };
    if parts.iter().map(|part| part.trim().len()).max() < Some(SHORTEST) {
        return false;
    }
    let Some(first) = before.first() else { return line == *last };
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    for part in &before[1..] {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// Returns the parts of a template's line before, between and after its tags.
fn parts(line: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), line);
    while let Some(start) = TAGS.iter().filter_map(|(start, _)| rest.find(start)).min() {
        let (part, tag) = rest.split_at(start);
        let end = TAGS.iter().filter(|(start, _)| tag.starts_with(start)).find_map(|(_, end)| tag.find(end));
        let Some(end) = end else { break };
        parts.push(part);
        rest = &tag[end + 2..];
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_in_their_template() {
        let template =
            "FROM {{ builder }} AS builder\n{% if x %}\n  RUN depmod -b /opt {{ a }}x\n{% endif %}\nRUN make\n";
        let found = |line: &str| origin(template, line).map(|range| &template[range]);
        assert_eq!(found("FROM quay.io/a:1 AS builder"), Some("FROM {{ builder }} AS builder"));
        assert_eq!(found("RUN depmod -b /opt 5.14x"), Some("RUN depmod -b /opt {{ a }}x"));
        assert_eq!(found("RUN make"), Some("RUN make"));
        for other in ["RUN make all", "FROM quay.io/a:1", "RUN echo depmod -b /opt x", ""] {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
