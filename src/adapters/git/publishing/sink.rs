//! New files as objects of a repository.

use kmodgen_git::{ObjectId, ObjectKind, Objects};

use crate::file_stat::FileStat;
use crate::output::MODULE;
use crate::reconcile::{Action, TextSink};
use crate::tree::Inaccessible;
use crate::vocabulary::RelPath;

impl TextSink for Objects {
    fn put(&self, path: &RelPath, text: &str, action: &Action) -> Result<FileStat, Inaccessible> {
        if !matches!(action, Action::Create | Action::Update) {
            return Ok(FileStat::NONE);
        }
        // The Modules of clusters are alike, too.
        let family = path.as_str().split_once('/').map(|(module, _)| (module, path.file_name()));
        let id = self.add(ObjectKind::Blob, text.as_bytes(), family).map_err(|error| Inaccessible {
            verb: "write",
            path: self.folder().display().to_string(),
            why: crate::adapters::fs::describe(&error),
        })?;
        Ok(FileStat::of_object(id.0, text.len() as u64))
    }
}

/// A sink that writes nothing, and knows the objects of Modules.
pub struct Unwritten;

impl TextSink for Unwritten {
    fn put(&self, path: &RelPath, text: &str, _: &Action) -> Result<FileStat, Inaccessible> {
        let is_module = path.file_name() == MODULE;
        let id = is_module.then(|| ObjectId::of(ObjectKind::Blob, text.as_bytes()));
        Ok(id.map_or(FileStat::NONE, |id| FileStat::of_object(id.0, text.len() as u64)))
    }
}
