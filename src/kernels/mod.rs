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
mod payload;
mod reading;
mod systems;
mod toolkits;
mod variants;

#[cfg(test)]
mod join_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, BTreeSet};

pub use changes::{Change, Changes};
pub use merge::Keep;
pub use payload::{Payload, release_image};

use crate::manifest::{NodeCount, Selection};
use crate::vocabulary::{ClusterName, Diagnostic, Diagnostics, ImageRef, KernelRelease, SourceId, SourceMap};
use facts::{Facts, MentionKind};
use reading::Reading;
use systems::is_coreos;

/// A text to read kernels from.
#[derive(Debug, Clone)]
pub struct Input {
    /// Name in messages.
    pub name: String,
    /// Its whole text.
    pub text: String,
    /// The Driver Toolkit image that it is about, where it cannot say so itself.
    pub image: Option<ImageRef>,
}

/// A kernel that inputs name, and everything that they say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    release: KernelRelease,
    dtk: Option<Pin>,
    labels: BTreeMap<String, String>,
    /// Number of nodes that run it.
    nodes: u64,
    /// The cluster of these nodes, if the list counts the nodes of each.
    cluster: Option<ClusterName>,
    /// Inputs that name it.
    origins: BTreeSet<String>,
    architecture: Option<&'static str>,
    /// The distributions of its nodes.
    systems: BTreeSet<String>,
    /// The distributions that a crawler found it in.
    distributions: BTreeSet<String>,
    /// Set if the release has several variants.
    is_split: bool,
    /// Set if a list that does not have it gets it.
    is_listed: bool,
    selected: bool,
}

/// A kernel of a list, and the system of its nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedKernel<'i> {
    pub release: &'i KernelRelease,
    /// The distribution, such as `Ubuntu 24.04`.
    pub system: Option<&'i str>,
    pub is_openshift: bool,
    /// Number of nodes that run it.
    pub nodes: u64,
}

impl Found {
    fn is_wanted(&self) -> bool {
        self.is_listed && self.selected
    }

    /// Returns the number of nodes that a list without the kernel gets.
    fn count(&self) -> Option<NodeCount> {
        match &self.cluster {
            Some(cluster) => Some(NodeCount::PerCluster(BTreeMap::from([(cluster.clone(), self.nodes)]))),
            None => (self.nodes > 0).then_some(NodeCount::Total(self.nodes)),
        }
    }
}

/// A Driver Toolkit image, and what said that it is the kernel's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pin {
    image: ImageRef,
    origins: BTreeSet<String>,
}

/// Facts from all inputs.
#[derive(Debug, Clone)]
pub struct Import {
    /// Kernels that inputs name, the oldest first.
    found: Vec<Found>,
    /// Set if an input has nodes.
    has_nodes: bool,
    /// Set if an input is a list of kernels.
    has_lists: bool,
    /// The cluster that the nodes are in, if the list counts the nodes of each.
    cluster: Option<ClusterName>,
}

impl Import {
    /// Reads inputs and joins what they say, in whatever order they come. Disagreements of theirs are
    /// warnings. With `add`, the kernels that Driver Toolkits are made for are listed, too.
    ///
    /// `None` if an input cannot be read, or no kernel is named and selected: then there is an error.
    pub fn read(
        inputs: Vec<Input>,
        selection: &Selection,
        add: bool,
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
        let mut found = join::join(&facts, selection, faults);
        for kernel in found.iter_mut().filter(|kernel| add && !kernel.is_listed) {
            kernel.is_listed = kernel.architecture.is_some();
            if !kernel.is_listed {
                let message = format!("the Driver Toolkit has kernel `{}` without its architecture", kernel.release);
                let warning = Diagnostic::warning("unusable-release", message);
                faults.push(warning.help("skipped: add the release that `uname -r` prints to the list by hand"));
            }
        }
        if !found.iter().any(Found::is_wanted) {
            faults.push(nothing_found(&facts, &found));
            return None;
        }
        let has_nodes = facts.mentions.iter().any(|mention| matches!(mention.kind, MentionKind::Node(_)));
        let has_lists = facts.mentions.iter().any(|mention| mention.kind == MentionKind::List);
        Some(Self { found, has_nodes, has_lists, cluster: None })
    }

    /// Counts the nodes for one cluster. Kernels without nodes are listed for it, with 0 nodes.
    ///
    /// `None` if the inputs are lists without nodes, which do not tell what the nodes run: then there is an error.
    #[must_use]
    pub fn in_cluster(mut self, cluster: &ClusterName, faults: &mut Diagnostics) -> Option<Self> {
        if self.has_lists && !self.has_nodes {
            let message = format!("no input contains the nodes of cluster `{cluster}`");
            let help = "add its nodes, as `oc get nodes -o json` prints them, or remove --cluster";
            faults.push(Diagnostic::error("no-nodes", message).help(help));
            return None;
        }
        self.found.iter_mut().for_each(|found| found.cluster = Some(cluster.clone()));
        self.cluster = Some(cluster.clone());
        Some(self)
    }

    fn wanted(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| found.is_wanted())
    }

    /// The kernels, with the systems that their nodes run.
    pub fn kernels(&self) -> impl Iterator<Item = ListedKernel<'_>> {
        self.wanted().map(|found| ListedKernel {
            release: &found.release,
            system: found.systems.first().or_else(|| found.distributions.first()).map(String::as_str),
            is_openshift: found.labels.contains_key("ocp")
                || found.labels.get("os").is_some_and(|os| os.split(',').any(is_coreos)),
            nodes: found.nodes,
        })
    }

    /// The kernels as a list of their own.
    pub fn list(&self) -> String {
        emit::list(self.wanted())
    }

    /// Returns the changes of a new list: each kernel is added.
    pub fn all_added(&self) -> Changes {
        Changes { added: self.wanted().map(|found| found.release.to_string()).collect(), ..Changes::default() }
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
fn nothing_found(facts: &Facts, found: &[Found]) -> Diagnostic {
    let listed = found.iter().filter(|kernel| kernel.is_listed).count();
    if listed > 0 {
        return Diagnostic::error("nothing-selected", format!("none of {listed} kernels is selected"))
            .help("--include, --exclude, --arch, --flavour and --newer-than select");
    }
    let nodes = "add the nodes, as `oc get nodes -o json` prints them";
    if !found.is_empty() {
        let message = "no input contains the kernel of a node; a Driver Toolkit alone adds none";
        return Diagnostic::error("no-kernel-found", message)
            .help(format!("{nodes}, or pass --add to add the kernels of the Driver Toolkit"));
    }
    let message = match facts.toolkits.len() {
        0 => "no input contains a kernel".to_owned(),
        1 => "no input contains a kernel: there is 1 Driver Toolkit image, but no node".to_owned(),
        images => format!("no input contains a kernel: there are {images} Driver Toolkit images, but no node"),
    };
    Diagnostic::error("no-kernel-found", message).help(nodes)
}
