//! Effects of a change of the output on nodes: which mappings load, reload or unload there.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::holds::HeldModule;
use crate::manifest::Manifest;
use crate::previous::OldModule;

/// Effect of a change on one module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// Kernels that had no mapping.
    pub loads: Vec<String>,
    /// Kernels whose image changed.
    pub reloads: Vec<String>,
    /// Kernels whose mapping goes.
    pub unloads: Vec<String>,
    /// Number of kernels that have a mapping after the change.
    pub mappings: usize,
    /// Set if the Module itself goes.
    pub is_removed: bool,
    /// Effect on each further Module on the same images, by name; these Modules have no `others` themselves.
    pub others: BTreeMap<String, Self>,
}

/// Reason why a module is not written until someone decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The module.
    pub module: String,
    /// Completes "module `x` is left as it is: ".
    pub why: String,
    /// Advice on what to do.
    pub help: String,
}

impl Impact {
    /// Returns the effect on a module and on its `others`: `images` are the images of its kernels, and `old` is the
    /// existing Module.
    pub fn of(images: &[(&str, String)], others: &[&str], old: &OldModule) -> Self {
        let before = &old.others;
        let images = images.iter().map(|(release, image)| (*release, image.as_str()));
        let mut impact = Self::of_one(images.clone(), Some(&old.images));
        for name in others {
            impact.others.insert((*name).to_owned(), Self::of_one(images.clone(), before.get(*name)));
        }
        for (name, gone) in before.iter().filter(|(name, _)| !others.contains(&name.as_str())) {
            impact.others.insert(name.clone(), Self { is_removed: true, ..Self::of_one([], Some(gone)) });
        }
        impact
    }

    /// Returns the effect on a new module for these releases, and on its `others`.
    pub fn of_new<'m>(releases: impl Iterator<Item = &'m str> + Clone, others: &[&str]) -> Self {
        let others = others.iter().map(|name| ((*name).to_owned(), Self::of_loads(releases.clone())));
        Self { others: others.collect(), ..Self::of_loads(releases.clone()) }
    }

    /// Returns the effect on a module that becomes `new`, and on its `others`.
    pub fn between(new: &OldModule, old: Option<&OldModule>) -> Self {
        let nothing = BTreeMap::new();
        let before = old.map_or(&nothing, |old| &old.others);
        let mut impact = Self::of_one(images_of(&new.images), old.map(|old| &old.images));
        for (name, images) in &new.others {
            impact.others.insert(name.clone(), Self::of_one(images_of(images), before.get(name)));
        }
        for (name, gone) in before.iter().filter(|(name, _)| !new.others.contains_key(*name)) {
            impact.others.insert(name.clone(), Self::of_one([], Some(gone)));
        }
        impact
    }

    fn of_one<'m>(images: impl IntoIterator<Item = (&'m str, &'m str)>, old: Option<&HashMap<String, String>>) -> Self {
        let images = images.into_iter();
        let Some(old) = old else { return Self::of_loads(images.map(|(release, _)| release)) };
        let mut impact = Self::default();
        let mut planned: HashSet<&str> = HashSet::with_capacity(images.size_hint().0);
        for (release, image) in images {
            planned.insert(release);
            match old.get(release) {
                None => impact.loads.push(release.to_owned()),
                Some(before) if *before != image => impact.reloads.push(release.to_owned()),
                Some(_) => {}
            }
        }
        impact.mappings = planned.len();
        impact.unloads.extend(old.keys().filter(|release| !planned.contains(release.as_str())).cloned());
        impact.unloads.sort();
        impact
    }

    fn of_loads<'m>(releases: impl Iterator<Item = &'m str>) -> Self {
        let loads: Vec<String> = releases.map(str::to_owned).collect();
        Self { mappings: loads.len(), loads, ..Self::default() }
    }

    /// Returns the effect on each Module, first on the one called `name`.
    pub fn all<'i>(&'i self, name: &'i str) -> impl Iterator<Item = (&'i str, &'i Self)> {
        std::iter::once((name, self)).chain(self.others.iter().map(|(name, other)| (name.as_str(), other)))
    }
}

/// Returns the mappings that nodes reload, as module and release.
pub fn reloaded(impacts: &BTreeMap<String, Impact>) -> HashSet<(&str, &str)> {
    let each = impacts.iter().flat_map(|(module, impact)| impact.reloads.iter().map(move |release| (module, release)));
    each.map(|(module, release)| (module.as_str(), release.as_str())).collect()
}

/// Returns the images of a Module by release, in order.
fn images_of(images: &HashMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    let sorted: BTreeMap<&str, &str> =
        images.iter().map(|(release, image)| (release.as_str(), image.as_str())).collect();
    sorted.into_iter()
}

