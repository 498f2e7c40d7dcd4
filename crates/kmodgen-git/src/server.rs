//! Repositories on servers, reached by the user's own git.
//!
//! git runs as a child process in a bare repository of kmodgen's, so that no checkout's settings
//! apply, and with the user's settings, credentials, proxies and ssh.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{Oid, Repository, RepositoryInitOptions};

use super::environment::GitEnvironment;
use super::location::{Location, Scheme};
use super::problem::{ServerProblem, shown};
use super::pushed::Pushed;
use super::words;
use kmodgen_process::Running;

/// Time limit where git may ask a person for a password.
const PERSON: Duration = Duration::from_secs(600);

/// Factor by which sending or receiving objects may take longer than listing refs.
const TRANSFER: u32 = 20;

/// Settings that keep git from work besides the one that it was started for.
const SETTINGS: [&str; 8] = [
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "core.logAllRefUpdates=false",
    "-c",
    "advice.pushFetchFirst=false",
];

/// The ref of the copy that a fetched commit gets.
pub const FETCHED: &str = "refs/kmodgen/fetched";

/// The ref of the scratch repository that a commit with its past gets.
const PAST: &str = "refs/kmodgen/past";

/// A ref of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Full name, such as `refs/heads/main`, or `HEAD`.
    pub name: String,
    /// The object's id, in hexadecimal digits.
    pub id: String,
    /// The ref that a symbolic one stands for.
    pub target: Option<String>,
}

/// A repository on a server.
pub struct Server {
    pub(super) url: String,
    /// Parts of the URL after the user's `insteadOf`.
    pub location: Location,
    environment: GitEnvironment,
    pub(super) limit: Duration,
    /// A bare repository without objects of its own.
    pub(super) scratch: PathBuf,
}

impl Server {
    /// Asks git where a URL leads after the user's `insteadOf`, without connecting to a server.
    ///
    /// Every later call may take `limit`, and twenty times as long for objects. With a terminal, it
    /// may take ten minutes, since git may be waiting for a password. `scratch` is an empty folder that has to
    /// last as long as the value.
    ///
    /// # Errors
    /// A URL that cannot be used, a broken setting, or a machine without git.
    pub fn find(
        url: &str,
        environment: &GitEnvironment,
        limit: Duration,
        scratch: &Path,
    ) -> Result<Self, ServerProblem> {
        let mut server = Self::new(url, Location::parse(url)?, environment, limit, scratch)?;
        let answer = server.run(&server.scratch, limit, &["ls-remote", "--get-url", "--", url])?.text()?;
        server.location = Location::parse(answer.trim_end_matches('\n'))?;
        Ok(server)
    }

    /// Takes the repository at `url` for a server. It may be a folder of this machine, whose own hooks and
    /// settings decide what a push runs there. `limit` and `scratch` are those of [`find`](Self::find).
    ///
    /// # Errors
    /// A `scratch` that cannot be made a bare repository.
    pub fn new(
        url: &str,
        location: Location,
        environment: &GitEnvironment,
        limit: Duration,
        scratch: &Path,
    ) -> Result<Self, ServerProblem> {
        init_bare(scratch).map_err(|error| ServerProblem::BadSetting { detail: shown(error.message()) })?;
        let (url, scratch) = (url.to_owned(), scratch.to_owned());
        Ok(Self { url, location, environment: environment.clone(), limit, scratch })
    }

    /// Names the repository in messages, in quotes and without a password.
    pub fn name(&self) -> String {
        match self.location.scheme {
            Scheme::File => format!("`{}`", shown(&self.location.path)),
            _ => format!("`{}`", self.location),
        }
    }

    /// Lists the refs whose names end in one of the patterns; all refs without patterns.
    pub fn list(&self, patterns: &[&str]) -> Result<Vec<Head>, ServerProblem> {
        let arguments = [&["ls-remote", "--symref", "--", &self.url], patterns].concat();
        let answer = self.run(&self.scratch, self.limit, &arguments)?.text()?;
        Ok(heads(&answer))
    }

    /// Fetches one ref's commit, and nothing of its past, to [`FETCHED`] of a bare repository.
    pub fn fetch(&self, repository: &Path, name: &str) -> Result<(), ServerProblem> {
        self.fetch_to(repository, name, FETCHED)
    }

    /// Fetches the commit of a ref, or one that the server knows by its ID, and nothing of its past, to a ref of a bare
    /// repository.
    pub fn fetch_to(&self, repository: &Path, name: &str, to: &str) -> Result<(), ServerProblem> {
        self.fetch_with(repository, name, to, &["--depth=1"])
    }

    /// Fetches a commit that the server lists and `depth` generations of its past into a repository of its own, whose
    /// folder is returned. Files are left out if the server can do that.
    pub fn fetch_past(&self, commit: &str, depth: u32) -> Result<&Path, ServerProblem> {
        let depth = format!("--depth={depth}");
        match self.fetch_with(&self.scratch, commit, PAST, &[&depth, "--filter=blob:none"]) {
            // A server may refuse to leave anything out.
            Err(ServerProblem::Server { .. }) => self.fetch_with(&self.scratch, commit, PAST, &[&depth, "--no-filter"]),
            fetched => fetched,
        }?;
        Ok(&self.scratch)
    }

