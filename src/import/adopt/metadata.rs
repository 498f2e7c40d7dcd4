//! Labels and annotations of objects, without those that clusters and tools write.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::tree::map;
use crate::vocabulary::Span;

/// Keys that tools write when they apply an object, with the reason to leave them out; none if it goes without saying.
const OF_TOOLS: [(&str, &str); 5] = [
    ("kubectl.kubernetes.io/last-applied-configuration", ""),
    ("argocd.argoproj.io/tracking-id", ""),
    ("app.kubernetes.io/managed-by", "kmodgen writes this label itself"),
    ("kustomize.toolkit.fluxcd.io/substitute", "kmodgen writes this annotation itself"),
    ("argocd.argoproj.io/sync-wave", "kmodgen writes this annotation with `output: {syncWaves: true}`"),
];

/// Returns `metadata` of a module; `None` if it is empty.
pub(super) fn metadata(object: &Node, remarks: &mut Vec<(Span, String)>) -> Option<Arc<Node>> {
    let metadata = object.get("metadata")?;
    let kept = ["labels", "annotations"].into_iter().filter_map(|key| {
        let entries = metadata.get(key)?.as_mapping()?.iter().filter(|entry| !entry.value.is_null());
        let kept: Vec<_> = entries
            .filter(|entry| match OF_TOOLS.iter().find(|(known, _)| *known == entry.key.value) {
                Some((known, why)) => {
                    remarks
                        .extend((!why.is_empty()).then(|| (entry.key.span, format!("`{known}` is left out: {why}"))));
                    false
                }
                None => true,
            })
            .map(|entry| (entry.key.value.as_str(), entry.value.clone()))
            .collect();
        (!kept.is_empty()).then(|| (key, map(metadata.span.at_start(), kept)))
    });
    let kept: Vec<_> = kept.collect();
    if let Some(owners) = metadata.get("ownerReferences").filter(|owners| !owners.is_null()) {
        let message = "another object owns this one: its controller may change it back";
        remarks.push((owners.span.at_start(), message.to_owned()));
    }
    (!kept.is_empty()).then(|| map(metadata.span.at_start(), kept))
}
