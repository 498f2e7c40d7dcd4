//! Why something could not be published, and what to do instead.

use crate::adapters::fs;
use crate::tree::Inaccessible;
use kmodgen_git::{CommitError, ServerProblem, shown};

/// Why nothing was published: the branch is as it was.
///
/// The message is a lower-case fragment; [`help`](Self::help) says what to do instead. Neither
/// contains a password, and whatever a server sent is in them escaped.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PublishError {
    #[error("cannot publish to {repository}: {problem}")]
    Repository { repository: String, problem: ServerProblem },
    #[error("branch `{branch}` is checked out in `{folder}`, whose files would not be updated")]
    CheckedOut { branch: String, folder: String },
    #[error("there is no branch `{base}` in {repository} to start from")]
    NoBase { repository: String, base: String, nearest: Option<String> },
    #[error("the branch cannot be called `{branch}`: there is a branch `{other}`")]
    BranchInTheWay { branch: String, other: String },
    #[error("`{path}` is {what} on branch `{branch}`, but must be a folder")]
    InTheWay { branch: String, path: String, what: &'static str },
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("{repository} rejected branch `{branch}`: {reason}{}", told(.words))]
    Refused { repository: String, branch: String, reason: String, words: String },
    #[error("branch `{branch}` changed {times} times during the run")]
    KeepsMoving { branch: String, times: usize },
    #[error("branch `{branch}` is locked by another program: {why}")]
    Locked { branch: String, why: String },
    #[error("{remote} has commits on branch `{branch}` that this repository lacks")]
    Behind { remote: String, branch: String },
    #[error("the repository at `{path}` has no remote called `{remote}`")]
    NoRemote { path: String, remote: String },
    #[error(transparent)]
    Inaccessible(#[from] Inaccessible),
    #[error("{0}")]
    Git(String),
}

impl PublishError {
    /// Advice on what to do instead.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Repository { problem, .. } => return problem.help(),
            Self::CheckedOut { .. } => "publish to another branch, to a bare repository, or with --push to a URL",
            Self::NoBase { nearest: Some(near), .. } => return Some(format!("did you mean `{near}`?")),
            Self::NoBase { .. } => "pass an existing branch with --base",
            Self::BranchInTheWay { .. } => "choose another name: git stores branches as files in folders",
            Self::InTheWay { .. } => "move it away, or choose another --path",
            Self::Commit(error) => error.help(),
            Self::Refused { .. } => "see the server's message; the branch was not changed",
            Self::KeepsMoving { .. } => "other programs keep pushing to it: try again, or use another branch",
            Self::Locked { .. } => "try again; if no git process is running, remove the file",
            Self::Behind { .. } => "fetch and merge them first, or publish to the URL instead of this repository",
            Self::NoRemote { .. } => "add it with `git remote add`, or remove --push",
            Self::Inaccessible(_) | Self::Git(_) => return None,
        };
        Some(help.to_owned())
    }

    /// A problem with the repository of this name.
    pub(super) fn repository(name: &str) -> impl FnOnce(ServerProblem) -> Self {
        move |problem| Self::Repository { repository: name.to_owned(), problem }
    }

    /// An I/O error at a path.
    pub(super) fn io(verb: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Inaccessible { verb, path: path.display().to_string(), why: fs::describe(&error) }.into()
    }
}

impl From<git2::Error> for PublishError {
    fn from(error: git2::Error) -> Self {
        Self::Git(format!("git: {}", shown(error.message())))
    }
}

/// A server's own words, each line of them behind its mark, as git shows them.
fn told(words: &str) -> String {
    words.lines().map(|line| format!("\n  remote: {line}")).collect()
}
