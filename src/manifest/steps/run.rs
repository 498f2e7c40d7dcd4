//! The script of a `run` step: of the source, beside the manifest, or in it.

use super::script::{lines, script_path};
use super::values::{strings, word};
use crate::manifest::declare::declare;
use crate::manifest::decode::{self, Fields};
use crate::manifest::schema::{Shape, Variables};
use crate::vocabulary::{Diagnostic, Diagnostics, RelPath, Spanned};

declare! {
    /// Fields of a run step, of which one names the script.
    #[derive(Debug)]
    pub(super) struct RunFields {
        optional path: RelPath {
            takes: Shape::Expanding(Variables::Build),
            says: "path of a script in the source; it runs in the step's folder",
            decode: decode::parsed(script_path),
        }
        optional file: Spanned<RelPath> {
            takes: Shape::Text,
            says: "instead of `path`: a script beside the manifest, copied into the Dockerfile",
            decode: decode::placed(RelPath::parse),
        }
        optional script: String {
            takes: Shape::Expanding(Variables::Script),
            says: "instead of `path`: a script, copied into the Dockerfile",
            decode: decode::parsed(lines),
        }
        default args: Vec<String> {
            takes: Shape::List(&Shape::Expanding(Variables::Build)),
            says: "arguments",
            decode: |node, key, faults| Some(strings(node, key, &format!("`{key}`"), faults, word)),
        }
    }
}

/// A script and its arguments.
#[derive(Debug, Clone, Hash)]
pub struct Run {
    /// Its place.
    pub script: Script,
    /// Arguments of the script.
    pub args: Vec<String>,
}

/// Place of a script.
#[derive(Debug, Clone, Hash)]
pub enum Script {
    /// A file of the source.
    InSource(RelPath),
    /// A file beside the manifest.
    File(Spanned<RelPath>),
    /// Lines in the manifest.
    Lines(String),
}

impl Run {
    pub(super) fn take(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Option<Self> {
        let place = fields.start();
        let written = ["path", "file", "script"].map(|key| fields.has(key));
        let RunFields { path, file, script, args } = RunFields::take(fields, faults)?;
        if written.iter().filter(|written| **written).count() != 1 {
            let problem = if written.contains(&true) { "several scripts" } else { "no script" };
            let fault = Diagnostic::error("run-script", format!("this run step has {problem}"))
                .at(place, "")
                .help("write one of `path`, a script of the source, `file`, a script beside the manifest, and `script`, its lines");
            fields.lacks("path", fault);
            return None;
        }
        let script = path.map(Script::InSource).or(file.map(Script::File)).or(script.map(Script::Lines))?;
        Some(Self { script, args })
    }
}
