//! Output folders on disk.

use std::path::Path;

use crate::adapters::git;
use crate::bundle_folder::BundleFolder;
use crate::commands::project::Project;
use crate::settings;
use crate::shared_files::Listed;
use crate::tree::OutputFolder;

/// Returns the output folder of a project, in any layout, given what the kustomizations of modules are known to name.
pub(in crate::commands) fn folder_on_disk(
    root: &Path,
    project: &Project,
    listed: impl IntoIterator<Item = (String, Listed)>,
) -> Box<dyn OutputFolder> {
    let shared = settings::shared_folder(root, &project.manifest);
    let folder = BundleFolder::new(git::MergeFolder::new(root));
    Box::new(folder.with_shared(shared.as_deref().map(git::MergeFolder::new)).with_listed(listed))
}
