//! Draft of the manifest while a Dockerfile is read.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile_reader::Span;
use kmodgen_yaml::Yaml;

/// Result of the conversion of a part of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Field of the manifest that it became.
    Field(String),
    /// Block of the template in which it stays word for word.
    Block(&'static str),
    /// kmodgen does this by itself.
    Done(&'static str),
    /// Reason for which it is left out.
    Dropped(&'static str),
}

/// Part of a Dockerfile with its fate: a line that is empty or a comment, an instruction, or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub line: usize,
    /// The line, or one of its commands.
    pub text: String,
    pub fate: Option<Fate>,
}

/// A source, by the folder that it is in.
#[derive(Debug, Clone, Default)]
pub(super) struct DraftSource {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) is_git: bool,
    /// Branch, tag or commit of a git source.
    pub(super) reference: Option<String>,
    pub(super) has_submodules: bool,
    pub(super) sha256: Option<String>,
    /// Secret with the login.
    pub(super) secret: Option<String>,
    pub(super) strip: usize,
    /// File that an archive is downloaded to.
    pub(super) file: String,
    /// Folder that it is in; empty until an archive is unpacked.
    pub(super) folder: String,
}

/// A line or command that stays.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) block: &'static str,
    /// Set if it stands before what the block has by itself.
    pub(super) is_before: bool,
    pub(super) span: Span,
    pub(super) text: String,
    /// Set if only other lines need it: ARG and WORKDIR.
    pub(super) is_setting: bool,
}

#[derive(Default)]
pub(super) struct Draft {
    pub(super) builder: Option<String>,
    pub(super) runtime: Option<String>,
    /// Built-in template.
    pub(super) template: Option<&'static str>,
    pub(super) sources: Vec<DraftSource>,
    pub(super) steps: Vec<Yaml<'static>>,
    /// Folder in which the first step runs.
    pub(super) folder: Option<String>,
    pub(super) kmods: Vec<String>,
    pub(super) mod_dir: Option<String>,
    pub(super) links_in_tree: bool,
    pub(super) builder_packages: Vec<String>,
    pub(super) runtime_packages: Vec<String>,
    /// Firmware in the first source.
    pub(super) firmware: Vec<String>,
    /// Licences in the first source.
    pub(super) licenses: Vec<String>,
    /// Other files in it, with their paths in the image.
    pub(super) files: Vec<(String, String)>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) user: Option<String>,
    pub(super) kept: Vec<Kept>,
    /// Names of files that some command unpacks.
    pub(super) unpacked: BTreeSet<String>,
    pub(super) fates: Vec<(Span, Fate)>,
    pub(super) gaps: Vec<String>,
}

impl Draft {
    pub(super) fn note(&mut self, span: Span, fate: Fate) {
        self.fates.push((span, fate));
    }

    pub(super) fn field(&mut self, span: Span, field: impl Into<String>) {
        self.note(span, Fate::Field(field.into()));
    }

    pub(super) fn keep(&mut self, kept: Kept) {
        if kept.text.contains("/run/secrets/") && (kept.text.contains("git clone") || kept.text.contains("git fetch")) {
            let gap = "sources: a clone reads its login from a file in /run/secrets and stays in the template: nothing \
                       pins its commit; write a source with `git`, and `secret` with `username` and `password`";
            if !self.gaps.iter().any(|known| known == gap) {
                self.gaps.push(gap.to_owned());
            }
        }
        self.fates.push((kept.span, Fate::Block(kept.block)));
        self.kept.push(kept);
    }

    /// Adds a kmod by the name of its file, without folder and `.ko`.
    pub(super) fn add_kmod(&mut self, file: &str) -> bool {
        let name = file.rsplit('/').next().unwrap_or_default();
        let name = [".xz", ".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let Some(name) = name.strip_suffix(".ko") else { return false };
        let is_plain =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if is_plain && !self.kmods.iter().any(|kmod| kmod == name) {
            self.kmods.push(name.to_owned());
        }
        is_plain
    }
}