    fn fetch_with(&self, repository: &Path, name: &str, to: &str, options: &[&str]) -> Result<(), ServerProblem> {
        let refspec = format!("+{name}:{to}");
        let usual = ["--no-tags", "--no-prune", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=", "--"];
        let arguments = [&["fetch", "--quiet"], options, &usual, &[&self.url, &refspec]].concat();
        self.transfer(repository, &arguments)
    }

    /// Runs git to receive objects.
    pub(super) fn transfer(&self, repository: &Path, arguments: &[&str]) -> Result<(), ServerProblem> {
        self.run(repository, self.limit * TRANSFER, arguments)?.text().map(drop)
    }

    /// Moves a branch from `old`, where it must be, to `new`, an object of a bare repository.
    pub fn push(&self, repository: &Path, branch: &str, old: Option<Oid>, new: Oid) -> Result<Pushed, ServerProblem> {
        let lease = format!("--force-with-lease={branch}:{}", old.map(|old| old.to_string()).unwrap_or_default());
        let refspec = format!("{new}:{branch}");
        let arguments = [
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--recurse-submodules=no",
            &lease,
            "--",
            &self.url,
            &refspec,
        ];
        let ended = self.run(repository, self.limit * TRANSFER, &arguments)?;
        if ended.success {
            return Ok(Pushed::Landed);
        }
        match Pushed::read(&ended.stdout, &words::cleaned(&ended.stderr, &self.location)) {
            Some(pushed) => Ok(pushed),
            None => Err(ended.problem()),
        }
    }

    /// Pushes an object of a repository on disk, whose settings and hooks are not used.
    pub fn push_from(
        &self,
        repository: &Repository,
        branch: &str,
        old: Option<Oid>,
        new: Oid,
    ) -> Result<Pushed, ServerProblem> {
        borrow_objects(&self.scratch, repository.commondir())
            .map_err(|error| ServerProblem::BadSetting { detail: shown(&error.to_string()) })?;
        self.push(&self.scratch, branch, old, new)
    }

    /// Runs git in a bare repository, to its end.
    pub(super) fn run(
        &self,
        repository: &Path,
        limit: Duration,
        arguments: &[&str],
    ) -> Result<Ended<'_>, ServerProblem> {
        let limit = if self.environment.has_terminal() { limit.max(PERSON) } else { limit };
        let mut command = self.environment.command("git");
        command.args(SETTINGS).args(arguments).env("GIT_DIR", repository);
        command.env("GIT_ALLOW_PROTOCOL", protocols(self.location.scheme)).env("LC_ALL", "C");
        // An object that was not fetched is not fetched in passing.
        command.env("GIT_NO_LAZY_FETCH", "1");
        if !self.environment.has_terminal() {
            command.env("GIT_TERMINAL_PROMPT", "0");
        }
        let mut running = Running::start(&mut command).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                ServerProblem::NoProgram { program: "git".into(), purpose: "reach repositories on servers" }
            }
            _ => ServerProblem::BadSetting { detail: shown(&format!("git: {error}")) },
        })?;
        running.close_input();
        match running.output(limit) {
            Ok(output) => Ok(Ended {
                server: self,
                success: output.status.success(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }),
            Err(_) => {
                let words = words::cleaned(&running.complaints(), &self.location);
                Err(ServerProblem::TimedOut { limit, detail: shown(&words) })
            }
        }
    }
}

/// A git that has ended.
pub(super) struct Ended<'s> {
    server: &'s Server,
    success: bool,
    stdout: String,
    stderr: String,
}

impl Ended<'_> {
    /// The standard output of a git that succeeded.
    pub(super) fn text(self) -> Result<String, ServerProblem> {
        if self.success { Ok(self.stdout) } else { Err(self.problem()) }
    }

    fn problem(&self) -> ServerProblem {
        words::problem(&self.stderr, &self.server.location, self.server.limit)
    }
}

/// The protocols that git may use for a URL. A server may redirect `https` to nothing that is not
/// encrypted, and nothing leads to a folder unless the user wrote one.
fn protocols(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Https => "https:ssh:git",
        Scheme::Http | Scheme::Ssh | Scheme::Git => "http:https:ssh:git",
        Scheme::File => "file",
    }
}

/// Makes a bare repository in an empty folder, without the user's templates, which may have hooks.
pub fn init_bare(folder: &Path) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.bare(true).external_template(false).mkdir(false);
    Repository::init_opts(folder, &options)
}

/// Lets a bare repository read the objects of another one.
fn borrow_objects(to: &Path, from: &Path) -> io::Result<()> {
    let mut line = from.canonicalize()?.join("objects").into_os_string();
    line.push("\n");
    fs::create_dir_all(to.join("objects/info"))?;
    fs::write(to.join("objects/info/alternates"), line.as_encoded_bytes())?;
    // Without this list, git would look for the parents of the oldest commits.
    match fs::copy(from.join("shallow"), to.join("shallow")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads what `git ls-remote --symref` prints.
fn heads(text: &str) -> Vec<Head> {
    let mut heads = Vec::new();
    let mut target = None;
    for (left, name) in text.lines().filter_map(|line| line.split_once('\t')) {
        match left.strip_prefix("ref: ") {
            Some(stands_for) => target = Some(stands_for.to_owned()),
            None => heads.push(Head { name: name.to_owned(), id: left.to_owned(), target: target.take() }),
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_borrowed_with_the_list_of_shallow_commits() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        fs::create_dir(&from).unwrap();
        borrow_objects(&to, &from).unwrap();
        let alternates = fs::read_to_string(to.join("objects/info/alternates")).unwrap();
        assert_eq!(Path::new(alternates.trim_end()), from.canonicalize().unwrap().join("objects"));
        assert!(!to.join("shallow").exists());
        fs::write(from.join("shallow"), "0419e2f\n").unwrap();
        borrow_objects(&to, &from).unwrap();
        assert_eq!(fs::read_to_string(to.join("shallow")).unwrap(), "0419e2f\n");
        fs::remove_file(from.join("shallow")).unwrap();
        fs::create_dir(from.join("shallow")).unwrap();
        borrow_objects(&to, &from).unwrap_err();
    }
}
