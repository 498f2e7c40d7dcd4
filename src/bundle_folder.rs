//! An output folder whose bundles are folders of documents, and whose modules have the files that clusters share.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bundle::{BUNDLE, Bundle, BundleFile, Obstacle, document_of, file_name, file_number, module_of};
use crate::cache::ReadAt;
use crate::file_stat::FileStat;
use crate::merge::Unmerged;
use crate::shared_files::{Listed, SHARED, SharedPath, path_in_shared};
use crate::tree::{Content, Found, Inaccessible, Kind, Look, OutputFolder, parents};
use crate::vocabulary::RelPath;

/// Number of bundles that are kept in memory.
const KEPT: usize = 8;

/// An output folder in which each bundle is a folder, and its documents are files. Files that clusters share are below the
/// folder of their module. The other files are as they are.
pub struct BundleFolder<'f> {
    folder: Box<dyn OutputFolder + 'f>,
    /// The folder of the files that clusters share; `None` if the manifest has no clusters.
    shared: Option<Box<dyn OutputFolder + 'f>>,
    /// Bundles that were read last, by module.
    bundles: Mutex<VecDeque<(String, Arc<Bundle>)>>,
    /// What the kustomizations of modules name, as far as it is known.
    listed: Mutex<HashMap<String, Arc<Listed>>>,
}

impl<'f> BundleFolder<'f> {
    /// Creates a view of a folder.
    pub fn new(folder: impl OutputFolder + 'f) -> Self {
        Self { folder: Box::new(folder), shared: None, bundles: Mutex::default(), listed: Mutex::default() }
    }

    /// Adds the folder of the files that clusters share.
    pub fn with_shared(self, shared: Option<impl OutputFolder + 'f>) -> Self {
        Self { shared: shared.map(|folder| Box::new(folder) as Box<dyn OutputFolder>), ..self }
    }

    /// Adds what the kustomizations of modules are known to name.
    pub fn with_listed(self, listed: impl IntoIterator<Item = (String, Listed)>) -> Self {
        let listed = listed.into_iter().map(|(module, listed)| (module, Arc::new(listed)));
        Self { listed: Mutex::new(listed.collect()), ..self }
    }

    /// Returns the folder with a file that clusters share, and its path there; `None` for other paths.
    fn in_shared(&self, path: &str) -> Option<(&dyn OutputFolder, RelPath)> {
        let path = SharedPath::parse(path)?.stored()?;
        Some((self.shared.as_deref()?, RelPath::parse(&path).ok()?))
    }

    /// Returns a bundle, which is read unless it is one of those that were read last.
    fn known(&self, module: &str) -> Result<Arc<Bundle>, Inaccessible> {
        let mut bundles = self.bundles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bundle)) = bundles.iter().find(|(name, _)| name == module) {
            return Ok(Arc::clone(bundle));
        }
        // Nobody else reads it meanwhile: all mappings of a module ask for the same bundle.
        let bundle = Arc::new(self.read(module)?);
        bundles.truncate(KEPT - 1);
        bundles.push_front((module.to_owned(), Arc::clone(&bundle)));
        Ok(bundle)
    }

    fn read(&self, module: &str) -> Result<Bundle, Inaccessible> {
        let names = self.folder.names(module)?;
        let mut numbers: Vec<usize> = names.iter().filter_map(|(name, _)| file_number(name)).collect();
        numbers.sort_unstable();
        let (mut files, mut obstacles, mut other_sides) = (Vec::new(), Vec::new(), Vec::new());
        for number in numbers {
            let Ok(path) = RelPath::parse(&format!("{module}/{}", file_name(number))) else { continue };
            match self.folder.look(&path)? {
                None => {}
                Some((Found::File(bytes), stat)) => files.push(BundleFile::new(number, bytes, stat)),
                Some((Found::Folder, _)) => obstacles.push((number, Obstacle::Folder)),
                Some((Found::Other(what), _)) => obstacles.push((number, Obstacle::Other(what))),
                Some((Found::Unmerged(unmerged), _)) => {
                    let Unmerged { ours, theirs, file, why } = *unmerged;
                    obstacles.extend(why.map(|why| (number, Obstacle::Unmerged(why))));
                    other_sides.extend(std::iter::once(file).chain(theirs));
                    files.push(BundleFile::new(number, ours.unwrap_or_default(), FileStat::NONE));
                }
            }
        }
        Ok(Bundle::new(files, obstacles, other_sides))
    }
}

