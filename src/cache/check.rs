//! Comparison of a cached run with the files that it wrote.

use super::CachedFiles;

/// Which of the files and folders that a run wrote are as it left them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckResult {
    /// Set if all files and folders are as the run left them, and no new ones have appeared.
    pub whole: bool,
    /// Set if any file has new metadata but the content that the run wrote.
    pub touched: bool,
    /// Modules, in the order of the run.
    pub modules: Vec<ModuleCheck>,
    /// Dockerfile and ConfigMap of each mapping.
    pub mappings: Vec<[bool; 2]>,
}

/// Which of the own files of a module are as a run left them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleCheck {
    /// Set if the module's folder is as the run left it, and has no new folders in it.
    pub folder: bool,
    /// Its Module and its kustomization.
    pub own: Vec<bool>,
    /// Set if all files of its bundle are as the run left them.
    pub bundle: bool,
}

impl CheckResult {
    /// Makes the result for a run all of whose files are as they were, or none of them.
    pub fn of(files: &CachedFiles, same: bool) -> Self {
        let modules = files.modules.iter().map(|module| ModuleCheck {
            folder: same,
            own: vec![same; module.own.len()],
            bundle: same,
        });
        Self {
            whole: same,
            touched: false,
            modules: modules.collect(),
            mappings: vec![[same; 2]; files.mapping_count()],
        }
    }
}
