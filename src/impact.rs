//! What a change of the output does on nodes: which mappings load, reload or unload there.

use std::collections::{BTreeMap, HashSet};

use crate::manifest::{Kernel, Manifest};
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

impl Impact {
    /// What becomes of one: `images` are those of its kernels, and `old` is what is there.
    pub fn of<'m>(images: impl IntoIterator<Item = (&'m str, String)>, old: Option<&OldModule>) -> Self {
        let mut impact = Self::default();
        let mut planned: HashSet<&str> = HashSet::new();
        for (release, image) in images {
            planned.insert(release);
            match old.and_then(|old| old.images.get(release)) {
                None => impact.loads.push(release.to_owned()),
                Some(before) if *before != image => impact.reloads.push(release.to_owned()),
                Some(_) => {}
            }
        }
        if let Some(old) = old {
            impact.unloads.extend(old.images.keys().filter(|release| !planned.contains(release.as_str())).cloned());
            impact.unloads.sort();
        }
        impact
    }
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
                    old.mappings
                ),
                "give the module a new `version`",
            ),
            (None, Some(_)) if old.mappings > 0 => {
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
