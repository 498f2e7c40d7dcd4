//! An output folder on disk as it was in the commits of the repository that it is in, without a checkout.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use git2::Oid;

use super::publishing::{Handles, folder_in_commit};
use super::work_tree::{WorkTree, WorkTreeError};
use crate::bundle_folder::BundleFolder;
use crate::holds::{HeldFiles, Hold, HoldError};
use crate::shared_files::SHARED;
use crate::tree::OutputFolder;
use crate::vocabulary::GitOid;
use kmodgen_git::shown;

/// An output folder on disk, whose repository is opened if a commit of it is asked for.
pub struct OutputHistory {
    root: PathBuf,
    opened: OnceLock<Result<Opened, String>>,
}

struct Opened {
    work_tree: WorkTree,
    /// Path of the output folder in the repository.
    below: String,
    handles: Arc<Handles>,
}

impl OutputHistory {
    /// Takes the output folder at `root`, which need not exist.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), opened: OnceLock::new() }
    }

    /// Returns the commit that a revision names.
    ///
    /// # Errors
    /// A lower-case fragment: an output folder in no repository, or a revision that does not exist.
    pub fn resolve(&self, revision: &str) -> Result<GitOid, String> {
        let opened = self.opened().map_err(Clone::clone)?;
        let commit = opened.work_tree.commit(revision).map_err(|error| error.to_string())?;
        GitOid::parse(&commit.id().to_string()).map_err(|invalid| invalid.message)
    }

    fn opened(&self) -> Result<&Opened, &String> {
        self.opened.get_or_init(|| open(&self.root).map_err(|error| error.to_string())).as_ref()
    }
}

/// Opens the repository around the nearest folder that exists.
fn open(root: &Path) -> Result<Opened, WorkTreeError> {
    let root = std::path::absolute(root)?;
    let there = root.ancestors().find(|folder| folder.is_dir()).unwrap_or(&root);
    let work_tree = WorkTree::around(there)?;
    let rest = root.strip_prefix(there).unwrap_or(Path::new(""));
    let below = work_tree.below.join(rest).to_string_lossy().into_owned();
    let handles = Arc::new(Handles::new(work_tree.repository.path()));
    Ok(Opened { work_tree, below, handles })
}

impl HeldFiles for OutputHistory {
    fn folder(&self, hold: &Hold) -> Result<Box<dyn OutputFolder>, HoldError> {
        let root = shown(&self.root.display().to_string());
        let commit = hold.at.as_str();
        let opened = self.opened().map_err(|why| HoldError {
            why: format!("commit {} cannot be looked up: {why}", hold.short_commit()),
            help: format!("write the output to a folder in the repository of the commit, or {}", hold.advice()),
        })?;
        let WorkTree { repository, .. } = &opened.work_tree;
        let id = Oid::from_str(commit).ok().filter(|id| repository.find_commit(*id).is_ok());
        let Some(id) = id else {
            let fetch = if repository.is_shallow() {
                "it is a shallow clone: fetch its history with `git fetch --unshallow`".to_owned()
            } else {
                format!("fetch it with `git fetch origin {commit}`")
            };
            return Err(HoldError {
                why: format!("commit {} is not in the repository of `{root}`", hold.short_commit()),
                help: format!("{fetch}, or {}", hold.advice()),
            });
        };
        let folder = folder_in_commit(&opened.handles, id, &opened.below);
        let folder = folder.map_err(|why| HoldError {
            why: format!("commit {} cannot be read: {why}", hold.short_commit()),
            help: format!("fetch the commit with all of its files, or {}", hold.advice()),
        })?;
        // Beside the folder of a cluster; a module without such files does not name any.
        let below = opened.below.trim_end_matches('/');
        let beside = below.rsplit_once('/').map_or_else(|| SHARED.to_owned(), |(all, _)| format!("{all}/{SHARED}"));
        let shared = folder_in_commit(&opened.handles, id, &beside).ok();
        Ok(Box::new(BundleFolder::new(folder).with_shared(shared)))
    }
}
