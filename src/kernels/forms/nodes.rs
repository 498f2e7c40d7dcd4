//! Nodes of a cluster, as `oc get nodes -o json` prints them: which kernels run, and on which OS image.

use std::sync::LazyLock;

use regex::Regex;

use crate::kernels::facts::{Mention, MentionKind};
use crate::kernels::reading::{Reading, at, is_nothing};
use crate::kernels::systems::distribution_of;
use crate::vocabulary::{Diagnostic, Span, Spanned, architecture};

/// The operating system of nodes that load no modules.
const WINDOWS: &str = "windows";

/// One node, in whatever form an input has it.
pub(super) struct Node {
    /// Its name, if the input has names.
    pub(super) name: Option<String>,
    /// Its kernel's release; none of a node that is no machine.
    pub(super) kernel: Option<Spanned<String>>,
    /// The name of its OS image.
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    /// Unique name of the node; none if the input lists kernels alone.
    pub(super) identity: Option<String>,
    pub(super) is_windows: bool,
    pub(super) span: Span,
}

/// Checks whether an object without `kind` is a node.
pub(super) fn is_one(node: &kmodgen_yaml::Node) -> bool {
    at(node, &["status", "nodeInfo"]).is_some()
}

/// Checks whether an object is the `status.nodeInfo` of a node.
pub(super) fn is_info(node: &kmodgen_yaml::Node) -> bool {
    node.get("kernelVersion").is_some() && (node.get("osImage").is_some() || node.get("architecture").is_some())
}

/// Reads a node.
pub(super) fn read(node: &kmodgen_yaml::Node, reading: &mut Reading<'_>) {
    let advice = "print whole nodes, with `oc get nodes -o json`";
    let Some(name) = reading.need(node, &["metadata", "name"], "a node", advice) else { return };
    // Clusters have nodes of the same name, and one node can be in several inputs.
    let identity = reading.find(node, &["metadata", "uid"]).unwrap_or_else(|| name.value.clone());
    match at(node, &["status", "nodeInfo"]) {
        Some(info) => read_info(info, Some(name), identity, reading),
        None => {
            reading.need(node, &["status", "nodeInfo", "kernelVersion"], &format!("node `{}`", name.value), advice);
        }
    }
}

/// Reads the `status.nodeInfo` of a node by itself.
pub(super) fn read_bare_info(info: &kmodgen_yaml::Node, reading: &mut Reading<'_>) {
    let own = ["machineID", "systemUUID", "bootID"].into_iter().find_map(|key| reading.find(info, &[key]));
    let identity = own.unwrap_or_else(|| format!("{:?}", info.span));
    read_info(info, None, identity, reading);
}

fn read_info(info: &kmodgen_yaml::Node, name: Option<Spanned<String>>, identity: String, reading: &mut Reading<'_>) {
    let start = Span { end: info.span.start, ..info.span };
    let kernel = match info.get("kernelVersion").filter(|kernel| !is_nothing(kernel)) {
        Some(kernel) => {
            let whose = name.as_ref().map_or_else(String::new, |name| format!(" of node `{}`", name.value));
            let Some(text) = reading.text(kernel, &format!("`status.nodeInfo.kernelVersion`{whose}")) else { return };
            Some(Spanned::new(text, kernel.span))
        }
        None => None,
    };
    let node = Node {
        kernel,
        os: reading.find(info, &["osImage"]),
        architecture: reading.find(info, &["architecture"]),
        is_windows: reading.find(info, &["operatingSystem"]).is_some_and(|system| system == WINDOWS),
        span: name.as_ref().map_or(start, |name| name.span),
        name: name.map(|name| name.value),
        identity: Some(identity),
    };
    node.read(reading);
}

impl Node {
    /// Takes it for a fact. A node that has no kernel is told of.
    pub(super) fn read(self, reading: &mut Reading<'_>) {
        let os = self.os.as_deref();
        if self.is_windows || os.is_some_and(|os| os.to_ascii_lowercase().starts_with(WINDOWS)) {
            return;
        }
        let Some(kernel) = self.kernel else {
            let who = self.name.map_or_else(|| "a node".to_owned(), |name| format!("node `{name}`"));
            let warning = Diagnostic::warning("no-kernel-version", format!("skipped {who}: it has no kernel"));
            let advice = "virtual nodes have none; a real node has one after its kubelet has started";
            return reading.tell(warning.at(self.span, "").help(advice));
        };
        let Some(release) = reading.release(&kernel.value, kernel.span) else { return };
        let system = os.and_then(|os| distribution_of(os, release.value.as_str()));
        let origin = if self.identity.is_some() { "nodes" } else { "text" };
        reading.facts.mentions.push(Mention {
            release,
            architecture: self.architecture.as_deref().and_then(architecture),
            os: os.map(|os| os_version(os).unwrap_or(os).to_owned()),
            system,
            distribution: None,
            kind: self.identity.map_or(MentionKind::List, MentionKind::Node),
            origin: origin.into(),
        });
    }
}

/// The version in the name of an OS image, which names a tag of the ImageStream `driver-toolkit`.
fn os_version(name: &str) -> Option<&str> {
    static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9]+\.[0-9]+\.[0-9]+-[0-9]+").ok());
    VERSION.as_ref()?.find(name).map(|found| found.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_whole() {
        for (name, version) in [
            ("Red Hat Enterprise Linux CoreOS 416.94.202407081958-0 (Plow)", Some("416.94.202407081958-0")),
            ("Red Hat Enterprise Linux CoreOS 9.6.20251015-1 (Plow)", Some("9.6.20251015-1")),
            ("Red Hat Enterprise Linux CoreOS 10.2 10.2.20260601-0 (Coughlan)", Some("10.2.20260601-0")),
            ("Red Hat Enterprise Linux CoreOS 418.94.202501030250-12", Some("418.94.202501030250-12")),
            ("Ubuntu 22.04.3 LTS", None),
            ("Debian GNU/Linux 12 (bookworm)", None),
        ] {
            assert_eq!(os_version(name), version, "{name}");
        }
    }
}
