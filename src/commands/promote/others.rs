//! Other modules whose images change with the pins of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::adapters::{fs, ui};
use crate::checksum::{Checksum, ChecksumKey};
use crate::commands::pin_clusters::PinClusters;
use crate::commands::project::Project;
use crate::plan;
use crate::vocabulary::ModuleName;

/// Keys of the inputs of all mappings in clusters.
pub(super) struct Keys {
    key: ChecksumKey,
    /// Keys by cluster, in the order of the plans.
    mappings: Vec<Vec<(ModuleName, Checksum)>>,
}

/// Module with other images.
#[derive(Serialize)]
pub(super) struct ChangedModule {
    #[serde(skip)]
    pub(super) module: ModuleName,
    #[serde(rename = "module")]
    pub(super) name: String,
    mappings: usize,
    clusters: BTreeSet<String>,
}

impl Keys {
    pub(super) fn of(project: &Project, clusters: &PinClusters) -> anyhow::Result<Self> {
        let key = fs::random_checksum_key();
        Ok(Self { key, mappings: keys(project, clusters, &key)? })
    }
}

fn keys(
    project: &Project,
    clusters: &PinClusters,
    key: &ChecksumKey,
) -> anyhow::Result<Vec<Vec<(ModuleName, Checksum)>>> {
    let mut all = Vec::new();
    for manifest in clusters.manifests() {
        let project = project.for_cluster(manifest.cluster.as_ref())?;
        let (expansion, _) = project.expand(|_| false)?;
        let keys = plan::mapping_keys(&expansion, key);
        let names = expansion.mappings().into_iter().map(|mapping| mapping.module.name.value.clone());
        all.push(names.zip(keys).collect());
    }
    Ok(all)
}

/// Finds the modules besides `promoted` whose inputs are not those of `before`.
pub(super) fn changed_modules(
    project: &Project,
    clusters: &PinClusters,
    before: &Keys,
    promoted: &ModuleName,
) -> anyhow::Result<Vec<ChangedModule>> {
    let mut changed: BTreeMap<ModuleName, ChangedModule> = BTreeMap::new();
    let after = keys(project, clusters, &before.key)?;
    for ((old, new), manifest) in before.mappings.iter().zip(&after).zip(clusters.manifests()) {
        let pairs = old.iter().zip(new).filter(|((module, _), _)| module != promoted);
        for ((module, _), _) in pairs.filter(|(old, new)| old != new) {
            let entry = changed.entry(module.clone()).or_insert_with(|| ChangedModule {
                module: module.clone(),
                name: module.to_string(),
                mappings: 0,
                clusters: BTreeSet::new(),
            });
            entry.mappings += 1;
            entry.clusters.extend(manifest.cluster.as_ref().map(ToString::to_string));
        }
    }
    Ok(changed.into_values().collect())
}

impl fmt::Display for ChangedModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clusters: Vec<&str> = self.clusters.iter().map(String::as_str).collect();
        let mappings = ui::count(self.mappings, "mapping");
        write!(f, "module `{}` changes too: {mappings} in {}", self.name, clusters.join(", "))
    }
}
