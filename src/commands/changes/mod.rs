//! Changes between two states of a project's output, for reviewers: mappings that nodes load, reload and unload, inputs
//! that changed, and differences of files. Equal changes are one.

mod builder;
mod effects;
mod inputs;
mod markdown;
mod module_diff;
mod names;
mod text;
mod values;

use serde::Serialize;

pub(super) use self::builder::{ChangesBuilder, Direction};
use self::effects::{ModuleEffects, NodeEffects};
pub(super) use self::inputs::{ComparedInputs, InputGroup, brief, describe};
pub(super) use self::markdown::{markdown, pull_request};
pub(super) use self::names::{MappingName, in_parentheses, listed, shortened, subject};
pub(super) use self::text::text;
use crate::output::{CONFIG_MAP, DOCKERFILE, MODULE};
use crate::reconcile::Action;

/// Changes of all clusters; also an object of `--format json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectChanges {
    /// Number of mappings that nodes load, reload and unload.
    nodes: NodeEffects,
    objects: ObjectCounts,
    modules: Vec<ModuleEffects>,
    inputs: Vec<InputGroup>,
    files: Vec<ChangedFile>,
    diffs: Vec<DiffGroup>,
    /// Modules that `generate` does not write until someone decides.
    refused: Vec<RefusedModule>,
}

/// Number of objects that are added, changed and removed, by kind.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct ObjectCounts {
    modules: Counts,
    config_maps: Counts,
    dockerfiles: Counts,
    /// Kustomizations, for example.
    other_files: Counts,
}

#[derive(Serialize, Default)]
struct Counts {
    added: usize,
    changed: usize,
    removed: usize,
}

/// File that is added, changed or removed.
#[derive(Serialize)]
struct ChangedFile {
    /// Path below the output folder.
    path: String,
    /// The object, if the file has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(serialize_with = "as_word")]
    action: Action,
}

/// Kind of a file whose difference is shown.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq)]
enum DiffKind {
    Dockerfile,
    ConfigMap,
    Module,
}

/// Changed files with the same difference.
#[derive(Serialize)]
struct DiffGroup {
    kind: DiffKind,
    mappings: Vec<MappingName>,
    /// Difference of the first one.
    diff: String,
}

#[derive(Serialize)]
struct RefusedModule {
    module: String,
    reason: String,
    help: String,
}

impl ProjectChanges {
    /// Returns whether nothing differs.
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.modules.is_empty()
    }
}

impl ObjectCounts {
    fn of(files: &[ChangedFile]) -> Self {
        let mut objects = Self::default();
        for file in files {
            let counts = match file.path.rsplit('/').next() {
                _ if file.object.is_some() => &mut objects.config_maps,
                Some(MODULE) => &mut objects.modules,
                Some(CONFIG_MAP) => &mut objects.config_maps,
                Some(DOCKERFILE) => &mut objects.dockerfiles,
                _ => &mut objects.other_files,
            };
            match file.action {
                Action::Create => counts.added += 1,
                Action::Remove => counts.removed += 1,
                _ => counts.changed += 1,
            }
        }
        objects
    }

    /// Returns the counts with their names, without those that are all zero.
    fn named(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        let Self { modules, config_maps, dockerfiles, other_files } = self;
        let all = [
            ("Modules", modules),
            ("ConfigMaps", config_maps),
            ("Dockerfiles", dockerfiles),
            ("Other files", other_files),
        ];
        all.into_iter().filter(|(_, counts)| counts.added + counts.changed + counts.removed > 0)
    }
}

fn as_word<S: serde::Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match action {
        Action::Create => "added",
        Action::Remove => "removed",
        _ => "changed",
    })
}
