//! Lists of kernels, made and updated from what people have of their clusters.
//!
//! ```text
//! texts -> Facts -(+Selection)-> Found -> a list
//!      read        join             emit, or merge into the list that there is
//! ```

mod changes;
mod emit;
mod facts;
mod forms;
mod join;
mod merge;
mod reading;
mod toolkits;

#[cfg(test)]
mod join_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, BTreeSet};

pub use changes::{Change, Changes};
pub use merge::Keep;

use crate::manifest::Selection;
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, KernelRelease, SourceId, SourceMap};
use facts::Facts;
use reading::Reading;

/// A text to read kernels from.
#[derive(Debug, Clone)]
pub struct Input {
    /// What messages call it.
    pub name: String,
    /// Its whole text.
    pub text: String,
    /// The Driver Toolkit image that it is about, where it cannot say so itself.
    pub image: Option<ImageRef>,
}

/// A kernel that inputs name, and what they say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    release: KernelRelease,
    dtk: Option<Pin>,
    labels: BTreeMap<String, String>,
    /// How many nodes run it.
    nodes: u64,
    /// What named it.
    origins: BTreeSet<String>,
}

/// A Driver Toolkit image, and what said that it is the kernel's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pin {
    image: ImageRef,
    origins: BTreeSet<String>,
}

/// What inputs came to.
#[derive(Debug, Clone)]
pub struct Import {
    /// The oldest first.
    found: Vec<Found>,
    /// How many nodes run which kernel; `None` where no input has nodes.
    running: Option<BTreeMap<String, u64>>,
}

impl Import {
    /// Reads inputs and joins what they say, in whatever order they come. Disagreements of theirs are
    /// warnings.
    ///
    /// `None` where an input cannot be read, or no kernel is named and selected: then there is an error.
    pub fn read(
        inputs: Vec<Input>,
        selection: &Selection,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let mut facts = Facts::default();
        for Input { name, text, image } in inputs {
            let source = sources.add(name, text);
            let Some(file) = sources.get(source) else { continue };
            forms::read(source, &file.text, &mut Reading::new(&mut facts, image.as_ref(), faults));
        }
        if faults.has_errors() {
            return None;
        }
        let counted = facts.sightings.iter().any(|sighting| sighting.node.is_some());
        let joined = join::join(&facts, selection, faults);
        if joined.found.is_empty() {
            faults.push(nothing_found(&facts, joined.seen));
            return None;
        }
        Some(Self { found: joined.found, running: counted.then_some(joined.running) })
    }

    /// The kernels as a list of their own.
    pub fn list(&self) -> String {
        emit::list(&self.found)
    }

    /// What a list of their own is, beside none.
    pub fn all_added(&self) -> Changes {
        Changes { added: self.found.iter().map(|found| found.release.to_string()).collect(), ..Changes::default() }
    }

    /// The text of a list with the kernels merged into it. What it says stays as it is; what it lacks is
    /// added, and counts of nodes are those of the inputs.
    ///
    /// `None` where the text is no such list, or is written so that it cannot be edited: then there is an
    /// error.
    pub fn merge_into(
        &self,
        source: SourceId,
        text: &str,
        keep: Keep,
        faults: &mut Diagnostics,
    ) -> Option<(String, Changes)> {
        merge::merge(self, source, text, keep, faults)
    }
}

/// Why there is nothing to list.
fn nothing_found(facts: &Facts, seen: usize) -> Diagnostic {
    if seen > 0 {
        return Diagnostic::error("nothing-selected", format!("none of {seen} kernels is selected"))
            .help("--include, --exclude, --arch, --flavour and --newer-than select");
    }
    let message = match facts.toolkits.len() {
        0 => "no input names a kernel".to_owned(),
        images => format!("no input names a kernel; they name {images} Driver Toolkit images, and nothing that runs"),
    };
    Diagnostic::error("no-kernel-found", message).help("add the nodes, as `oc get nodes -o json` prints them")
}
