//! Output folders on disk.

use std::path::Path;

use crate::adapters::git;
use crate::bundle_folder::BundleFolder;
use crate::commands::project::Project;
use crate::settings;
use crate::tree::OutputFolder;

/// Returns the output folder of a project, in any layout.
pub(in crate::commands) fn folder_on_disk(root: &Path, project: &Project) -> Box<dyn OutputFolder> {
    let shared = settings::shared_folder(root, &project.manifest);
    Box::new(BundleFolder::new(git::MergeFolder::new(root)).with_shared(shared.as_deref().map(git::MergeFolder::new)))
}
