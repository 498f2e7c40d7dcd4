//! Effect of a hold on nodes: its Module, compared with the one in the output folder.

use std::fmt::Write as _;

use crate::adapters::{fs, ui};
use crate::commands::changes::shortened;
use crate::commands::project::Project;
use crate::holds::HeldModule;
use crate::impact::{Impact, node_counts};
use crate::previous;
use crate::settings;
use crate::tree::{Outline, View};
use crate::vocabulary::ClusterName;

/// Describes what the next `generate` changes on nodes because of a hold; empty if the output folder does not have the
/// module, or if nothing changes on nodes.
pub(super) fn effect(project: &Project, held: &HeldModule) -> anyhow::Result<String> {
    let root = settings::output_folder(None, &project.manifest, &project.folder)?;
    let (folder, name) = (fs::Folder::new(&root), held.hold.module.as_str());
    let outline = Outline::read(&folder, |_| None)?;
    let old = previous::module(name, &View { folder: &folder, outline: &outline })?;
    let (Some(old), Some(new)) = (old, &held.module) else { return Ok(String::new()) };
    let impact = Impact::between(new, Some(&old));
    let mut text = String::new();
    let of = project.manifest.cluster.as_ref().map(ClusterName::as_str);
    let of = of.map(|cluster| format!("{cluster}: ")).unwrap_or_default();
    let sums = impact.all(name).fold([0; 3], |[load, reload, unload], (_, impact)| {
        [load + impact.loads.len(), reload + impact.reloads.len(), unload + impact.unloads.len()]
    });
    if sums == [0; 3] {
        return Ok(text);
    }
    let [load, reload, unload] = sums;
    let counts = node_counts(&project.manifest);
    let changed = [&impact.loads, &impact.reloads, &impact.unloads].into_iter().flatten();
    let known: Vec<u64> = changed.filter_map(|release| counts.get(release.as_str()).copied().flatten()).collect();
    let nodes = match known.iter().sum() {
        _ if known.is_empty() => String::new(),
        1 => " (1 node)".to_owned(),
        nodes => format!(" ({nodes} nodes)"),
    };
    let load = ui::count(load, "mapping");
    let _ = writeln!(text, "{of}on nodes: {load} to load, {reload} to reload, {unload} to unload{nodes}");
    for (module, impact) in impact.all(name).filter(|(_, impact)| !impact.unloads.is_empty()) {
        let _ = writeln!(text, "{of}unloads {module} on {}", shortened(&impact.unloads));
    }
    Ok(text)
}
