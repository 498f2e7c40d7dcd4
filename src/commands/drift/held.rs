//! Held modules: their files are those of a commit, and nothing of them is rendered.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::project::Project;
use crate::holds::{HeldFiles, HeldModule};
use crate::impact::{Impact, Refusal};
use crate::manifest::{Layout, Manifest};
use crate::output::{MODULE, Output};
use crate::previous::{self, OldModule};
use crate::reconcile::{Inspector, Verdict};
use crate::settings::Only;
use crate::shared_files::SHARED;
use crate::tree::Inaccessible;
use crate::vocabulary::{RelPath, Span};

/// Held modules of a cluster.
#[derive(Debug, Default)]
pub(in crate::commands) struct HeldModules {
    /// Modules whose files are known, by name.
    pub(in crate::commands) modules: BTreeMap<String, HeldModule>,
    /// Modules whose files cannot be read.
    pub(super) refusals: Vec<Refusal>,
}

/// Result for one held module.
pub(super) struct ComparedHeld {
    /// Verdicts on its files and documents, by path.
    pub(super) files: Vec<(String, Verdict)>,
    /// The place of the manifest that has the module.
    pub(super) origin: Span,
    /// The Module that is there now, unless it is right.
    pub(super) old: Option<OldModule>,
    /// Effect of the change on nodes, unless the Module is right.
    pub(super) impact: Option<Impact>,
}

impl HeldModules {
    /// Reads the files of all held modules.
    pub(in crate::commands) fn read(project: &Project, history: &dyn HeldFiles) -> Self {
        let mut held = Self::default();
        for hold in project.holds() {
            let name = hold.module.to_string();
            match HeldModule::read(hold, history) {
                Ok(module) => drop(held.modules.insert(name, module)),
                Err(error) => {
                    held.refusals.push(Refusal {
                        module: name,
                        why: format!("it is held, but {error}"),
                        help: error.help,
                    });
                }
            }
        }
        held
    }

    /// Returns whether a module is held.
    pub(in crate::commands) fn contains(&self, module: &str) -> bool {
        self.modules.contains_key(module) || self.is_refused(module)
    }

    /// Returns whether the files of a held module cannot be read.
    pub(super) fn is_refused(&self, module: &str) -> bool {
        self.refusals.iter().any(|refusal| refusal.module == module)
    }

    /// Returns the names of the modules that have bundles.
    pub(super) fn bundles(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().filter(|(_, held)| held.has_bundle()).map(|(name, _)| name.as_str())
    }

    /// Returns the layouts of the modules.
    pub(in crate::commands) fn layouts(&self) -> Vec<Layout> {
        self.modules.values().filter_map(HeldModule::layout).collect()
    }

    /// Returns whether a file is kept: those of a module that cannot be read are left alone.
    pub(super) fn keeps(&self, path: &RelPath) -> bool {
        let module = path.as_str().split_once('/').map_or("", |(module, _)| module);
        match self.modules.get(module) {
            Some(held) => held.has(path),
            None => self.is_refused(module),
        }
    }

    /// Returns whether patterns select any mapping of a held module.
    pub(super) fn is_selected(&self, only: &Only) -> bool {
        let mut mappings = self.modules.iter().flat_map(|(name, held)| held.releases().map(move |on| (name, on)));
        mappings.any(|(module, release)| only.selects(module, release))
    }

    /// Adds the folders of all files to `folders`, which the next run compares.
    pub(super) fn add_folders(&self, folders: &mut Vec<String>) {
        let own = self.modules.values().flat_map(HeldModule::folders);
        // Files that clusters share are not in the folder.
        let own: BTreeSet<&str> = own.filter(|folder| !folder.contains(SHARED)).collect();
        let new: Vec<String> =
            own.into_iter().filter(|own| !folders.iter().any(|known| known == own)).map(str::to_owned).collect();
        folders.extend(new);
    }
}

/// Compares the files of a held module with the output folder.
///
/// # Errors
/// A file that cannot be read or written.
pub(super) fn compare_held(
    held: &HeldModule,
    manifest: &Manifest,
    inspector: &Inspector<'_>,
) -> Result<ComparedHeld, Inaccessible> {
    let name = held.hold.module.as_str();
    let module = manifest.modules.iter().find(|module| module.name.as_str() == name);
    let origin = module.map_or(manifest.namespace.span, |module| module.name.span);
    let mut files = Vec::new();
    let mut is_right = false;
    for (path, text) in held.files() {
        let verdict = inspector.inspect(&Output { path: path.clone(), text: text.into(), origin }, None)?;
        is_right |= path.file_name() == MODULE && matches!(verdict, Verdict::Right(_));
        files.push((path.to_string(), verdict));
    }
    if is_right {
        return Ok(ComparedHeld { files, origin, old: None, impact: None });
    }
    let old = previous::module(name, &inspector.tree)?;
    let nothing = OldModule::default();
    let impact = Impact::between(held.module.as_ref().unwrap_or(&nothing), old.as_ref());
    Ok(ComparedHeld { files, origin, old, impact: Some(impact) })
}
