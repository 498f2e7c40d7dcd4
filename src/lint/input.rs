//! Input and result of a check.

use std::collections::BTreeSet;

use crate::manifest::AllowedRule;
use crate::objects::Objects;
use crate::vocabulary::{Diagnostic, SourceId};

/// Objects and files that are checked together.
pub struct LintInput<'i> {
    pub objects: &'i Objects,
    /// Dockerfiles of standard input.
    pub dockerfiles: Vec<SourceId>,
    /// Kernels that mappings should match; none if they are not known.
    pub kernels: Vec<String>,
    /// The same files at an earlier revision.
    pub before: Option<&'i Objects>,
    pub allow_list: AllowList,
}

/// Findings that the manifest allows.
#[derive(Debug, Default)]
pub struct AllowList {
    pub rules: Vec<AllowedRule>,
    /// Folder of the manifest, as the names of files start with it; empty for the current folder.
    pub folder: String,
    /// Set if all files of that folder are checked, so that each item of the list must have a finding.
    pub is_whole: bool,
}

/// Findings in the order of files and lines.
#[derive(Debug, Default)]
pub struct LintResult {
    pub findings: Vec<Diagnostic>,
    /// Number of Dockerfiles and objects that were checked.
    pub checked: LintCount,
    /// Number of findings that comments or the manifest allow.
    pub allowed: usize,
    /// Number of further findings of files with very many.
    pub dropped: usize,
}

/// Number of things that were checked.
#[derive(Debug, Default, Clone, Copy)]
pub struct LintCount {
    pub modules: usize,
    pub dockerfiles: usize,
}

impl LintInput<'_> {
    /// Returns the texts that may have comments which allow findings.
    pub(super) fn sources(&self) -> BTreeSet<SourceId> {
        let objects = self.objects.objects.iter().map(|object| object.origin.source);
        objects.chain(self.dockerfiles()).collect()
    }

    /// Returns the Dockerfiles that are files, and that of standard input.
    pub(super) fn dockerfiles(&self) -> impl Iterator<Item = SourceId> {
        self.objects.dockerfiles.iter().map(|file| file.source).chain(self.dockerfiles.iter().copied())
    }
}