/// Returns the number of nodes that run each release. Several kernels may have one release; `None` if the nodes of none
/// of them are counted.
pub fn node_counts(manifest: &Manifest) -> BTreeMap<&str, Option<u64>> {
    let mut nodes: BTreeMap<&str, Option<u64>> = BTreeMap::new();
    for kernel in &manifest.kernels {
        let all = nodes.entry(kernel.release.as_str()).or_default();
        if let Some(count) = kernel.node_count() {
            *all = Some(all.unwrap_or_default().saturating_add(count));
        }
    }
    nodes
}

/// A Module of which something is unloaded that someone has to allow.
struct Unloaded<'u> {
    object: &'u str,
    /// The kernels that nodes run.
    in_use: String,
    /// Set if the Module has no kernel left, or is removed.
    is_lost: bool,
    /// Set if the Module is removed and has no kernel by its release, so that it is not known where it is loaded.
    is_removed: bool,
}

impl Unloaded<'_> {
    fn told(&self, module: &str) -> String {
        let who = if self.object == module { "it".to_owned() } else { format!("`{}`", self.object) };
        if self.in_use.is_empty() && self.is_removed {
            format!("{who} would be removed")
        } else if self.in_use.is_empty() {
            format!("{who} would lose all its kernels")
        } else {
            format!("{who} would be unloaded on nodes that run {}", self.in_use)
        }
    }
}

/// The modules that must not be written without someone's word: a Module that loses all its kernels, a
/// mapping that goes although nodes run its kernel, or an image that changes although the version, by which KMM orders
/// upgrades, does not.
pub fn refusals(
    manifest: &Manifest,
    impacts: &BTreeMap<String, Impact>,
    old: &BTreeMap<String, OldModule>,
    held: &BTreeMap<String, HeldModule>,
    allow_remove: bool,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let nodes = node_counts(manifest);
    for (name, impact) in impacts {
        let mut refuse = |why: String, help: &str| {
            refusals.push(Refusal { module: name.clone(), why, help: help.to_owned() });
        };
        let module = manifest.modules.iter().find(|module| module.name.as_str() == name);
        let before = old.get(name).map(|old| &old.nodes);
        let in_use = |release: &String| match nodes.get(release.as_str()) {
            Some(Some(0)) => None,
            Some(Some(count)) => Some(format!("{release} ({count})")),
            // Nobody counts its nodes any more.
            _ => before?.contains(release).then(|| release.clone()),
        };
        let unloaded: Vec<Unloaded<'_>> = impact
            .all(name)
            .map(|(object, impact)| Unloaded {
                object,
                in_use: impact.unloads.iter().filter_map(in_use).collect::<Vec<_>>().join(", "),
                is_lost: impact.is_removed || (!impact.unloads.is_empty() && impact.mappings == 0),
                is_removed: impact.is_removed && impact.unloads.is_empty(),
            })
            .filter(|unloaded| unloaded.is_lost || !unloaded.in_use.is_empty())
            .collect();
        if !unloaded.is_empty() && !allow_remove {
            let told: Vec<String> = unloaded.iter().map(|unloaded| unloaded.told(name)).collect();
            let none = module.and_then(|module| module.kernels.why_none(&manifest.kernels));
            let none = none.filter(|_| unloaded.iter().any(|unloaded| unloaded.is_lost));
            let advice = match (&none, module, unloaded.as_slice()) {
                _ if held.contains_key(name) => "choose a commit that has these kernels".to_owned(),
                (Some((_, Some(help))), ..) => help.clone(),
                (_, None, _) => "keep the module in the manifest".to_owned(),
                (_, _, [first, ..]) if first.object == name && first.is_lost => {
                    "keep its kernels and its objects".to_owned()
                }
                (_, _, [first, ..]) if first.object == name => "keep the kernel selected".to_owned(),
                _ => "keep it in `additionalModules`".to_owned(),
            };
            let why = none.map(|(why, _)| format!(": {why}")).unwrap_or_default();
            refuse(told.join(", and ") + &why, &format!("{advice}, or pass --allow-remove"));
            continue;
        }
        let (Some(module), Some(old)) = (module, old.get(name)) else { continue };
        let held = held.get(name).and_then(|held| held.module.as_ref());
        match (&old.version, held.map_or(&module.version, |held| &held.version)) {
            (Some(same), Some(new)) if same == new && !impact.reloads.is_empty() => refuse(
                format!(
                    "images change but the version `{new}` does not, so KMM would not order the upgrade ({} of {})",
                    impact.reloads.len(),
                    old.mappings
                ),
                "give the module a new `version`",
            ),
            (None, Some(_)) if old.mappings > 0 => {
                refuse(
                    "KMM rejects adding a version to a Module without one".into(),
                    "remove `version`, or give the module a new name",
                );
            }
            (Some(_), None) => {
                refuse(
                    "KMM rejects removing a Module's version".into(),
                    "write a new `version`, or give the module a new name",
                );
            }
            _ => {}
        }
    }
    refusals
}
