//! A ConfigMap whose keys are versions of OS images, and whose values are the digests of their Driver
//! Toolkits.

use std::sync::LazyLock;

use kmodgen_yaml::Node;
use regex::Regex;

use super::OPENSHIFT_IMAGES;
use crate::kernels::facts::Toolkit;
use crate::kernels::reading::{Reading, at, object_name};

/// Reads one ConfigMap; says whether it is such a one.
pub(super) fn read(node: &Node, reading: &mut Reading<'_>) -> bool {
    static OS_VERSION: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\A[0-9]+\.[0-9]+\.[0-9]+-[0-9]+\z").ok());
    fn is_os_version(key: &str) -> bool {
        OS_VERSION.as_ref().is_some_and(|pattern| pattern.is_match(key))
    }
    let entries = at(node, &["data"]).and_then(Node::as_mapping).unwrap_or_default();
    if !entries.iter().any(|entry| is_os_version(&entry.key)) {
        return false;
    }
    let name = object_name(node, reading);
    for entry in entries.iter().filter(|entry| is_os_version(&entry.key)) {
        let os = entry.key.value.clone();
        let Some(value) = reading.text(&entry.value, &format!("the digest of OS image {os}")) else { continue };
        let image = match value.strip_prefix("sha256:").unwrap_or(&value) {
            digest if digest.contains(['/', '@']) => digest.to_owned(),
            digest => format!("{OPENSHIFT_IMAGES}@sha256:{digest}"),
        };
        let Some(image) = reading.image(&image, entry.value.span) else { continue };
        let origin = format!("ConfigMap {name}, key {os}");
        let toolkit = Toolkit { os: Some(os), ..Toolkit::of(Some(image), origin, entry.key.span) };
        reading.facts.toolkits.push(toolkit);
    }
    true
}
