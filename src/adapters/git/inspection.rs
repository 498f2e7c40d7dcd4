//! Looking at a repository without a checkout: its refs, and the files of a commit.
//!
//! git fetches one commit into a bare repository of kmodgen's, and libgit2 reads it there; nothing of it is run. The
//! bounds are for repositories that mean harm.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;

use git2::{FileMode, ObjectType, Oid, Repository};

use super::error::{RefProblem, ResolveError};
use super::local;
use super::refs::Listing;
use super::{Resolver, advertised, shown};
use crate::adapters::fs::PrivateFolder;
use crate::init::{RepositoryFiles, is_read, may_be_included};
use crate::vocabulary::{GitOid, GitRef, GitUrl};
use kmodgen_git::{FETCHED, Location, Scheme, Server, ServerProblem};

/// Most files and folders that are looked at.
const MOST_ENTRIES: usize = 200_000;

/// Deepest folder that is looked into.
const DEEPEST: usize = 40;

/// Largest listing of one folder, in bytes.
const LARGEST_FOLDER: usize = 32 << 20;

/// Largest file that is read, in bytes.
const LARGEST_FILE: usize = 1 << 20;

/// Most files that are read.
const MOST_FILES: usize = 2_000;

/// Length of an object's name by SHA-256.
const SHA256_DIGITS: usize = 64;

/// Most files that are read because others may include them.
const MOST_INCLUDED: usize = 500;

/// Most bytes of all files that are read.
const MOST_BYTES: usize = 16 << 20;

/// Returns the `file` URL of a folder, given its path; `None` for a text that is a URL, or leads to no folder.
pub fn folder_url(path: &str) -> Option<String> {
    let folder = Path::new(path).canonicalize().ok().filter(|folder| folder.is_dir() && !path.contains("://"))?;
    let mut url = "file://".to_owned();
    for byte in folder.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'_' | b'-' | b'+' | b'~' => url.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => url.push(char::from(*byte)),
            byte => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    Some(url)
}

/// Refs of a repository, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefNames {
    /// Names of tags, without `refs/tags/`.
    pub tags: Vec<String>,
    /// The branch that `HEAD` stands for.
    pub branch: Option<String>,
    /// The commit that `HEAD` leads to.
    pub head: Option<GitOid>,
    /// URL that a repository on this machine was cloned from.
    pub origin: Option<String>,
}

/// A repository that is looked at.
pub struct Inspection {
    /// The repository, as messages call it.
    shown: String,
    place: Storage,
    listing: Listing,
    names: RefNames,
}

/// A repository on this machine, or one on a server, with a bare one for its commit.
enum Storage {
    Here(Repository),
    There { server: Box<Server>, scratch: PrivateFolder },
}

impl Resolver {
    /// Lists the refs of a repository, to look at one of its commits.
    ///
    /// # Errors
    /// A repository that cannot be read.
    pub fn inspect(&self, url: &GitUrl) -> Result<Inspection, ResolveError> {
        let repository = shown(url);
        self.opened(url, repository.clone()).map_err(|problem| ResolveError::Repository { repository, problem })
    }

    fn opened(&self, url: &GitUrl, shown: String) -> Result<Inspection, ServerProblem> {
        let location = Location::parse(url.as_str())?;
        if location.scheme == Scheme::File {
            return here(&location, shown);
        }
        let scratch = PrivateFolder::make_large().map_err(|(parent, error)| ServerProblem::BadSetting {
            detail: kmodgen_git::shown(&format!("cannot create a folder in {}: {error}", parent.display())),
        })?;
        let server = Server::find(url.as_str(), &self.environment, self.timeout, scratch.path())?;
        if server.location.scheme == Scheme::File {
            return here(&server.location, shown);
        }
        let heads = server.list(&[])?;
        let target = heads.iter().find(|head| head.name == "HEAD").and_then(|head| head.target.clone());
        let refs: Vec<(String, GitOid)> = heads.into_iter().filter_map(advertised).collect();
        let names = names(&refs, target.as_deref());
        let place = Storage::There { server: Box::new(server), scratch };
        Ok(Inspection { shown, place, listing: Listing::new(refs), names })
    }
}

fn here(location: &Location, shown: String) -> Result<Inspection, ServerProblem> {
    let repository = local::open(&location.path)?;
    let refs = local::list(&repository).map_err(|error| local::unreadable(&error))?;
    let head = repository.find_reference("HEAD").ok();
    let target = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten()).map(str::to_owned);
    let mut names = names(&refs, target.as_deref());
    let origin = repository.find_remote("origin").ok();
    names.origin = origin.and_then(|remote| remote.url().ok().map(str::to_owned));
    drop(head);
    Ok(Inspection { shown, place: Storage::Here(repository), listing: Listing::new(refs), names })
}

fn names(refs: &[(String, GitOid)], head: Option<&str>) -> RefNames {
    let tags =
        refs.iter().filter_map(|(name, _)| name.strip_prefix("refs/tags/")).filter(|name| !name.ends_with("^{}"));
    RefNames {
        tags: tags.map(str::to_owned).collect(),
        branch: head.and_then(|head| head.strip_prefix("refs/heads/")).map(str::to_owned),
        head: refs.iter().find(|(name, _)| name == "HEAD").map(|(_, id)| id.clone()),
        origin: None,
    }
}