impl OutputFolder for BundleFolder<'_> {
    fn names(&self, folder: &str) -> Result<Vec<(String, Kind)>, Inaccessible> {
        if folder == SHARED {
            return self.shared.as_ref().map_or_else(|| Ok(Vec::new()), |shared| shared.names(""));
        }
        if let Some(module) = module_of(folder) {
            let bundle = self.known(module)?;
            let documents = bundle.documents().filter(|document| document.has_release);
            return Ok(documents.map(|document| (document.name.to_owned(), Kind::File)).collect());
        }
        let mut names = self.folder.names(folder)?;
        if !folder.is_empty() && !folder.contains('/') && names.iter().any(|(name, _)| file_number(name).is_some()) {
            names.retain(|(name, _)| file_number(name).is_none());
            names.push((BUNDLE.to_owned(), Kind::Folder));
        }
        Ok(names)
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Inaccessible> {
        if let (Some(path), Some(shared)) = (path_in_shared(path), &self.shared) {
            return shared.kind(&path);
        }
        let kind = self.folder.kind(path)?;
        Ok(if module_of(path).is_some() { kind.map(|_| Kind::Folder) } else { kind })
    }

    fn look(&self, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
        if let Some((shared, path)) = self.in_shared(path.as_str()) {
            return look_below_folders(shared, &path);
        }
        let Some((module, name)) = document_of(path.as_str()) else { return self.folder.look(path) };
        let bundle = self.known(module)?;
        let document = bundle.get(name);
        Ok(document.map(|document| {
            let stat = FileStat { size: document.text.len() as u64, ..FileStat::NONE };
            (Found::File(document.text.to_vec()), stat)
        }))
    }

    fn holds(&self, path: &RelPath, content: Content<'_>) -> Result<Option<FileStat>, Inaccessible> {
        if let Some((shared, path)) = self.in_shared(path.as_str()) {
            return shared.holds(&path, content);
        }
        if document_of(path.as_str()).is_some() { Ok(None) } else { self.folder.holds(path, content) }
    }

    fn open(&self, path: &RelPath) -> Option<Box<dyn ReadAt>> {
        self.folder.open(path)
    }

    fn stat(&self, path: &str) -> FileStat {
        match self.in_shared(path) {
            Some((shared, path)) => shared.stat(path.as_str()),
            None => self.folder.stat(path),
        }
    }

    fn bundle(&self, module: &str) -> Result<Option<Arc<Bundle>>, Inaccessible> {
        self.known(module).map(Some)
    }

    fn listed(&self, module: &str) -> Result<Arc<Listed>, Inaccessible> {
        if let Some(known) = self.listed.lock().unwrap_or_else(PoisonError::into_inner).get(module) {
            return Ok(Arc::clone(known));
        }
        let listed = self.folder.listed(module)?;
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(module.to_owned(), Arc::clone(&listed));
        Ok(listed)
    }
}

/// Returns the object at a path, or what is in place of one of its folders.
fn look_below_folders(folder: &dyn OutputFolder, path: &RelPath) -> Result<Option<Look>, Inaccessible> {
    for parent in parents(path.as_str()) {
        match folder.kind(parent)? {
            Some(Kind::Folder) => {}
            None => return Ok(None),
            Some(Kind::File) => return Ok(Some((Found::Other("below a file"), FileStat::NONE))),
            Some(Kind::Other(what)) => return Ok(Some((Found::Other(what), FileStat::NONE))),
        }
    }
    folder.look(path)
}
