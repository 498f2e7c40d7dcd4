//! Sources that have the files of others in them.

use std::collections::BTreeMap;

use super::{Inner, Origin, Source};
use crate::vocabulary::{Diagnostic, Diagnostics, SourceName, nearest};

/// Checks that each file is in another source, and none, over others, in itself.
pub(super) fn check(names: &[&str], sources: &BTreeMap<SourceName, Source>, faults: &mut Diagnostics) {
    for (name, source) in sources {
        let Some(inner) = source.inner() else { continue };
        let container = &inner.container;
        if !names.contains(&container.as_str()) {
            let fault = Diagnostic::error("unknown-source", format!("there is no source `{}`", container.value));
            let fault = fault.at(container.span, "");
            faults.push(match nearest(container.as_str(), names.iter().copied()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help("declare it under `sources`"),
            });
        }
        let outer =
            std::iter::successors(Some(&container.value), |name| Some(&sources.get(name)?.inner()?.container.value));
        if outer.take(sources.len()).any(|outer| outer == name) {
            faults.push(
                Diagnostic::error("source-origin", format!("source `{name}` contains itself"))
                    .at(container.span, "")
                    .help("write the source that contains the file"),
            );
        }
    }
}

impl Source {
    /// Returns the file of another source that it is, if any.
    pub fn inner(&self) -> Option<&Inner> {
        match &self.origin {
            Origin::Inner(inner) => Some(inner),
            Origin::Git(_) | Origin::File(_) | Origin::Image { .. } | Origin::Folder(_) => None,
        }
    }
}
