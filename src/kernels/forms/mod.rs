//! The forms that inputs have, one file each. Which one an input is of, its content tells.
//!
//! JSON is read by the project's YAML reader, of which it is a part: every message has the place that
//! it is about, texts keep their letters (`kernelversion` is a number here and a text there), bombs
//! are bounded, and `-o yaml` is read by the same code. It takes a tenth of what parsing and printing
//! the list in Python does; a JSON parser would be faster still, and would know no places.

mod config_map;
mod crawler;
mod image_stream;
mod nodes;
mod plain;
mod release_info;
mod release_list;
mod release_text;
mod table;
mod toolkit_release;

use std::sync::Arc;

use kmodgen_yaml::{Node, Value};

pub(super) use release_info::is_toolkit;

use super::reading::{Reading, at};
use crate::documents;
use crate::vocabulary::{Diagnostic, Invalid, SourceId, Span};

/// The forms of inputs, for a message.
const FORMS: &str = "supported inputs: nodes, the ImageStream `driver-toolkit`, `oc adm release info`, each with `-o json` \
                     or `-o yaml`; tables of nodes; the release.txt of a mirror; driver-toolkit-release.json; a list \
                     of OpenShift releases with `version` and `dtk`; a ConfigMap of OS versions and digests; \
                     kernel-crawler's list.json; kernel releases as text or as a list of strings";

/// The repository of OpenShift's own images, for inputs that have digests alone.
const OPENSHIFT_IMAGES: &str = "quay.io/openshift-release-dev/ocp-v4.0-art-dev";

/// Depth to which lists of lists are read.
const DEPTH: usize = 8;

/// Reads an input of any form.
pub(super) fn read(source: SourceId, text: &str, reading: &mut Reading<'_>) {
    let start = text.len() - text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).len();
    let here = Span::new(source, start, text[start..].find('\n').map_or(text.len(), |end| start + end));
    if text[start..].is_empty() {
        let advice = "the command that writes it failed or printed nothing";
        return reading.tell(Diagnostic::error("empty-input", "the input is empty").at(here, "").help(advice));
    }
    if text[start..].starts_with('<') {
        let advice = "a server sent a web page, for example a login page: read it";
        let message = "this is HTML or XML";
        return reading.tell(Diagnostic::error("unknown-input", message).at(here, "").help(advice));
    }
    if release_text::is_one(text) {
        return release_text::read(source, text, reading);
    }
    if table::is_one(plain::first(text)) {
        return table::read(source, text, reading);
    }
    if plain::is_one(text) {
        return plain::read(source, text, reading);
    }
    match documents::read_all(source, text) {
        Ok(nodes) if nodes.is_empty() => reading.fault(here, Invalid::new("it contains only comments")),
        Ok(nodes) => nodes.iter().for_each(|node| {
            let span = node.span;
            let line = text[span.start..span.end].find('\n').map_or(span.end, |end| span.start + end);
            read_node(node, Span { end: line, ..span }, DEPTH, reading);
        }),
        Err(faults) => match broken_json(source, text, start) {
            Some(fault) => reading.tell(fault),
            None => faults.into_iter().for_each(|fault| reading.tell(fault)),
        },
    }
}

