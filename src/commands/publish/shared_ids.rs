//! The files that clusters share as they are in a commit, by content: looked up once for all clusters.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::adapters::git::CommittedFolder;
use crate::file_stat::FileStat;
use crate::output::{CONFIG_MAP, KUSTOMIZATION};
use crate::shared_files::ContentHash;
use crate::tree::OutputFolder as _;

/// Kustomization and ConfigMap of each content, by kernel release.
pub(super) type ModuleIds = HashMap<String, HashMap<ContentHash, [FileStat; 2]>>;

/// Files that clusters share.
pub(super) struct SharedIds<'f> {
    pub(super) folder: &'f CommittedFolder,
    modules: RefCell<HashMap<String, Rc<ModuleIds>>>,
}

impl<'f> SharedIds<'f> {
    pub(super) fn new(folder: &'f CommittedFolder) -> Self {
        Self { folder, modules: RefCell::default() }
    }

    /// Returns the files of a module; none of a folder that cannot be read.
    pub(super) fn of(&self, module: &str) -> Rc<ModuleIds> {
        let known = self.modules.borrow().get(module).cloned();
        known.unwrap_or_else(|| {
            let ids = Rc::new(self.read(module));
            self.modules.borrow_mut().insert(module.to_owned(), Rc::clone(&ids));
            ids
        })
    }

    fn read(&self, module: &str) -> ModuleIds {
        let releases = self.names(module).into_iter().map(|release| {
            let folder = format!("{module}/{release}");
            let contents = self.names(&folder).into_iter().filter_map(|name| {
                let files =
                    [KUSTOMIZATION, CONFIG_MAP].map(|file| self.folder.stat(&format!("{folder}/{name}/{file}")));
                Some((ContentHash::parse(&name)?, files))
            });
            (release, contents.collect())
        });
        releases.collect()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        self.folder.names(folder).unwrap_or_default().into_iter().map(|(name, _)| name).collect()
    }
}
