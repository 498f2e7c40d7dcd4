//! Documents of a text: one, several YAML documents, or JSON values one after the other, as `jq` and `-o json` in a
//! loop print them.

use std::ops::Range;
use std::sync::Arc;

use kmodgen_yaml::{Entry, Node, Value};
use serde::de::IgnoredAny;

use crate::vocabulary::{Diagnostic, SourceId, Span};

/// One document of a text, or everything that is wrong with it.
pub type Document = Result<Arc<Node>, Vec<Diagnostic>>;

/// Reads all documents of a text, one after the other; one that holds nothing is left out.
pub fn read_each(source: SourceId, text: &str) -> impl Iterator<Item = Document> + '_ {
    let parts = json_values(text).unwrap_or_else(|| yaml_documents(text));
    parts.into_iter().filter_map(move |part| {
        let start = part.start;
        match kmodgen_yaml::read_merging(source, &text[part]) {
            Ok(node) => node.map(|node| Ok(if start == 0 { node } else { moved(&node, start) })),
            Err(errors) => Some(Err(errors.into_iter().map(|error| diagnose(error, start)).collect())),
        }
    })
}

/// Reads all documents of a text; one that holds nothing is left out.
///
/// # Errors
/// Everything that is wrong with the first document that cannot be read.
pub fn read_all(source: SourceId, text: &str) -> Result<Vec<Arc<Node>>, Vec<Diagnostic>> {
    read_each(source, text).collect()
}

/// Reports an error of a document that starts at an offset of the text.
fn diagnose(error: kmodgen_yaml::Error, start: usize) -> Diagnostic {
    let mut diagnostic = Diagnostic::from(error);
    diagnostic.labels.iter_mut().for_each(|label| label.span = span_moved(label.span, start));
    diagnostic
}

/// The places of JSON values, if the text is nothing but several of them.
fn json_values(text: &str) -> Option<Vec<Range<usize>>> {
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    if !text[start..].trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<IgnoredAny>();
    let (mut parts, mut from) = (Vec::new(), start);
    while let Some(value) = values.next() {
        value.ok()?;
        let end = start + values.byte_offset();
        parts.push(from..end);
        from = end;
    }
    (parts.len() > 1).then_some(parts)
}

/// The places of YAML documents, each with the marker before it. What is before the first marker belongs
/// to the first document unless there is content in it.
fn yaml_documents(text: &str) -> Vec<Range<usize>> {
    let (mut parts, mut from, mut at, mut has_content) = (Vec::new(), 0, 0, false);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let starts_document = is_marker(line, "---");
        if starts_document && has_content {
            parts.push(from..at);
            (from, has_content) = (at, false);
        } else if is_marker(line, "...") {
            parts.push(from..end);
            (from, has_content) = (end, false);
            at = end;
            continue;
        }
        let written = line.trim_start_matches('\u{feff}').trim();
        // A document that is nothing but its marker is one, too.
        has_content |= starts_document || !(written.is_empty() || written.starts_with(['#', '%']));
        at = end;
    }
    parts.push(from..text.len());
    parts
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// A tree whose places are `by` bytes further on.
fn moved(node: &Node, by: usize) -> Arc<Node> {
    let value = match &node.value {
        Value::Scalar(scalar) => Value::Scalar(scalar.clone()),
        Value::Sequence(items) => Value::Sequence(items.iter().map(|item| moved(item, by)).collect()),
        Value::Mapping(entries) => {
            let entries = entries.iter().map(|Entry { key, value }| {
                let mut key = key.clone();
                key.span = span_moved(key.span, by);
                Entry { key, value: moved(value, by) }
            });
            Value::Mapping(entries.collect())
        }
    };
    Arc::new(Node { span: span_moved(node.span, by), value })
}

fn span_moved(span: Span, by: usize) -> Span {
    Span { start: span.start + by, end: span.end + by, ..span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::SourceMap;

    /// The documents' texts, as their spans have them in the whole.
    fn documents(text: &str) -> Vec<String> {
        let read = read_all(SourceMap::default().add("input", text), text).unwrap();
        read.iter().map(|node| text[node.span.start..node.span.end].trim().to_owned()).collect()
    }

    #[test]
    fn documents_are_read_at_their_places() {
        for (text, expected) in [
            ("{\"a\": 1}\n{\"b\": 2}\n", vec!["{\"a\": 1}", "{\"b\": 2}"]),
            ("\u{feff}{\"a\": 1}{\"b\": [2]}", vec!["{\"a\": 1}", "{\"b\": [2]}"]),
            ("\"x\"\r\n\"y\"\r\n", vec!["\"x\"", "\"y\""]),
            ("[1]\n\n[2]", vec!["[1]", "[2]"]),
            ("---\n- x\n---\n- y\n---\n", vec!["- x", "- y"]),
            ("# one\n%YAML 1.2\n---\n- x\n...\n# two\n---\n- y\n", vec!["- x", "- y"]),
            ("- x\n--- \r\n- y\r\n", vec!["- x", "- y"]),
            ("{a: 1}\n", vec!["{a: 1}"]),
            ("---\n", vec![]),
        ] {
            assert_eq!(documents(text), expected, "{text:?}");
        }
    }

    #[test]
    fn faults_are_at_their_places() {
        let text = "a: 1\n---\nb: *none\n";
        let faults = read_all(SourceMap::default().add("input", text), text).unwrap_err();
        assert_eq!(&text[faults[0].labels[0].span.start..], "*none\n");
    }
}