/// Describes the fault in a text that starts like JSON, in the words of JSON.
fn broken_json(source: SourceId, text: &str, start: usize) -> Option<Diagnostic> {
    if !text[start..].starts_with(['{', '[']) {
        return None;
    }
    let values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<serde::de::IgnoredAny>();
    let error = values.filter_map(Result::err).next()?;
    if error.is_eof() {
        let last = text.trim_end().len();
        let at = Span::new(source, text[..last].char_indices().next_back().map_or(0, |(at, _)| at), last);
        let fault = Diagnostic::error("truncated-input", "the JSON is truncated").at(at, "here");
        return Some(fault.help("write it again, and check that the command succeeds"));
    }
    let line = text[start..].split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let mut at = (start + line + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    Some(Diagnostic::error("broken-input", format!("this is not JSON: {words}")).at(Span::new(source, at, at), ""))
}

fn read_node(node: &Node, here: Span, depth: usize, reading: &mut Reading<'_>) {
    match &node.value {
        Value::Scalar(_) => return read_release(node, reading),
        Value::Sequence(items) if release_list::is_one(items) => return release_list::read(items, reading),
        Value::Sequence(items) if is_list(items) => return read_list(items, here, depth, reading),
        Value::Sequence(_) => {}
        Value::Mapping(_) if node.get("kind").is_some() => return read_object(node, here, reading),
        Value::Mapping(_) if nodes::is_one(node) => return nodes::read(node, reading),
        Value::Mapping(_) if nodes::is_info(node) => return nodes::read_bare_info(node, reading),
        Value::Mapping(_) if toolkit_release::is_one(node) => return toolkit_release::read(node, reading),
        Value::Mapping(_) if release_info::is_one(node) => return release_info::read(node, reading),
        Value::Mapping(entries) if crawler::is_one(entries) => return crawler::read(entries, reading),
        Value::Mapping(_) => {
            if let Some(items) = node.get("items").and_then(|items| items.as_sequence()) {
                return read_list(items, here, depth, reading);
            }
        }
    }
    if node.get("kernels").is_some() {
        let fault = Diagnostic::error("unknown-input", "this is already a list of kernels").at(here, "");
        return reading.tell(fault.help("to update it, pass it with `--merge`"));
    }
    let message = "this is not a supported input";
    reading.tell(Diagnostic::error("unknown-input", message).at(here, "").help(FORMS));
}

/// Reads a scalar as a kernel's release.
fn read_release(node: &Node, reading: &mut Reading<'_>) {
    let Some(text) = reading.text(node, "a kernel release") else { return };
    if let Some(release) = reading.release(&text, node.span) {
        reading.list(release, None);
    }
}

/// Checks whether a list is empty, or one of releases or objects.
fn is_list(items: &[Arc<Node>]) -> bool {
    items.first().is_none_or(|item| match &item.value {
        Value::Scalar(_) | Value::Sequence(_) => true,
        Value::Mapping(_) => {
            item.get("kind").is_some() || item.get("items").is_some() || nodes::is_one(item) || nodes::is_info(item)
        }
    })
}

/// Reads a list that has no kind.
fn read_list(items: &[Arc<Node>], here: Span, depth: usize, reading: &mut Reading<'_>) {
    if items.is_empty() {
        let fault = Diagnostic::error("empty-input", "this list is empty").at(here, "");
        return reading.tell(fault.help("the cluster has no nodes, or you have no access to them"));
    }
    let Some(depth) = depth.checked_sub(1) else {
        let fault = Diagnostic::error("unknown-input", "these lists are nested too deeply").at(here, "");
        return reading.tell(fault.help(FORMS));
    };
    for item in items {
        read_node(item, Span { end: item.span.start, ..item.span }, depth, reading);
    }
}

/// Reads a Kubernetes object, or a list of them.
fn read_object(node: &Node, here: Span, reading: &mut Reading<'_>) {
    let kind = reading.find(node, &["kind"]).unwrap_or_default();
    if kind == "Status" {
        let said = reading.find(node, &["message"]).unwrap_or_default();
        let fault =
            Diagnostic::error("unknown-input", format!("this is an error message of the cluster: {said}")).at(here, "");
        return reading.tell(fault);
    }
    let Some(items) = kind.ends_with("List").then(|| at(node, &["items"]).and_then(Node::as_sequence)) else {
        if !read_item(&kind, node, reading) {
            let message = format!("this {kind} is not a supported input");
            reading.tell(Diagnostic::error("unknown-input", message).at(here, "").help(FORMS));
        }
        return;
    };
    let items = items.unwrap_or_default();
    if items.is_empty() {
        let fault = Diagnostic::error("empty-input", format!("this {kind} has no items")).at(here, "");
        return reading.tell(fault.help("the cluster has none, or you have no access to them"));
    }
    let implied = kind.trim_end_matches("List");
    let mut known = false;
    for item in items {
        let own = reading.find(item, &["kind"]);
        known |= read_item(own.as_deref().unwrap_or(implied), item, reading);
    }
    if !known {
        let message = format!("no item of this {kind} is a supported input");
        reading.tell(Diagnostic::error("unknown-input", message).at(here, "").help(FORMS));
    }
}

/// Reads one object; says whether it is one that matters.
fn read_item(kind: &str, node: &Node, reading: &mut Reading<'_>) -> bool {
    match kind {
        "Node" => {
            nodes::read(node, reading);
            true
        }
        "ImageStream" => image_stream::read(node, reading),
        "ConfigMap" => config_map::read(node, reading),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::kernels::Import;
    use crate::kernels::testing::input;
    use crate::manifest::Selection;
    use crate::vocabulary::{Diagnostics, SourceMap};

    #[test]
    fn a_fault_is_at_the_document_that_it_is_about() {
        for text in ["# some\n---\na: 1\nb: 2\n", "- 6.1.0-1-amd64\n---\na: 1\nb: 2\n", "\n\na: 1\nb: 2\n"] {
            let mut faults = Diagnostics::default();
            let selection = Selection::default();
            let import = Import::read(vec![input(text)], &selection, false, &mut SourceMap::default(), &mut faults);
            let faults = faults.into_sorted();
            assert!(import.is_none() && faults.len() == 1, "{faults:?}");
            let span = faults[0].labels[0].span;
            assert_eq!(&text[span.start..span.end], "a: 1");
        }
    }
}
