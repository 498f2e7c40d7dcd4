//! New files as objects of a repository.

use kmodgen_git::{ObjectKind, Objects};

use crate::file_stat::FileStat;
use crate::reconcile::{Action, TextSink};
use crate::tree::Inaccessible;
use crate::vocabulary::RelPath;

impl TextSink for Objects {
    fn put(&self, path: &RelPath, text: &str, action: &Action) -> Result<FileStat, Inaccessible> {
        if !matches!(action, Action::Create | Action::Update) {
            return Ok(FileStat::NONE);
        }
        let family = path.parent().split_once('/').map(|(module, _)| (module, path.file_name()));
        let id = self.add(ObjectKind::Blob, text.as_bytes(), family).map_err(|error| Inaccessible {
            verb: "write",
            path: self.folder().display().to_string(),
            why: crate::adapters::fs::describe(&error),
        })?;
        Ok(FileStat::of_object(id.0, text.len() as u64))
    }
}
