//! Layout of the output folder.

use bitcode::{Decode, Encode};

use super::schema::Shape;
use crate::vocabulary::Invalid;

/// Layout of the output folder. The objects are the same in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Layout {
    /// A folder for each mapping, with its Dockerfile and its ConfigMap.
    #[default]
    Files,
    /// One file for each module, with the ConfigMaps of its mappings.
    Bundle,
    /// A folder for each mapping with its ConfigMap, which is the same for all clusters.
    Shared,
}

const WORDS: &[&str] = &["files", "bundle", "shared"];

pub(super) const SHAPE: Shape = Shape::OneOf(WORDS);

pub(super) fn parse(text: &str) -> Result<Layout, Invalid> {
    match text {
        "files" => Ok(Layout::Files),
        "bundle" => Ok(Layout::Bundle),
        "shared" => Ok(Layout::Shared),
        _ => Err(Invalid::new(format!("`{}` is not a layout of the output folder", text.escape_debug()))
            .help("write `layout: files`, `layout: bundle` or `layout: shared`")),
    }
}

impl Layout {
    /// Returns how many files or documents of files a mapping has.
    pub fn outputs_of_mapping(self) -> usize {
        match self {
            Self::Files | Self::Shared => 2,
            Self::Bundle => 1,
        }
    }
}
