//! Files of sources that an image carries.

use kmodgen_yaml::Node;

use super::place::ImagePlace;
use super::{FIRMWARE_FOLDER, LICENSE_FOLDER};
use crate::manifest::conditional::Conditional;
use crate::manifest::decode::{self, Fields};
use crate::manifest::expansion::Expands;
use crate::manifest::schema::{Field, Record, Shape, Variables, joined};
use crate::manifest::selection::Selection;
use crate::vocabulary::{Diagnostic, Diagnostics, RelPath, SourceName, Spanned};

/// Files of a source for the image.
#[derive(Debug, Clone, Hash)]
pub struct InstalledFiles {
    /// A file, a folder whose contents are meant, or a shell pattern of these.
    pub from: Spanned<RelPath>,
    /// Their place in the image.
    pub to: ImagePlace,
    /// The source that has them; the module's first if `None`.
    pub source: Option<Spanned<SourceName>>,
}

/// Kind of files, which decides where they may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InstalledKind {
    Firmware,
    License,
    Other,
}

const FROM: Field =
    Field { key: "from", takes: Shape::Expanding(Variables::Build), says: "the file, folder or shell pattern" };
const SOURCE: Field =
    Field { key: "source", takes: Shape::Text, says: "the source that has it; default: the module's first source" };

pub(super) static FILES: Record = Record {
    name: "installed files",
    fields: joined![
        &[
            FROM,
            Field {
                key: "to",
                takes: Shape::Expanding(Variables::Build),
                says: "its folder, below the one for all kmods"
            },
            SOURCE,
        ],
        Selection::FIELDS,
    ],
};

pub(super) static OTHER_FILES: Record = Record {
    name: "other files",
    fields: joined![
        &[
            FROM,
            Field {
                key: "to",
                takes: Shape::Expanding(Variables::Build),
                says: "the absolute path in the image: a folder if it ends with `/`, in which files keep their names; otherwise the path of the file, or of the folder's content",
            },
            SOURCE,
        ],
        Selection::FIELDS,
    ],
};

impl InstalledKind {
    fn record(self) -> &'static Record {
        match self {
            Self::Firmware | Self::License => &FILES,
            Self::Other => &OTHER_FILES,
        }
    }

    /// The folder of the image that all of these files are in.
    fn folder(self) -> Option<&'static str> {
        match self {
            Self::Firmware => Some(FIRMWARE_FOLDER),
            Self::License => Some(LICENSE_FOLDER),
            Self::Other => None,
        }
    }

    /// Decodes a list of files.
    pub(super) fn decode(
        self,
        node: &Node,
        key: &str,
        faults: &mut Diagnostics,
    ) -> Option<Vec<Conditional<InstalledFiles>>> {
        let items = decode::items(node, &format!("`{key}`"), faults).iter();
        Some(items.filter_map(|item| self.decode_item(item, faults)).collect())
    }

    fn decode_item(self, node: &Node, faults: &mut Diagnostics) -> Option<Conditional<InstalledFiles>> {
        let pattern = |text: &str| Expands::Release.pattern(text);
        if let (None, Some(folder)) = (node.as_mapping(), self.folder()) {
            let from = decode::text(node, "a path", faults, pattern)?;
            let to = ImagePlace::folder(folder, None);
            let value = InstalledFiles { from, to, source: None };
            return Some(Conditional { value, kernels: Selection::default() });
        }
        let mut fields = Fields::open(self.record(), node, faults)?;
        let from = fields.need("from", "write the file or folder in the source", faults);
        let from = from.and_then(|node| decode::text(node, "`from`", faults, pattern));
        let to = match self.folder() {
            Some(folder) => match fields.take("to", faults) {
                Some(to) => decode::text(to, "`to`", faults, |text| Expands::Release.path(text))
                    .map(|to| ImagePlace::folder(folder, Some(&to.value))),
                None => Some(ImagePlace::folder(folder, None)),
            },
            None => fields
                .need(
                    "to",
                    "write its path in the image, or a folder with a `/` at its end, such as `/usr/bin/`",
                    faults,
                )
                .and_then(|to| decode::text(to, "`to`", faults, ImagePlace::parse))
                .filter(|to| from.as_ref().is_none_or(|from| !refuse_several(from, to, faults)))
                .map(|to| to.value),
        };
        let source = fields.take("source", faults);
        let source = source.and_then(|node| decode::text(node, "`source`", faults, SourceName::parse));
        let kernels = Selection::take(&mut fields, faults)?;
        fields.finish(faults);
        Some(Conditional { value: InstalledFiles { from: from?, to: to?, source }, kernels })
    }
}

/// Reports a pattern, which may match several files, with the path of one.
fn refuse_several(from: &Spanned<RelPath>, to: &Spanned<ImagePlace>, faults: &mut Diagnostics) -> bool {
    let is_refused = from.as_str().contains(['*', '?', '[']) && !to.value.keeps_names();
    if is_refused {
        let message = format!("`{}` may match several files, but `{}` is the path of one", from.value, to.value);
        faults.push(
            Diagnostic::error("installed-files", message)
                .at(to.span, "")
                .help(format!("write `{}/`: files keep their names in this folder", to.value)),
        );
    }
    is_refused
}
