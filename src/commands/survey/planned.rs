//! What is asked for, by the names of folders.

use std::collections::{HashMap, HashSet};

use super::super::recall::Recall;
use crate::manifest::Manifest;
use crate::output;
use crate::plan::{Mapping, Plan};

/// Whether a module has objects, and the releases that it has mappings on; `None` where its folders
/// are known to be exactly those.
pub(super) type Planned<'p> = HashMap<&'p str, (bool, Option<HashSet<&'p str>>)>;

/// Whether a plan has a module's objects, or a mapping.
pub(super) fn wanted<'p>(planned: &'p Planned<'_>) -> impl Fn(&str, Option<&str>) -> bool + 'p {
    |module, release| {
        planned.get(module).is_some_and(|(objects, releases)| match release {
            Some(release) => releases.as_ref().is_none_or(|releases| releases.contains(release)),
            None => *objects,
        })
    }
}

pub(super) fn planned<'p>(plan: &Plan<'p>, manifest: &Manifest, recall: Option<&Recall<'_>>) -> Planned<'p> {
    let with_mappings = plan.modules.iter().enumerate();
    let with_mappings = with_mappings.filter(|(_, (module, m))| output::is_asked_for(module, m, manifest));
    let releases = |at, name, mappings: &[Mapping<'p>]| {
        let same_folders = plan.has_same_kernels(at) && recall.is_some_and(|recall| recall.has_same_folders(name));
        (!same_folders).then(|| mappings.iter().map(|m| m.kernel.release.as_str()).collect())
    };
    with_mappings
        .map(|(at, (module, mappings))| {
            let name = module.name.as_str();
            (name, (module.has_objects(), releases(at, name, mappings)))
        })
        .collect()
}
