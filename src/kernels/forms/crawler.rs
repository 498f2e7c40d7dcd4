//! The list.json of kernel-crawler: the kernels whose headers distributions serve, by distribution.

use kmodgen_yaml::{Entry, Node};

use crate::kernels::facts::{Mention, MentionKind};
use crate::kernels::reading::Reading;
use crate::vocabulary::{architecture, architecture_of};

/// Checks whether the entries of a map have this form: each value is a list of kernels, empty or null, and one
/// is not.
pub(super) fn is_one(entries: &[Entry]) -> bool {
    fn is_list_or_null(value: &Node) -> bool {
        value.as_sequence().is_some() || value.as_scalar().is_some_and(kmodgen_yaml::Scalar::is_null)
    }
    let firsts: Vec<_> = entries.iter().filter_map(|entry| entry.value.as_sequence()?.first()).collect();
    entries.iter().all(|entry| is_list_or_null(&entry.value))
        && !firsts.is_empty()
        && firsts.iter().all(|item| is_kernel(item))
}

fn is_kernel(node: &Node) -> bool {
    node.get("kernelrelease").is_some()
}

/// Reads one. `kernelversion` is a number for some distributions and a text for others, and says
/// nothing that the release does not.
pub(super) fn read(distributions: &[Entry], reading: &mut Reading<'_>) {
    for Entry { key, value } in distributions {
        let Some(distribution) = reading.key(key, "the name of a distribution") else { continue };
        for kernel in value.as_sequence().unwrap_or_default() {
            let whose = format!("a kernel of {distribution}");
            let Some(text) = reading.need(kernel, &["kernelrelease"], &whose, "each kernel has one") else { continue };
            let Some(release) = reading.release(&text.value, text.span) else { continue };
            let architecture = architecture_of(&text.value).or_else(|| architecture_of_headers(kernel));
            reading.facts.mentions.push(Mention {
                release,
                architecture,
                os: None,
                system: None,
                distribution: Some(distribution.clone()),
                kind: MentionKind::List,
                origin: "kernel-crawler".into(),
            });
        }
    }
}

/// The one architecture that the packages of headers name, for releases that do not: those of Ubuntu.
fn architecture_of_headers(kernel: &Node) -> Option<&'static str> {
    let urls = kernel.get("headers")?.as_sequence()?.iter().filter_map(|url| url.as_scalar());
    let words = urls.flat_map(|url| url.text.split(['/', '_', '-', '.'])).filter_map(architecture);
    let mut found = None;
    for word in words {
        if found.is_some_and(|other| other != word) {
            return None;
        }
        found = Some(word);
    }
    found
}
