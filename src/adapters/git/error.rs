//! Why a ref could not be resolved, and what to do instead.

use kmodgen_git::ServerProblem;

use crate::vocabulary::{GitOid, GitRef};

/// Why a ref could not be resolved to a commit.
///
/// The message is a lower-case fragment; [`help`](Self::help) says what to do instead. Neither
/// contains a password, and whatever a server sent is in them escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The repository was read, and one ref of it is the matter.
    #[error("cannot resolve `{name}` in {repository}: {problem}")]
    Ref {
        /// The repository, as messages call it, in quotes.
        repository: String,
        /// The ref.
        name: GitRef,
        /// Reason.
        problem: RefProblem,
    },
    /// The repository could not be read.
    #[error("cannot read the refs of {repository}: {problem}")]
    Repository {
        /// The repository, as messages call it, in quotes.
        repository: String,
        /// Reason.
        problem: ServerProblem,
    },
}

impl ResolveError {
    /// Advice on what to do instead.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Ref { name, problem, .. } => problem.help(name),
            Self::Repository { problem, .. } => problem.help(),
        }
    }
}

/// Reason for a ref that names no commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefProblem {
    /// There is no such branch, tag or ref.
    #[error("there is no such branch or tag")]
    Missing {
        /// The name that was probably meant.
        nearest: Option<String>,
        /// Some of the names there are.
        existing: Vec<String>,
    },
    /// A branch and a tag have the name, and they are different commits.
    #[error("a branch and a tag have that name, and are different commits")]
    Ambiguous,
    /// An abbreviated commit that no ref points to.
    #[error("no branch, tag or other ref points to a commit with this prefix")]
    UnknownShortCommit,
    /// An abbreviated commit that fits several.
    #[error("several commits have this prefix: {}", list(.candidates.iter().map(GitOid::as_str)))]
    AmbiguousShortCommit {
        /// Some of them.
        candidates: Vec<GitOid>,
    },
    /// A commit that is not in the repository.
    #[error("the repository does not contain that commit")]
    UnknownCommit,
    /// A tag of something that is no commit.
    #[error("it is a {kind}, not a commit")]
    NotACommit {
        /// Kind of the object, such as `tree`.
        kind: &'static str,
    },
    /// The repository has no commit at all.
    #[error("the repository is empty")]
    Empty,
    /// The date of the commit cannot be fetched.
    #[error("cannot get the date of its commit: {0}")]
    NoDate(ServerProblem),
}

impl RefProblem {
    /// Advice on what to do instead.
    fn help(&self, name: &GitRef) -> Option<String> {
        Some(match self {
            Self::Missing { nearest: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Missing { existing, .. } if existing.is_empty() => return None,
            Self::Missing { existing, .. } => {
                format!("some of its refs: {}", list(existing.iter().map(String::as_str)))
            }
            Self::Ambiguous => format!("write `refs/heads/{name}` for the branch or `refs/tags/{name}` for the tag"),
            Self::UnknownShortCommit | Self::AmbiguousShortCommit { .. } => {
                "write all 40 hexadecimal digits of the commit, as `git rev-parse` prints them".into()
            }
            Self::UnknownCommit => "push the commit first, or check the URL".into(),
            Self::NotACommit { .. } => "write a branch, or a tag of a commit".into(),
            Self::Empty => "push a commit first".into(),
            Self::NoDate(problem) => return problem.help(),
        })
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn messages_are_fragments_with_their_detail() {
        let repository = "`https://h/a.git`".to_owned();
        let problem = ServerProblem::TimedOut { limit: Duration::from_millis(1500), detail: String::new() };
        let error = ResolveError::Repository { repository: repository.clone(), problem };
        assert_eq!(error.to_string(), "cannot read the refs of `https://h/a.git`: no response within 1.5 seconds");
        let name = GitRef::parse("v1").unwrap();
        let error = ResolveError::Ref { repository, name, problem: RefProblem::Ambiguous };
        assert!(error.help().unwrap().contains("`refs/tags/v1`"));
    }
}
