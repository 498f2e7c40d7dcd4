//! Folders beside the manifest that code is taken from: which files they have, and their digest.

use crate::fingerprint::{HashSink, Sink as _};
use crate::vocabulary::{Digest, InputFiles, ListedKind, RelPath};

/// Limit on the files, links and folders in a folder: a folder that has more is most likely not meant.
const MOST_NAMES: usize = 20_000;

/// Limit on the bytes of the files in a folder, which every run reads.
const MOST_BYTES: usize = 256 << 20;

/// Limit on the depth of folders in a folder.
const DEEPEST: usize = 64;

/// A folder beside the manifest. As for git, folders without files are no part of it, and neither is
/// git's own `.git`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Folder {
    /// Its path.
    pub path: RelPath,
    /// Files and links in the folder, in the order of their paths.
    pub files: Vec<FolderFile>,
    /// The digest of every path, of whether its file is executable, and of its bytes.
    pub digest: Digest,
    /// The digest of what `sha256sum` prints of its regular files, in the order of their paths, by which a
    /// build knows what it was given.
    pub sums: Digest,
}

/// A file or link of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FolderFile {
    /// Its path, from the manifest's folder on.
    pub path: RelPath,
    /// Kind of the file.
    pub kind: FolderFileKind,
}

/// Kind of a file in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FolderFileKind {
    /// A regular file.
    File {
        /// Set if the file is executable.
        executable: bool,
        /// The digest of its bytes.
        digest: Digest,
    },
    /// A symbolic link within the folder.
    Link {
        /// Target of the link.
        to: String,
    },
}

impl Folder {
    /// Reads a folder with all that is in it.
    ///
    /// # Errors
    /// All that hinders, each as a lower-case fragment.
    pub(super) fn read(files: &dyn InputFiles, path: &RelPath) -> Result<Self, Vec<String>> {
        let mut walk = Walk { files, top: path, found: Vec::new(), faults: Vec::new(), names: 0, bytes: 0 };
        walk.enter(path, 0);
        let Walk { mut found, mut faults, .. } = walk;
        if found.is_empty() && faults.is_empty() {
            faults.push("it has no files".into());
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        let (mut sink, mut sums) = (HashSink::default(), String::new());
        for FolderFile { path: file, kind } in &found {
            let below = file.as_str().strip_prefix(path.as_str()).unwrap_or_default();
            match kind {
                FolderFileKind::File { executable, digest } => {
                    sink.field(below, if *executable { b"program" } else { b"file" });
                    sink.field("", digest.as_bytes());
                    sums.push_str(&format!("{digest}  .{below}\n"));
                }
                FolderFileKind::Link { to } => {
                    sink.field(below, b"link");
                    sink.field("", to.as_bytes());
                }
            }
        }
        Ok(Self { path: path.clone(), files: found, digest: sink.finish(), sums: Digest::of(sums.as_bytes()) })
    }
}

/// On the way through a folder.
struct Walk<'w> {
    files: &'w dyn InputFiles,
    top: &'w RelPath,
    found: Vec<FolderFile>,
    faults: Vec<String>,
    names: usize,
    bytes: usize,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &RelPath, depth: usize) {
        let names = match self.files.list(folder) {
            Ok(_) if depth > DEEPEST => return self.faults.push(format!("`{folder}` in it is nested too deeply")),
            Ok(names) => names,
            Err(why) if folder == self.top => return self.faults.push(why.to_string()),
            Err(why) => return self.faults.push(format!("`{folder}`: {why}")),
        };
        for name in names.into_iter().filter(|name| name.name != ".git") {
            self.names += 1;
            let path = match RelPath::parse(&format!("{folder}/{}", name.name)) {
                Ok(path) => path,
                Err(invalid) => {
                    self.faults.push(invalid.message);
                    continue;
                }
            };
            match name.kind {
                ListedKind::Folder => self.enter(&path, depth + 1),
                ListedKind::File { executable } => self.file(path, executable),
                ListedKind::Link { to } if stays(self.top, &path, &to) => {
                    self.found.push(FolderFile { path, kind: FolderFileKind::Link { to } });
                }
                ListedKind::Link { .. } => self.faults.push(format!("`{path}` is a link that points outside it")),
                ListedKind::Other(what) => self.faults.push(format!("`{path}` is {what}")),
            }
            if self.is_full() {
                return;
            }
        }
    }

    fn file(&mut self, path: RelPath, executable: bool) {
        match self.files.read(&path) {
            Ok(bytes) => {
                self.bytes += bytes.len();
                let digest = Digest::of(&bytes);
                self.found.push(FolderFile { path, kind: FolderFileKind::File { executable, digest } });
            }
            Err(why) => self.faults.push(format!("`{path}`: {why}")),
        }
    }

    /// Returns whether the folder has too much in it, or too many faults, to go on.
    fn is_full(&mut self) -> bool {
        /// More of them tell nothing new.
        const TOLD: usize = 10;
        let over = if self.names > MOST_NAMES {
            format!("it has more than {MOST_NAMES} files and folders")
        } else if self.bytes > MOST_BYTES {
            format!("it has more than {} MiB", MOST_BYTES >> 20)
        } else {
            return self.faults.len() >= TOLD;
        };
        if !self.faults.contains(&over) {
            self.faults.push(over);
        }
        true
    }
}

