//! Real repositories and the real servers that serve them, all below one temporary folder.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kmodgen::adapters::git::{GitEnvironment, ResolveError, Resolver};
use kmodgen::lock::Commit;
use kmodgen::vocabulary::{GitRef, GitUrl};
use tempfile::TempDir;

/// A temporary home with repositories in it. Nothing of the machine's git settings is used.
pub(crate) struct World {
    folder: TempDir,
    variables: Vec<(String, String)>,
    timeout: Duration,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("gitconfig"), "").unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut world = Self { folder, variables: Vec::new(), timeout: Duration::from_secs(10) };
        let home = world.path("").display().to_string();
        for (name, value) in [
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("GIT_CONFIG_GLOBAL", &format!("{home}/gitconfig")),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.com"),
            ("GIT_COMMITTER_NAME", "A"),
            ("GIT_COMMITTER_EMAIL", "a@example.com"),
        ] {
            world.set(name, value);
        }
        world
    }

    /// A world with the repository `a.git`, which has two commits on `main` and two tags.
    pub(crate) fn with_repository() -> Self {
        let world = Self::new();
        world.git("", &["init", "-q", "-b", "main", "a.git"]);
        world.commit("a.git", "one");
        world.git("a.git", &["tag", "light"]);
        world.git("a.git", &["tag", "-a", "-m", "release", "v1"]);
        world.commit("a.git", "two");
        world
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(old, _)| old != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The variables that its programs see.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    pub(crate) fn timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    pub(crate) fn configure(&self, text: &str) {
        fs::write(self.path("gitconfig"), text).unwrap();
    }

    /// Gives git a credential helper that knows this login.
    pub(crate) fn log_in(&self, user: &str, password: &str) {
        let answer =
            format!("cat > /dev/null; [ \"$1\" = get ] && printf 'username={user}\\npassword={password}\\n'; true");
        let helper = self.script("login-helper", &answer);
        self.configure(&format!("[credential]\n helper = {helper}\n"));
    }

    /// Writes a shell script and gives its path.
    pub(crate) fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// A program that sees only this world.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables.iter().cloned()).current_dir(self.path(""));
        command
    }

    /// Runs git in a folder and gives what it prints.
    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.command("git").current_dir(self.path(folder)).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn commit(&self, repository: &str, message: &str) -> String {
        let date = format!("{} +0200", 1_777_636_800 + message.len());
        let mut command = self.command("git");
        command.current_dir(self.path(repository)).env("GIT_COMMITTER_DATE", date);
        assert!(command.args(["commit", "-q", "--allow-empty", "-m", message]).status().unwrap().success());
        self.git(repository, &["rev-parse", "HEAD"])
    }

    pub(crate) fn rev(&self, name: &str) -> String {
        self.git("a.git", &["rev-parse", name])
    }

    pub(crate) fn resolve(&self, url: &str, names: &[&str]) -> Result<Vec<Result<Commit, ResolveError>>, ResolveError> {
        let refs: Vec<GitRef> = names.iter().map(|name| GitRef::parse(name).unwrap()).collect();
        let resolver = Resolver::new(self.timeout, GitEnvironment::new(self.variables.iter().cloned()));
        resolver.resolve(&GitUrl::parse(url).unwrap(), &refs.iter().collect::<Vec<_>>())
    }

    /// The commit of one ref.
    pub(crate) fn commit_of(&self, url: &str, name: &str) -> String {
        self.resolve(url, &[name]).unwrap().remove(0).unwrap().id.to_string()
    }

    /// Message and help about one ref.
    pub(crate) fn ref_error(&self, url: &str, name: &str) -> String {
        complaint(&self.resolve(url, &[name]).unwrap().remove(0).unwrap_err())
    }

    /// Message and help about the whole repository.
    pub(crate) fn server_error(&self, url: &str) -> String {
        complaint(&self.resolve(url, &["main"]).unwrap_err())
    }

    /// A `file` URL.
    pub(crate) fn file_url(&self, repository: &str) -> String {
        format!("file://{}", self.path(repository).display())
    }

    /// Checks what every transport must do with `a.git`.
    pub(crate) fn check_all_refs(&self, url: &str) {
        let names = ["main", "v1", "light", "HEAD", "refs/heads/main", "refs/tags/v1"];
        let found = self.resolve(url, &names).unwrap_or_else(|error| panic!("{}", complaint(&error)));
        let found = found.into_iter().map(|commit| {
            let Commit { id, date } = commit.unwrap();
            format!("{id} {}", date.unwrap().seconds())
        });
        let expected = names.iter().map(|name| self.git("a.git", &["log", "-1", "--format=%H %ct", name]));
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    /// Serves this world over HTTP; gives the server and its port.
    pub(crate) fn serve_http(&self, options: &[&str]) -> (Server, u16) {
        let script = self.path("http_backend.py");
        fs::write(&script, include_str!("http_backend.py")).unwrap();
        let mut command = self.command("python3");
        command.arg(script).arg(self.path("")).args(options).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Server(child), line.trim().parse().unwrap())
    }

    /// Starts an sshd that lets the world's own key in, and has git use that key; gives the server and
    /// the URL of a repository.
    pub(crate) fn serve_ssh(&mut self, repository: &str) -> (Server, String) {
        let candidates = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"];
        let sshd = candidates.iter().find(|path| fs::exists(path).unwrap_or(false)).expect("sshd is installed");
        for key in ["host", "user"] {
            let mut command = self.command("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-f", key]);
            assert!(command.status().unwrap().success());
        }
        let home = self.path("").display().to_string();
        let port = free_port();
        fs::copy(self.path("user.pub"), self.path("authorized")).unwrap();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {home}/host\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile {home}/authorized\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nMaxStartups 100\nSetEnv GIT_CONFIG_GLOBAL={home}/gitconfig\n"
        );
        fs::write(self.path("sshd_config"), config).unwrap();
        // sshd insists on this folder where it separates privileges, which it does as root.
        let _ = fs::create_dir("/run/sshd");
        let mut command = self.command(sshd);
        command.args(["-D", "-e", "-f", &format!("{home}/sshd_config")]).stderr(Stdio::null());
        let server = Server(command.spawn().unwrap());
        assert!(answers(port), "sshd starts");
        let user = String::from_utf8(self.command("id").arg("-un").output().unwrap().stdout).unwrap();
        // The server runs git with its own HOME, where another owner's repository would be refused.
        self.configure("[safe]\n directory = *\n");
        let host_key = text(&self.path("host.pub"));
        fs::write(self.path("known"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        self.set("GIT_SSH_COMMAND", &self.ssh("user", "known"));
        (server, format!("ssh://{}@127.0.0.1:{port}{home}{repository}", user.trim()))
    }

    /// The ssh that takes a key of the world's, and trusts the hosts in a file of it.
    pub(crate) fn ssh(&self, key: &str, known: &str) -> String {
        let home = self.path("").display().to_string();
        format!(
            "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile='{home}{key}' \
             -o UserKnownHostsFile='{home}{known}' -o GlobalKnownHostsFile=none"
        )
    }

    /// Serves this world with `git daemon`; gives the server and its port.
    pub(crate) fn serve_git(&self) -> (Server, u16) {
        let port = free_port();
        let mut command = self.command("git");
        command.args(["daemon", "--export-all", "--listen=127.0.0.1", "--informative-errors"]);
        command.args([format!("--port={port}"), format!("--base-path={}", self.path("").display())]);
        let server = Server(command.stderr(Stdio::null()).spawn().unwrap());
        assert!(answers(port), "git daemon starts");
        (server, port)
    }
}

/// A server that ends with the test.
pub(crate) struct Server(pub(crate) Child);

impl Drop for Server {
    fn drop(&mut self) {
        // `git` starts `git-daemon` as a child of its own, and ends it when it is asked to end.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

pub(crate) fn complaint(error: &ResolveError) -> String {
    format!("{error}\n{}", error.help().unwrap_or_default())
}

/// A port that nothing listens at.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something listens at a port.
pub(crate) fn answers(port: u16) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    })
}

/// What a file holds; nothing where there is none.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Waits until a process has ended, whether or not its parent has taken note.
pub(crate) fn ends(pid: &str) -> bool {
    assert!(!pid.is_empty(), "there was no such process");
    (0..30_000).any(|_| {
        let status = text(Path::new(&format!("/proc/{pid}/status")));
        let ended = status.is_empty() || status.contains("State:\tZ");
        if !ended {
            std::thread::sleep(Duration::from_millis(10));
        }
        ended
    })
}