impl Inspection {
    /// Returns its refs.
    pub fn names(&self) -> &RefNames {
        &self.names
    }

    /// Returns whether a branch and a tag have this name and are different commits.
    pub fn is_ambiguous(&self, name: &GitRef) -> bool {
        matches!(self.listing.choose(name), Err(RefProblem::Ambiguous))
    }

    /// Reads the files of a commit. A server sends this commit, and nothing of its past.
    ///
    /// # Errors
    /// A name that is no commit, or a commit that cannot be fetched.
    pub fn files(&self, name: &GitRef) -> Result<RepositoryFiles, ResolveError> {
        match &self.place {
            Storage::Here(repository) => {
                let commit =
                    local::choose(repository, &self.listing, name).map_err(|problem| self.of_ref(name, problem))?;
                self.read(repository, commit.id.as_str())
            }
            Storage::There { server, scratch } => {
                let commit = self.listing.choose(name).map_err(|problem| self.of_ref(name, problem))?;
                if commit.as_str().len() == SHA256_DIGITS {
                    return Err(self.of_repository(ServerProblem::Sha256Objects));
                }
                // A full commit may be the tip of no ref.
                let wanted = self.listing.name_of(&commit).unwrap_or(commit.as_str());
                let fetched = server.fetch(scratch.path(), wanted);
                fetched.map_err(|problem| self.of_repository(problem))?;
                let repository = Repository::open(scratch.path()).map_err(|error| self.broken(&error))?;
                self.read(&repository, FETCHED)
            }
        }
    }

    fn read(&self, repository: &Repository, revision: &str) -> Result<RepositoryFiles, ResolveError> {
        let object = repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
        let tree = object.map(|commit| commit.tree_id()).map_err(|error| self.broken(&error))?;
        read(repository, tree).map_err(|error| self.broken(&error))
    }

    fn of_ref(&self, name: &GitRef, problem: RefProblem) -> ResolveError {
        ResolveError::Ref { repository: self.shown.clone(), name: name.clone(), problem }
    }

    fn of_repository(&self, problem: ServerProblem) -> ResolveError {
        ResolveError::Repository { repository: self.shown.clone(), problem }
    }

    fn broken(&self, error: &git2::Error) -> ResolveError {
        self.of_repository(local::unreadable(error))
    }
}

/// Reads the paths of a tree, folder by folder from the top, and the texts that are needed.
fn read(repository: &Repository, top: Oid) -> Result<RepositoryFiles, git2::Error> {
    let odb = repository.odb()?;
    let mut files = RepositoryFiles::default();
    let (mut entries, mut bytes, mut included) = (0, 0, 0);
    let mut ahead = VecDeque::from([(String::new(), top, 0)]);
    while let Some((folder, tree, depth)) = ahead.pop_front() {
        if odb.read_header(tree)?.0 > LARGEST_FOLDER || depth > DEEPEST {
            files.cut = Some("some folders are too large or too deep, and were not looked into".to_owned());
            continue;
        }
        for entry in repository.find_tree(tree)?.iter() {
            entries += 1;
            if entries > MOST_ENTRIES {
                files.cut = Some(format!(
                    "the repository has more than {MOST_ENTRIES} files, and the others were not looked at"
                ));
                return Ok(files);
            }
            // No path of a manifest can lead to another name.
            let Ok(name) = std::str::from_utf8(entry.name_bytes()) else { continue };
            let path = format!("{folder}{name}");
            match (entry.kind(), entry.filemode()) {
                (Some(ObjectType::Tree), _) => ahead.push_back((format!("{path}/"), entry.id(), depth + 1)),
                (Some(ObjectType::Blob), mode) if mode != i32::from(FileMode::Link) => {
                    let is_included = !is_read(&path) && may_be_included(&path) && included < MOST_INCLUDED;
                    included += usize::from(is_included);
                    if is_included || is_read(&path) {
                        bytes += read_text(repository, entry.id(), &path, bytes, &mut files)?;
                    }
                    files.paths.insert(path);
                }
                _ => {}
            }
        }
    }
    Ok(files)
}

/// Reads a text unless it is too large, alone or with the `bytes` that were read before; returns its size if it was
/// read.
fn read_text(
    repository: &Repository,
    id: Oid,
    path: &str,
    bytes: usize,
    files: &mut RepositoryFiles,
) -> Result<usize, git2::Error> {
    let (size, _) = repository.odb()?.read_header(id)?;
    if size > LARGEST_FILE {
        files.unread.push((path.to_owned(), format!("it has {size} bytes, and at most {LARGEST_FILE} are read")));
        return Ok(0);
    }
    if bytes + size > MOST_BYTES || files.texts.len() == MOST_FILES {
        files.cut = Some("there are too many Makefiles, and some were not read".to_owned());
        return Ok(0);
    }
    let text = String::from_utf8_lossy(repository.find_blob(id)?.content()).into_owned();
    files.texts.insert(path.to_owned(), text);
    Ok(size)
}