/// Returns whether a link at `path` stays in the folder `top`, judged by its target alone.
fn stays(top: &RelPath, path: &RelPath, to: &str) -> bool {
    let depth = |path: &str| path.split('/').count();
    let mut level = depth(path.parent()) - depth(top.as_str());
    if to.starts_with('/') {
        return false;
    }
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." if level == 0 => return false,
            ".." => level -= 1,
            _ => level += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::vocabulary::{ABSENT, InputError, Listed};

    /// Folders by path, each with its names. Every file has its own name for bytes.
    #[derive(Default)]
    struct Folders(BTreeMap<String, Vec<Listed>>);

    impl Folders {
        fn with(mut self, folder: &str, name: &str, kind: ListedKind) -> Self {
            self.0.entry(folder.into()).or_default().push(Listed { name: name.into(), kind });
            self
        }

        fn read(&self) -> Result<Folder, Vec<String>> {
            Folder::read(self, &RelPath::parse("a").unwrap())
        }
    }

    impl InputFiles for Folders {
        fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
            Ok(path.file_name().as_bytes().to_vec().into())
        }

        fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
            self.0.get(folder.as_str()).cloned().ok_or_else(|| ABSENT.into())
        }
    }

    const FILE: ListedKind = ListedKind::File { executable: false };

    fn link(to: &str) -> ListedKind {
        ListedKind::Link { to: to.into() }
    }

    #[test]
    fn a_mode_and_a_links_target_decide_too() {
        let digest = |kind: ListedKind| Folders::default().with("a", "x", kind).read().unwrap().digest;
        let digests =
            [digest(FILE), digest(ListedKind::File { executable: true }), digest(link("x")), digest(link("y"))];
        for (at, one) in digests.iter().enumerate() {
            assert!(digests[..at].iter().all(|other| other != one), "{at}");
        }
        let moved = Folders::default().with("b", "x", FILE);
        let moved = Folder::read(&moved, &RelPath::parse("b").unwrap()).unwrap();
        assert_eq!(moved.digest, digest(FILE), "where the folder is, is no part of it");
    }

    #[test]
    fn all_that_hinders_is_told() {
        let folders = Folders::default()
            .with("a", "up", link("../x"))
            .with("a", "root", link("/etc/passwd"))
            .with("a", "fine", link("sub/../up"))
            .with("a", "pipe", ListedKind::Other("a pipe"))
            .with("a", "back\\slash", FILE)
            .with("a", "sub", ListedKind::Folder)
            .with("a/sub", "fine", link("../up"))
            .with("a/sub", "gone", ListedKind::Folder);
        let faults = folders.read().unwrap_err();
        assert_eq!(faults.len(), 5, "{faults:#?}");
        for why in
            ["`a/up` is a link", "`a/root` is a link", "`a/pipe` is a pipe", "'\\\\'", "`a/sub/gone`: there is no"]
        {
            assert!(faults.iter().any(|fault| fault.contains(why)), "{why}: {faults:#?}");
        }
        assert_eq!(Folders::default().read().unwrap_err(), [ABSENT]);
        let empty = Folders::default().with("a", ".git", ListedKind::Folder);
        assert_eq!(empty.read().unwrap_err(), ["it has no files"]);
    }

    #[test]
    fn too_much_is_refused_in_time() {
        let many = (0..=MOST_NAMES + 5).fold(Folders::default(), |all, at| all.with("a", &at.to_string(), FILE));
        assert_eq!(many.read().unwrap_err(), ["it has more than 20000 files and folders"]);
        let deep = (0..500).fold((Folders::default(), "a".to_owned()), |(all, folder), _| {
            (all.with(&folder, "d", ListedKind::Folder), folder + "/d")
        });
        let faults = deep.0.read().unwrap_err();
        assert!(faults.len() == 1 && faults[0].ends_with("in it is nested too deeply"), "{faults:#?}");
    }
}
