//! `publish`: the files on a branch of a real repository, read back with git itself.

mod bundles;
mod gates;
mod holds;
mod hostile;
mod local;
mod messages;
mod pull_requests;
mod races;
mod reverts;
mod reverts_in_branches;
mod reverts_on_servers;
mod servers;

use std::process::Command;

use crate::scenario::{Invocation, Project, Run, Tree};

/// A project beside the repository `fleet.git`, which is bare and empty.
pub(crate) struct Fleet {
    pub(crate) project: Project,
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let project = Project::fleet();
        project.run("lock").fine();
        Self::of(project)
    }

    /// A fleet with the manifests and locks of this project.
    pub(crate) fn of(project: Project) -> Self {
        let fleet = Self { project };
        fleet.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
        fleet
    }

    /// A fleet whose repository has what was published once.
    pub(crate) fn published() -> Self {
        let fleet = Self::new();
        fleet.publish("").fine();
        fleet
    }

    /// Runs git in a folder of the project, and gives what it prints.
    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.project.path(folder));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in WHO {
            command.env(name, value);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A run of `publish` to the repository's `main`, unless the arguments say otherwise, by somebody
    /// whom git knows.
    pub(crate) fn invocation(&self, arguments: &str) -> Invocation {
        let usual = ["--repo fleet.git", "--branch main", "--path clusters/prod"];
        let is_said = |usual: &str| usual.split(' ').next().is_some_and(|flag| arguments.contains(flag));
        let usual: Vec<&str> = usual.into_iter().filter(|usual| !is_said(usual)).collect();
        let invocation = self.project.kmodgen(&format!("publish {} {arguments}", usual.join(" ")));
        WHO.iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value))
    }

    /// Runs it.
    pub(crate) fn publish(&self, arguments: &str) -> Run {
        self.invocation(arguments).run()
    }

    /// Where a branch is.
    pub(crate) fn tip(&self, branch: &str) -> String {
        self.git("fleet.git", &["rev-parse", branch])
    }

    /// How many commits a branch has.
    pub(crate) fn commits(&self, branch: &str) -> usize {
        self.git("fleet.git", &["rev-list", "--count", branch]).parse().unwrap()
    }

    /// The files of a branch, without those of git itself.
    pub(crate) fn tree(&self, branch: &str, below: &str) -> Tree {
        let _ = std::fs::remove_dir_all(self.project.path("clone"));
        self.git("", &["clone", "-q", "-b", branch, "fleet.git", "clone"]);
        Tree::read(&self.project.path("clone").join(below))
    }

    /// Has somebody commit something to a branch: a shell's commands in a clone.
    pub(crate) fn commit(&self, branch: &str, commands: &str) {
        let _ = std::fs::remove_dir_all(self.project.path("theirs"));
        self.git("", &["clone", "-q", "fleet.git", "theirs"]);
        self.git("theirs", &["checkout", "-q", "-B", branch]);
        let done = Command::new("sh").args(["-ec", commands]).current_dir(self.project.path("theirs")).status();
        assert!(done.unwrap().success());
        self.git("theirs", &["add", "-A"]);
        self.git("theirs", &["commit", "-q", "-m", "theirs"]);
        self.git("theirs", &["push", "-q", "origin", branch]);
    }

    /// Fails where git finds anything wrong.
    pub(crate) fn is_sound(&self) {
        self.git("fleet.git", &["fsck", "--strict", "--full"]);
    }
}

/// Who commits.
const WHO: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "Ann"),
    ("GIT_AUTHOR_EMAIL", "ann@example.com"),
    ("GIT_COMMITTER_NAME", "Ben"),
    ("GIT_COMMITTER_EMAIL", "ben@example.com"),
];
