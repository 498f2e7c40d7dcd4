//! A folder to run in, and how a run is started.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{CPU_SECONDS, HANG, MEMORY, Run, Tree};

/// A project in a temporary folder, beside a home that is empty and a place that is not its own.
///
/// ```text
/// [temp]/home      $HOME
/// [temp]/tmp       $TMPDIR
/// [temp]/cache     what runs remember of each other
/// [temp]/project   the project: kmodgen.yaml, and what a scenario adds
/// [temp]/outside   what no run may touch
/// ```
pub(crate) struct Project {
    folder: TempDir,
    root: PathBuf,
}

/// A full commit id, which needs neither a lock nor a server: `digit` 40 times.
pub(crate) fn commit_id(digit: char) -> String {
    digit.to_string().repeat(40)
}

impl Project {
    /// A project without a manifest.
    pub(crate) fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["home", "tmp", "project", "outside"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::write(root.join("outside/precious"), "not kmodgen's\n").unwrap();
        Self { folder, root }
    }

    /// Two modules on three kernels, pinned by commit. `alpha` has a patch and a make variable;
    /// the builder of the Debian kernel is chosen in the cluster.
    pub(crate) fn fleet() -> Self {
        Self::of(include_str!("fleet.yaml")).with("patches/fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n")
    }

    /// The fleet, generated.
    pub(crate) fn generated() -> Self {
        let project = Self::fleet();
        project.run("generate").fine();
        project
    }

    /// A project with this manifest.
    pub(crate) fn of(manifest: &str) -> Self {
        Self::empty().with("kmodgen.yaml", manifest)
    }

    /// The project with one more file.
    pub(crate) fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    /// Where something of the project is.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join("project").join(below)
    }

    /// Where runs remember each other.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// The folder that is not the project's.
    pub(crate) fn outside(&self) -> PathBuf {
        self.root.join("outside")
    }

    /// Writes a file, and the folders that it needs.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Waits for a file that a program makes when it is so far.
    pub(crate) fn waits_for(&self, path: &str) {
        self.waits_until(|| self.path(path).exists());
    }

    /// Waits until something is so.
    pub(crate) fn waits_until(&self, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < HANG, "it does not come to be");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Replaces a text that a file has exactly once.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}:\n{text}");
        self.write(path, text.replace(from, to));
    }

    /// Adds to the end of a file, as a hurried colleague does.
    pub(crate) fn append(&self, path: &str, text: &str) {
        self.write(path, self.read(path) + text);
    }

    /// Removes a file or a folder.
    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }

    /// Makes a symbolic link.
    pub(crate) fn link(&self, path: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.path(path)).unwrap();
    }

    /// Runs git in the project, by somebody whom git knows.
    pub(crate) fn git(&self, arguments: &str) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]);
        command.args(arguments.split(' ')).current_dir(self.path(""));
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        assert!(command.output().unwrap().status.success(), "git {arguments}");
    }

    /// Commits all files, in a repository that is made if there is none, and tags the commit.
    pub(crate) fn commit(&self, tag: &str) {
        if !self.path(".git").exists() {
            self.git("init --quiet");
        }
        self.git("add --all .");
        self.git(&format!("commit --quiet --allow-empty -m {tag}"));
        self.git(&format!("tag {tag}"));
    }

    /// What the project holds, its manifest included.
    pub(crate) fn tree(&self) -> Tree {
        Tree::read(&self.path(""))
    }

    /// Generates after the layout was changed, which reloads nothing.
    pub(crate) fn changes_layout(&self) -> Run {
        self.run("generate --check").differs();
        self.run("explain").fine().shows("no mapping changed");
        let plan = self.run("plan --format json").fine().json();
        assert!(plan.as_array().unwrap().iter().all(|row| row["state"] == "unchanged"), "{plan}");
        let run = self.run("generate").fine();
        assert!(!run.stdout.contains("on nodes"), "{run}");
        run
    }

    /// What the output folder holds.
    pub(crate) fn output(&self) -> Tree {
        Tree::read(&self.path("gitops"))
    }

    /// Fails where anything outside of the project was touched.
    pub(crate) fn outside_is_untouched(&self) {
        assert_eq!(Tree::read(&self.outside()).paths(), ["precious"]);
        assert_eq!(fs::read_to_string(self.outside().join("precious")).unwrap(), "not kmodgen's\n");
    }

    /// Runs `kmodgen` with these arguments, which are separated by white space.
    #[must_use = "say how it has to have ended"]
    pub(crate) fn run(&self, arguments: &str) -> Run {
        self.kmodgen(arguments).run()
    }

    /// As [`Self::run`], where more is to be said.
    pub(crate) fn kmodgen(&self, arguments: &str) -> Invocation {
        Invocation {
            temp: self.folder.path().to_owned(),
            from: self.path(""),
            arguments: arguments.split_whitespace().map(OsString::from).collect(),
            variables: vec![
                ("HOME".into(), self.root.join("home").into()),
                ("TMPDIR".into(), self.root.join("tmp").into()),
            ],
            setup: String::new(),
            program: env!("CARGO_BIN_EXE_kmodgen").into(),
        }
    }
}

/// A run that is about to start, in an environment that has nothing of the machine's.
pub(crate) struct Invocation {
    temp: PathBuf,
    from: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    setup: String,
    program: PathBuf,
}

impl Invocation {
    /// One more argument, which may hold anything.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// The program to run instead of the one under test.
    pub(crate) fn program(mut self, program: &Path) -> Self {
        self.program = program.to_owned();
        self
    }

    /// Where to run.
    pub(crate) fn from(mut self, folder: impl Into<PathBuf>) -> Self {
        self.from = folder.into();
        self
    }

    /// An environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Commands of the shell that starts the run, such as `umask 077`.
    pub(crate) fn shell(mut self, commands: &str) -> Self {
        self.setup = format!("{commands}; ");
        self
    }

    /// The command, ready to start, within its limits of memory and processor time.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v {MEMORY}; ulimit -t {CPU_SECONDS}; {}exec \"$0\" \"$@\"", self.setup));
        command.arg(&self.program).args(&self.arguments).current_dir(&self.from);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("KMODGEN_CACHE_DIR", self.temp.join("cache"));
        command.envs(self.variables.iter().cloned());
        command
    }

    /// Runs it to its end.
    #[must_use = "say how it has to have ended"]
    pub(crate) fn run(&self) -> Run {
        let shown: Vec<_> = self.arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        Run::of(&mut self.command(), format!("kmodgen {}", shown.join(" ")), &self.temp)
    }
}
