//! Report of what was published, for people and for scripts.

use std::fmt::Write as _;

use serde::Serialize;

use super::wanted::Wanted;
use crate::adapters::git::Start;
use crate::adapters::ui;
use crate::publish::Message;

/// Place of a published commit; `publish` in the object of `--format json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published {
    repository: String,
    branch: String,
    /// Set if this run created the branch, or would create it.
    new_branch: bool,
    pub(super) base: Option<String>,
    path: String,
    /// The commit; none where nothing was committed.
    commit: Option<String>,
    /// Set if this run pushed the branch.
    pub(super) pushed: bool,
    /// Its message, or the one that it would have.
    message: Option<String>,
    #[serde(skip)]
    pushes: bool,
    /// Data for a pull request, if one was asked for and there is anything to merge.
    pub(super) pull_request: Option<PullRequest>,
}

/// Data for a pull request.
#[derive(Serialize)]
pub(super) struct PullRequest {
    branch: String,
    base: Option<String>,
    title: String,
    body: String,
}

impl PullRequest {
    /// One for what was published.
    pub(super) fn of(published: &Published, title: &str, body: String) -> Self {
        let Published { branch, base, .. } = published;
        Self { branch: branch.clone(), base: base.clone(), title: title.to_owned(), body }
    }
}

impl Published {
    /// Before anything is committed. `pushes` says that a commit is pushed as it is made.
    pub(super) fn new(repository: String, wanted: &Wanted, base: Option<String>, start: &Start, pushes: bool) -> Self {
        Self {
            repository,
            branch: wanted.branch.to_string(),
            new_branch: !start.branch_exists(),
            base,
            path: wanted.path.to_string(),
            commit: None,
            pushed: false,
            message: None,
            pushes,
            pull_request: None,
        }
    }

    /// Notes the commit.
    pub(super) fn landed(&mut self, commit: git2::Oid) {
        self.commit = Some(commit.to_string());
        self.pushed = self.pushes;
    }

    /// Notes its message.
    pub(super) fn tell(&mut self, message: &Message) {
        self.message = Some(message.as_str().to_owned());
    }

    /// Returns whether the branch is another one than its base.
    pub(super) fn is_mergeable(&self) -> bool {
        self.base.as_ref() != Some(&self.branch)
    }

    /// Prints it for people.
    pub(super) fn print(&self, only_looked: bool, conflicts: bool) {
        let Self { repository, branch, commit, pushed, message, .. } = self;
        let mut text = match (commit, message) {
            (Some(commit), _) => {
                let new = if self.new_branch { "new branch" } else { "branch" };
                let pushed = if *pushed { ", pushed" } else { "" };
                format!("{} on {new} `{branch}` of {repository}{pushed}\n", commit.get(..12).unwrap_or(commit))
            }
            (None, Some(message)) if only_looked => {
                format!("would commit to branch `{branch}` of {repository}:\n{}", indented(message))
            }
            _ if *pushed => format!("nothing to commit: pushed branch `{branch}` of {repository} without changes\n"),
            _ if conflicts => format!("nothing published: branch `{branch}` of {repository} was not changed\n"),
            _ if self.new_branch => {
                format!(
                    "nothing to publish: branch `{branch}` does not exist in {repository}, and the files would be the same\n"
                )
            }
            _ => format!("nothing to publish: branch `{branch}` of {repository} is up to date\n"),
        };
        if let Some(PullRequest { branch, base, title, body }) = &self.pull_request {
            let into = base.as_ref().map(|base| format!(" into `{base}`")).unwrap_or_default();
            let _ = write!(text, "pull request of `{branch}`{into}:\n{}\n", indented(&format!("{title}\n\n{body}")));
        }
        ui::result(&text);
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}
