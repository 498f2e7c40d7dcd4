//! Rows of held modules.

use std::collections::{BTreeMap, HashSet};

use super::Row;
use super::rows::{LoadingKernels, RowMaker, renamed};
use crate::bundle::document_of;
use crate::commands::hold_notes::HoldNotes;
use crate::output::DOCKERFILE;
use crate::shared_files::SharedPath;
use crate::vocabulary::RelPath;

impl RowMaker<'_> {
    /// Returns the mappings of held modules, as they are in the commits of the holds.
    pub(super) fn held(&self) -> Vec<Row> {
        let drift = self.drift;
        let changed: HashSet<(&str, &str)> =
            drift.changes.iter().filter_map(|change| mapping_of(change.path.as_str())).collect();
        let mut rows = Vec::new();
        for (name, module) in &drift.held {
            let notes = HoldNotes::of(vec![module.hold.clone()]);
            let loading = LoadingKernels::of(drift.impacts.get(name));
            let is_refused = drift.refusals.iter().any(|refusal| refusal.module == *name);
            let images: BTreeMap<_, _> = module.module.iter().flat_map(|object| &object.images).collect();
            for (release, image) in images {
                let place = (name.as_str(), release.as_str());
                let old = drift.old_image_of(name, name, release).filter(|old| *old != image);
                let state = match loading.state(release) {
                    _ if is_refused => "conflict",
                    "unchanged" if changed.contains(&place) && !self.moved.contains(&place) => "changed",
                    state => state,
                };
                let mapping = module.mapping(release);
                let dockerfile = RelPath::parse(&format!("{name}/{release}/{DOCKERFILE}")).ok();
                let dockerfile = dockerfile.filter(|path| module.has(path)).map(|path| drift.root.join(path.as_str()));
                rows.push(Row {
                    hash: mapping.map(|mapping| mapping.hash),
                    dockerfile: dockerfile.map(|path| path.display().to_string()),
                    actions: if is_refused { Vec::new() } else { loading.acts(release, false) },
                    why: match (state, old) {
                        ("unchanged", _) => None,
                        ("new", _) => Some(self.why_new(name)),
                        (_, Some(old)) => {
                            Some(format!("held at {}: {}", module.hold.short_commit(), renamed(old, image)))
                        }
                        _ => Some(format!("held at {}", module.hold.short_commit())),
                    },
                    old_image: old.cloned(),
                    hold: notes.rows().pop(),
                    ..self.row(name, release, state, image.clone())
                });
            }
        }
        rows
    }

    /// Returns the reason for a mapping that the commit of a hold does not have; `None` if the module is not held.
    pub(super) fn why_not_held(&self, module: &str) -> Option<String> {
        let hold = &self.drift.held.get(module)?.hold;
        Some(format!("held at {}, without this kernel", hold.short_commit()))
    }
}

/// Returns the module and the kernel release of a mapping's file.
fn mapping_of(path: &str) -> Option<(&str, &str)> {
    let shared = SharedPath::parse(path).map(|SharedPath { module, release, .. }| (module, release));
    shared.or_else(|| document_of(path)).or_else(|| path.rsplit_once('/')?.0.split_once('/'))
}
