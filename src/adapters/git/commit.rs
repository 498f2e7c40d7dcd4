//! A manifest's folder as it was in a commit: read from the repository, without a checkout.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use git2::{FileMode, ObjectType, Oid, Repository, TreeEntry};

use super::commit_file_error::CommitFileError;
use super::work_tree::{WorkTree, WorkTreeError};
use crate::adapters::fs::LARGEST_INPUT;
use crate::vocabulary::{InputError, InputFiles, Listed, ListedKind, RelPath};

/// Largest number of links in one path, and of bytes in a link, as on Linux.
const MOST_LINKS: usize = 40;
const LONGEST_LINK: u64 = 4096;

/// The folder of a manifest in a commit. Nothing outside of it is read, links included.
pub struct CommitFolder {
    /// Locked, since libgit2's repositories are for one thread at a time.
    repository: Mutex<Repository>,
    /// The tree of the folder; `None` where the commit does not have it.
    tree: Option<Oid>,
    /// The tree of the whole commit.
    root: Oid,
    /// Path of the folder in the commit; `None` if it is not UTF-8.
    below: Option<String>,
}

/// Entry at a path of a tree.
enum Entry {
    File(Oid),
    Link(Oid),
    Folder(Oid),
}

impl CommitFolder {
    /// `folder` as it was in the commit that `revision` names, of the repository that it is in.
    ///
    /// # Errors
    /// A `folder` in no repository, a revision that does not exist, or an error of git.
    pub fn open(folder: &Path, revision: &str) -> Result<Self, WorkTreeError> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let place = WorkTree::around(folder)?;
        let root = place.commit(revision)?.tree_id();
        let WorkTree { repository, below } = place;
        let mut tree = Some(root);
        for name in below.iter() {
            // A name that is not UTF-8 is looked for by its bytes.
            tree = match tree.map(|tree| entry(&repository, tree, name.as_encoded_bytes())) {
                Some(Ok(Some(Entry::Folder(tree)))) => Some(tree),
                Some(Err(error)) => return Err(error.into()),
                _ => None,
            };
        }
        let below = below.to_str().map(str::to_owned);
        Ok(Self { repository: Mutex::new(repository), tree, root, below })
    }

    /// The bytes of a file below `top`, through links that stay below it.
    fn find(repository: &Repository, top: Oid, path: &RelPath) -> Result<Oid, CommitFileError> {
        let mut todo: Vec<String> = path.as_str().split('/').rev().map(str::to_owned).collect();
        // The folders that lead to where we are, the last one innermost.
        let mut way = vec![top];
        let mut links = 0;
        while let Some(name) = todo.pop() {
            match name.as_str() {
                "" | "." => continue,
                ".." if way.len() > 1 => {
                    way.pop();
                    continue;
                }
                ".." => return Err(CommitFileError::LeavesFolder),
                _ => {}
            }
            let here = way.last().copied().unwrap_or(top);
            match entry(repository, here, name.as_bytes())? {
                Some(Entry::Folder(tree)) => way.push(tree),
                Some(Entry::File(blob)) if todo.is_empty() => return Ok(blob),
                Some(Entry::File(_)) => return Err(CommitFileError::NotAFolder),
                Some(Entry::Link(blob)) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(CommitFileError::Circle);
                    }
                    let target = bytes(repository, blob, LONGEST_LINK)?;
                    let target = String::from_utf8(target).map_err(|_| CommitFileError::Absent)?;
                    if target.starts_with('/') {
                        return Err(CommitFileError::LeavesFolder);
                    }
                    todo.extend(target.split('/').rev().map(str::to_owned));
                }
                None => return Err(CommitFileError::Absent),
            }
        }
        Err(CommitFileError::IsAFolder)
    }
}

impl InputFiles for CommitFolder {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        let blob = if path.leaves_folder() {
            let below = self.below.as_ref().ok_or(CommitFileError::Absent)?;
            let path = RelPath::parse_input(below, path.as_str()).map_err(|_| CommitFileError::LeavesRepository)?;
            if path.leaves_folder() {
                return Err(CommitFileError::LeavesRepository.into());
            }
            Self::find(&repository, self.root, &path).map_err(|error| match error {
                CommitFileError::LeavesFolder => CommitFileError::LeavesRepository,
                other => other,
            })?
        } else {
            Self::find(&repository, self.tree.ok_or(CommitFileError::Absent)?, path)?
        };
        Ok(bytes(&repository, blob, LARGEST_INPUT)?.into())
    }

    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        let top = self.tree.ok_or(CommitFileError::Absent)?;
        Ok(list(&repository, top, folder)?)
    }
}

