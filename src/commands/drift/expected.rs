//! Folders that the plan has files in.

use std::collections::{HashMap, HashSet};

use super::bundles::has_bundle;
use crate::bundle::BUNDLE;
use crate::manifest::{Layout, Manifest};
use crate::output;
use crate::plan::Plan;
use crate::tree::Outline;

/// Folders of one module that the plan has files in.
pub(super) struct Expected<'p> {
    pub(super) has_objects: bool,
    /// Set if its folder has a bundle.
    has_bundle: bool,
    /// Releases of its mappings that have folders; none if the outline has none of these.
    releases: HashSet<&'p str>,
}

/// Modules of a plan, by name.
pub(super) type ExpectedModules<'p> = HashMap<&'p str, Expected<'p>>;

/// Returns what a plan has of each module.
pub(super) fn expected_modules<'p>(plan: &Plan<'p>, manifest: &Manifest, outline: &Outline<'_>) -> ExpectedModules<'p> {
    let modules = plan.modules.iter().filter(|(module, mappings)| output::is_asked_for(module, mappings, manifest));
    let expected = modules.map(|(module, mappings)| {
        let name = module.name.as_str();
        let has_bundle = has_bundle(manifest.output.layout, mappings);
        let releases = if outline.lists_all(name) && manifest.output.layout == Layout::Files {
            mappings.iter().map(|mapping| mapping.kernel.release.as_str()).collect()
        } else {
            HashSet::new()
        };
        (name, Expected { has_objects: module.has_objects(), has_bundle, releases })
    });
    expected.collect()
}

/// Returns whether a plan has files in the folder of a module, or in the one of its mapping on a release.
pub(super) fn is_expected(expected: &ExpectedModules<'_>, module: &str, release: Option<&str>) -> bool {
    expected.get(module).is_some_and(|expected| match release {
        Some(BUNDLE) => expected.has_bundle,
        Some(release) => expected.releases.contains(release),
        None => expected.has_objects,
    })
}
