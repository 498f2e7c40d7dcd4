//! Reading of inputs, up to the objects in them.

use super::collection::Objects;
use super::folder::FolderReader;
use super::input::ObjectInput;
use super::problem::{Problem, ProblemKind};
use crate::vocabulary::SourceMap;

impl Objects {
    /// Reads all inputs.
    pub fn read(inputs: Vec<ObjectInput>, sources: &mut SourceMap) -> Self {
        let mut objects = Self::default();
        for (number, input) in inputs.into_iter().enumerate() {
            match input {
                ObjectInput::Text { name, text } => {
                    objects.add_text(&name, text, number, None, sources);
                }
                ObjectInput::Folder { name, files, start } => {
                    FolderReader::new(number, &name, &*files, sources, &mut objects).read(start);
                }
                ObjectInput::Unreadable { name, reason } => {
                    let message = format!("cannot read `{}`: {reason}", name.escape_debug());
                    objects.report(Problem::new(ProblemKind::Unreadable, message));
                }
            }
        }
        objects
    }
}