/// Lists a folder below `top`.
fn list(repository: &Repository, top: Oid, folder: &RelPath) -> Result<Vec<Listed>, CommitFileError> {
    let mut here = top;
    for name in folder.as_str().split('/') {
        here = match entry(repository, here, name.as_bytes())? {
            Some(Entry::Folder(tree)) => tree,
            Some(Entry::Link(_)) => return Err(CommitFileError::ThroughLink),
            Some(Entry::File(_)) => return Err(CommitFileError::NotAFolder),
            None => return Err(CommitFileError::Absent),
        };
    }
    let tree = repository.find_tree(here)?;
    let mut names = tree.iter().map(|entry| listed(repository, &entry)).collect::<Result<Vec<_>, _>>()?;
    names.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(names)
}

/// A name of a tree.
fn listed(repository: &Repository, entry: &TreeEntry<'_>) -> Result<Listed, CommitFileError> {
    let Ok(name) = std::str::from_utf8(entry.name_bytes()) else {
        return Err(CommitFileError::Name(entry.name_bytes().to_owned()));
    };
    let kind = match (entry.kind(), entry.filemode()) {
        (Some(ObjectType::Tree), _) => ListedKind::Folder,
        (Some(ObjectType::Blob), mode) if mode == i32::from(FileMode::Link) => {
            match String::from_utf8(bytes(repository, entry.id(), LONGEST_LINK)?) {
                Ok(to) => ListedKind::Link { to },
                Err(_) => ListedKind::Other("a link whose target is not UTF-8"),
            }
        }
        (Some(ObjectType::Blob), mode) => ListedKind::File { executable: mode == i32::from(FileMode::BlobExecutable) },
        _ => ListedKind::Other("a repository of its own"),
    };
    Ok(Listed { name: name.to_owned(), kind })
}

/// Finds the entry of a tree under a name.
fn entry(repository: &Repository, tree: Oid, name: &[u8]) -> Result<Option<Entry>, git2::Error> {
    let tree = repository.find_tree(tree)?;
    let Some(entry) = tree.get_name_bytes(name) else { return Ok(None) };
    Ok(match (entry.kind(), entry.filemode()) {
        (Some(ObjectType::Tree), _) => Some(Entry::Folder(entry.id())),
        (Some(ObjectType::Blob), mode) if mode == i32::from(FileMode::Link) => Some(Entry::Link(entry.id())),
        (Some(ObjectType::Blob), _) => Some(Entry::File(entry.id())),
        // A submodule is a repository of its own.
        _ => None,
    })
}

fn bytes(repository: &Repository, blob: Oid, most: u64) -> Result<Vec<u8>, CommitFileError> {
    let (size, _) = repository.odb()?.read_header(blob)?;
    if size as u64 > most {
        return Err(CommitFileError::TooLarge { size, most });
    }
    Ok(repository.find_blob(blob)?.content().to_vec())
}

#[cfg(test)]
mod tests {
    use git2::Signature;

    use super::*;
    use crate::vocabulary::ABSENT;

