//! What a change of the output does on nodes: which mappings load, reload or unload there.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{Kernel, Manifest};
use crate::plan::Plan;
use crate::previous::OldModule;

/// What happens to one module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// Kernels that had no mapping.
    pub loads: Vec<String>,
    /// Kernels whose image changed.
    pub reloads: Vec<String>,
    /// Kernels whose mapping goes.
    pub unloads: Vec<String>,
}

/// Why a module is left as it is until someone decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The module.
    pub module: String,
    /// Completes "module `x` is left as it is: ".
    pub why: String,
    /// What to do.
    pub help: String,
}

/// What becomes of each module, old and new, but for those that stay as they are.
pub fn impacts(
    plan: &Plan<'_>,
    old: &BTreeMap<String, OldModule>,
    unchanged: &BTreeSet<String>,
) -> BTreeMap<String, Impact> {
    let mut impacts: BTreeMap<String, Impact> = BTreeMap::new();
    let mut planned: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let changed = plan.modules.iter().filter(|(module, _)| !unchanged.contains(module.name.as_str()));
    for mapping in changed.flat_map(|(_, mappings)| mappings) {
        let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
        planned.entry(module).or_default().insert(release);
        let impact = impacts.entry(module.to_owned()).or_default();
        match old.get(module).and_then(|old| old.images.get(release)) {
            None => impact.loads.push(release.to_owned()),
            Some(image) if *image != mapping.image.to_string() => impact.reloads.push(release.to_owned()),
            Some(_) => {}
        }
    }
    for (module, old) in old {
        let kept = planned.get(module.as_str());
        let gone = old.images.keys().filter(|release| kept.is_none_or(|kept| !kept.contains(release.as_str())));
        impacts.entry(module.clone()).or_default().unloads.extend(gone.cloned());
    }
    impacts
}

/// The modules that must not be written without someone's word: a mapping that goes although
/// nodes run its kernel, or an image that changes although the version, by which KMM orders
/// upgrades, does not.
pub fn holds(
    manifest: &Manifest,
    impacts: &BTreeMap<String, Impact>,
    old: &BTreeMap<String, OldModule>,
    allow_remove: bool,
) -> Vec<Hold> {
    let mut holds = Vec::new();
    let nodes: BTreeMap<&str, u64> = manifest
        .kernels
        .iter()
        .filter_map(|kernel: &Kernel| Some((kernel.release.as_str(), kernel.nodes.filter(|nodes| *nodes > 0)?)))
        .collect();
    for (name, impact) in impacts {
        let mut hold = |why: String, help: &str| {
            holds.push(Hold { module: name.clone(), why, help: help.to_owned() });
        };
        let in_use: Vec<String> = impact
            .unloads
            .iter()
            .filter_map(|release| nodes.get(release.as_str()).map(|nodes| format!("{release} ({nodes})")))
            .collect();
        if !in_use.is_empty() && !allow_remove {
            hold(
                format!("it would be unloaded on nodes that run {}", in_use.join(", ")),
                "keep the kernel selected, or say --allow-remove",
            );
            continue;
        }
        let module = manifest.modules.iter().find(|module| module.name.as_str() == name);
        let (Some(module), Some(old)) = (module, old.get(name)) else { continue };
        match (&old.version, &module.version) {
            (Some(same), Some(new)) if same == new && !impact.reloads.is_empty() => hold(
                format!(
                    "images change under the same version `{new}`, and KMM would not order the upgrade ({} of {})",
                    impact.reloads.len(),
                    old.images.len()
                ),
                "give the module a new `version`",
            ),
            (None, Some(_)) if !old.images.is_empty() => {
                hold(
                    "KMM refuses to give a Module a version that had none".into(),
                    "take `version` out, or give the module a new name",
                );
            }
            (Some(_), None) => {
                hold(
                    "KMM refuses to take a Module's version away".into(),
                    "write a new `version`, or give the module a new name",
                );
            }
            _ => {}
        }
    }
    holds
}
