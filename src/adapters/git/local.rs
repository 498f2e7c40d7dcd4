//! Repositories on this machine, `file://`.
//!
//! They are opened rather than asked, since that finds every commit: a short one that no ref
//! points to, and whether a tag's target is a commit at all.

use std::path::{Path, PathBuf};
use std::sync::Once;

use git2::{ErrorCode, ObjectType, Oid, Repository};

use super::error::RefProblem;
use super::refs::Listing;
use crate::lock::Commit;
use crate::vocabulary::{GitOid, GitRef, Timestamp};
use kmodgen_git::{ServerProblem, shown};

/// A repository on this machine and its refs.
pub(super) struct Local {
    repository: Repository,
    listing: Listing,
}

impl Local {
    /// Opens a repository, bare or not, and lists its refs.
    pub(super) fn open(path: &str) -> Result<Self, ServerProblem> {
        let repository = open(path)?;
        let listing = Listing::new(list(&repository).map_err(|error| unreadable(&error))?);
        Ok(Self { repository, listing })
    }

    /// The commit that `wanted` names.
    pub(super) fn choose(&self, wanted: &GitRef) -> Result<Commit, RefProblem> {
        choose(&self.repository, &self.listing, wanted)
    }
}

/// Returns the commit that `wanted` names, given the repository's refs.
pub(super) fn choose(repository: &Repository, listing: &Listing, wanted: &GitRef) -> Result<Commit, RefProblem> {
    let object = match listing.choose(wanted) {
        Ok(oid) => Oid::from_str(oid.as_str()).and_then(|oid| repository.find_object(oid, None)),
        Err(RefProblem::UnknownShortCommit | RefProblem::AmbiguousShortCommit { .. }) => {
            repository.find_object_by_prefix(wanted.as_str(), None)
        }
        Err(problem) => return Err(problem),
    };
    let object = object.map_err(|error| match error.code() {
        ErrorCode::Ambiguous => RefProblem::AmbiguousShortCommit { candidates: Vec::new() },
        _ if wanted.as_commit().is_some() => RefProblem::UnknownCommit,
        _ => RefProblem::UnknownShortCommit,
    })?;
    // A commit would be peeled to its tree.
    let target = match object.kind() {
        Some(ObjectType::Tag) => object.peel(ObjectType::Any).unwrap_or(object),
        _ => object,
    };
    let kind = target.kind().map_or("broken object", |kind| kind.str());
    let commit = target.into_commit().map_err(|_| RefProblem::NotACommit { kind })?;
    let id = GitOid::parse(&commit.id().to_string()).map_err(|_| RefProblem::NotACommit { kind })?;
    Ok(Commit { id, date: Some(Timestamp::from_seconds(commit.time().seconds())) })
}

/// Opens a repository, bare or not.
pub(super) fn open(path: &str) -> Result<Repository, ServerProblem> {
    trust_other_owners();
    let repository = candidates(path).into_iter().find_map(|path| match Repository::open(path) {
        Err(error) if error.code() == ErrorCode::NotFound => None,
        opened => Some(opened),
    });
    match repository {
        Some(opened) => opened.map_err(|error| unreadable(&error)),
        None => {
            let path = Path::new(path);
            let detail = match (path.is_dir(), path.exists()) {
                (true, _) => "the folder is not the top of a repository",
                (false, true) => "it is not a folder",
                (false, false) => "the folder does not exist",
            };
            Err(ServerProblem::NoRepository { detail: detail.into() })
        }
    }
}

pub(super) fn unreadable(error: &git2::Error) -> ServerProblem {
    let message = error.message();
    if message.contains("object format") && message.contains("sha256") {
        return ServerProblem::Sha256Objects;
    }
    ServerProblem::Server { detail: shown(message) }
}

/// The folders that git takes a path for.
fn candidates(path: &str) -> [PathBuf; 2] {
    [path.into(), format!("{}.git", path.trim_end_matches('/')).into()]
}

/// Lists the refs of a repository; an annotated tag is the object that it points to.
pub(super) fn list(repository: &Repository) -> Result<Vec<(String, GitOid)>, git2::Error> {
    // An unborn branch has no commit yet.
    let mut refs = vec![("HEAD".to_owned(), repository.head().ok().and_then(|head| head.target()))];
    for reference in repository.references()? {
        let reference = reference?;
        // A name that is not UTF-8 cannot be asked for.
        let Ok(name) = reference.name() else { continue };
        let target = reference.resolve().ok().and_then(|resolved| resolved.target());
        let peeled = target.filter(|_| name.starts_with("refs/tags/")).and_then(|oid| {
            let object = repository.find_object(oid, Some(ObjectType::Tag)).ok()?;
            object.peel(ObjectType::Any).ok().map(|object| object.id())
        });
        refs.push((name.to_owned(), peeled.or(target)));
    }
    // A ref that points nowhere is not listed by git either.
    Ok(refs.into_iter().filter_map(|(name, oid)| Some((name, GitOid::parse(&oid?.to_string()).ok()?))).collect())
}

/// Lets repositories of other users be read, as a mounted folder in a container usually is.
///
/// git refuses them, because a repository's configuration and hooks can name programs that git
/// would then run as the user who reads it. libgit2 runs none of them to read refs and objects
/// (it has no hooks, pagers or monitors, and this adapter's `core.sshCommand` comes from the
/// user's own settings alone), so what a foreign repository can do is to be wrong about itself.
pub(super) fn trust_other_owners() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[expect(unsafe_code, reason = "libgit2 keeps this in a global variable")]
        // SAFETY: the variable is written here alone, and repositories are opened only once this
        // has finished. It cannot fail, by libgit2's own words.
        let _ = unsafe { git2::opts::set_verify_owner_validation(false) };
    });
}