    /// A repository whose only commit has these entries: path, mode, text.
    fn repository(entries: &[(&str, FileMode, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        let mut index = repository.index().unwrap();
        for (path, mode, text) in entries {
            let id = repository.blob(text.as_bytes()).unwrap();
            let zero = git2::IndexTime::new(0, 0);
            let mode = u32::try_from(i32::from(*mode)).unwrap();
            let path = path.as_bytes().to_vec();
            let entry = git2::IndexEntry {
                ctime: zero,
                mtime: zero,
                dev: 0,
                ino: 0,
                mode,
                uid: 0,
                gid: 0,
                file_size: 0,
                id,
                flags: 0,
                flags_extended: 0,
                path,
            };
            index.add(&entry).unwrap();
        }
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let author = Signature::new("a", "a@example.com", &git2::Time::new(0, 0)).unwrap();
        repository.commit(Some("HEAD"), &author, &author, "first", &tree, &[]).unwrap();
        drop(tree);
        folder
    }

    fn read(folder: &Path, path: &str) -> Result<String, InputError> {
        let files = CommitFolder::open(folder, "HEAD").unwrap();
        let bytes = files.read(&RelPath::parse_input("", path).unwrap())?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn error(folder: &Path, path: &str) -> String {
        read(folder, path).unwrap_err().to_string()
    }

    #[test]
    fn files_are_those_of_the_commit() {
        let folder = repository(&[("sub/a/b", FileMode::Blob, "text"), ("c", FileMode::Blob, "other")]);
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let sub = folder.path().join("sub");
        assert_eq!(read(&sub, "a/b").unwrap(), "text");
        assert_eq!(error(&sub, "c"), ABSENT);
        assert_eq!(error(&sub, "a"), "it is a folder");
        assert_eq!(error(&sub, "a/b/c"), "a part of the path is not a folder");
        std::fs::create_dir(folder.path().join("new")).unwrap();
        assert_eq!(error(&folder.path().join("new"), "c"), ABSENT);
    }

    #[test]
    fn links_are_followed_and_stay_inside() {
        let folder = repository(&[
            ("sub/file", FileMode::Blob, "text"),
            ("sub/deep/link", FileMode::Link, "../file"),
            ("sub/folder", FileMode::Link, "deep/../deep"),
            ("sub/out", FileMode::Link, "../secret"),
            ("sub/far", FileMode::Link, "/etc/passwd"),
            ("sub/round", FileMode::Link, "round"),
            ("secret", FileMode::Blob, "secret"),
        ]);
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let sub = folder.path().join("sub");
        assert_eq!(read(&sub, "deep/link").unwrap(), "text");
        assert_eq!(read(&sub, "folder/link").unwrap(), "text");
        assert!(error(&sub, "out").contains("leaves"));
        assert!(error(&sub, "far").contains("leaves"));
        assert!(error(&sub, "round").contains("cycle"));
    }

    #[test]
    fn files_of_other_folders_stay_in_the_repository() {
        let folder = repository(&[
            ("deep/sub/in", FileMode::Link, "../../shared/file"),
            ("shared/file", FileMode::Blob, "text"),
            ("shared/link", FileMode::Link, "../deep/../shared/file"),
            ("shared/out", FileMode::Link, "../../secret"),
            ("shared/far", FileMode::Link, "/etc"),
        ]);
        let sub = folder.path().join("deep/sub");
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::create_dir(&sub).unwrap();
        assert_eq!(read(&sub, "../../shared/file").unwrap(), "text");
        assert_eq!(read(&sub, "../../shared/link").unwrap(), "text");
        for path in ["../../../secret", "../../../../../../etc/passwd", "../../shared/out", "../../shared/far/passwd"] {
            assert!(error(&sub, path).contains("outside of the git repository"), "{path}");
        }
        for path in ["../../.git/config", "../shared/file"] {
            assert_eq!(error(&sub, path), ABSENT, "{path}");
        }
        assert!(error(&sub, "in").contains("leaves the manifest's folder"));
    }

    #[test]
    fn folders_are_listed_as_those_on_disk() {
        let folder = repository(&[
            ("src/b.c", FileMode::Blob, "text"),
            ("src/b/more", FileMode::Blob, ""),
            ("src/run", FileMode::BlobExecutable, ""),
            ("src/to", FileMode::Link, "b.c"),
            ("alias", FileMode::Link, "src"),
        ]);
        let files = CommitFolder::open(folder.path(), "HEAD").unwrap();
        let listed = files.list(&RelPath::parse("src").unwrap()).unwrap();
        let kinds: Vec<_> = listed.into_iter().map(|listed| (listed.name, listed.kind)).collect();
        let expected = [
            ("b", ListedKind::Folder),
            ("b.c", ListedKind::File { executable: false }),
            ("run", ListedKind::File { executable: true }),
            ("to", ListedKind::Link { to: "b.c".into() }),
        ];
        assert_eq!(kinds, expected.map(|(name, kind)| (name.to_owned(), kind)));
        for (path, message) in [
            ("alias", "it is reached through a link"),
            ("src/run", "a part of the path is not a folder"),
            ("gone", ABSENT),
        ] {
            assert_eq!(files.list(&RelPath::parse(path).unwrap()).unwrap_err().to_string(), message);
        }
    }

    fn refused(folder: &Path, revision: &str) -> String {
        CommitFolder::open(folder, revision).err().unwrap().to_string()
    }

    #[test]
    fn what_is_not_there_is_said() {
        let folder = repository(&[("a", FileMode::Blob, "")]);

        assert_eq!(refused(folder.path(), "v9\n"), "there is no revision `v9\\n` in the repository");
        let empty = tempfile::tempdir().unwrap();
        assert!(refused(empty.path(), "HEAD").ends_with("is not in a git repository"));
        Repository::init(empty.path()).unwrap();
        assert_eq!(refused(empty.path(), "HEAD"), "the repository has no commits");
    }
}
