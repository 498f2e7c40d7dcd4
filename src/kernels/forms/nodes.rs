//! Nodes of a cluster, as `oc get nodes -o json` prints them: which kernels run, and on which OS image.

use std::sync::LazyLock;

use regex::Regex;

use crate::kernels::facts::Sighting;
use crate::kernels::reading::Reading;
use crate::vocabulary::architecture;
use crate::yaml::Node;

const ADVICE: &str = "print whole nodes, with `oc get nodes -o json`";

/// The operating system of nodes that load no modules.
const WINDOWS: &str = "windows";

/// Reads one node.
pub(super) fn read(node: &Node, reading: &mut Reading<'_>) {
    let Some(name) = reading.need(node, &["metadata", "name"], "a node", ADVICE) else { return };
    let whose = format!("node `{}`", name.value);
    if reading.find(node, &["status", "nodeInfo", "operatingSystem"]).is_some_and(|system| system == WINDOWS) {
        return;
    }
    let mut info = |key| reading.need(node, &["status", "nodeInfo", key], &whose, ADVICE);
    let (kernel, os) = (info("kernelVersion"), info("osImage"));
    let (Some(kernel), Some(os)) = (kernel, os) else { return };
    let architecture = reading.find(node, &["status", "nodeInfo", "architecture"]);
    // Clusters have nodes of the same name, and one node can be in several inputs.
    let identity = reading.find(node, &["metadata", "uid"]).unwrap_or(name.value);
    let Some(release) = reading.release(&kernel.value, kernel.span) else { return };
    reading.facts.sightings.push(Sighting {
        release,
        architecture: architecture.as_deref().and_then(self::architecture),
        os: Some(os_version(&os.value).unwrap_or(&os.value).to_owned()),
        distribution: None,
        node: Some(identity),
        origin: "nodes".into(),
    });
}

/// The version in an OS image's name, as KMM finds it (its DTK mapping of nodes to tags of the
/// `driver-toolkit` ImageStream).
fn os_version(name: &str) -> Option<&str> {
    static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9]+\.[0-9]+\.[0-9]+-[0-9]").ok());
    VERSION.as_ref()?.find(name).map(|found| found.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_as_kmm_finds_them() {
        for (name, version) in [
            ("Red Hat Enterprise Linux CoreOS 416.94.202407081958-0 (Plow)", Some("416.94.202407081958-0")),
            ("Red Hat Enterprise Linux CoreOS 9.6.20251015-1 (Plow)", Some("9.6.20251015-1")),
            // One digit, whatever follows: so KMM looks for it.
            ("Red Hat Enterprise Linux CoreOS 418.94.202501030250-12", Some("418.94.202501030250-1")),
            ("Ubuntu 22.04.3 LTS", None),
            ("Debian GNU/Linux 12 (bookworm)", None),
        ] {
            assert_eq!(os_version(name), version, "{name}");
        }
    }
}
