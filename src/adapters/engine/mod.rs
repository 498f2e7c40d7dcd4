//! Container engines: podman, buildah or docker, whichever is there or is named.
#![expect(clippy::disallowed_methods, reason = "engines are programs, and log files are files")]

mod context;
mod process;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;

pub use context::Context;
pub use process::{Cancel, Ended};

use super::oci;

/// Which program builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// podman
    Podman,
    /// buildah
    Buildah,
    /// docker
    Docker,
}

/// One image to build.
#[derive(Debug)]
pub struct Build {
    /// The whole Dockerfile.
    pub dockerfile: String,
    /// What it copies from outside.
    pub context: Context,
    /// Build arguments, as KMM sets them.
    pub arguments: Vec<(String, String)>,
    /// Folders of secrets, by the name under which the build finds them in `/run/secrets`.
    pub secrets: Vec<(String, PathBuf)>,
    /// Whether certificates of the base images' registries are checked.
    pub tls_verify: bool,
}

/// A container engine.
#[derive(Debug, Clone)]
pub struct Engine {
    kind: Kind,
}

impl Engine {
    /// The engine that is named, or the first that is installed.
    ///
    /// # Errors
    /// What to install.
    pub fn find(named: Option<Kind>) -> Result<Self, String> {
        let candidates = named.map_or_else(|| vec![Kind::Podman, Kind::Buildah, Kind::Docker], |kind| vec![kind]);
        let works =
            |kind: &Kind| Command::new(kind.program()).arg("--version").output().is_ok_and(|o| o.status.success());
        match candidates.iter().find(|kind| works(kind)) {
            Some(kind) => Ok(Self { kind: *kind }),
            None => {
                let names: Vec<&str> = candidates.iter().map(|kind| kind.program()).collect();
                Err(format!("{} is not installed, or does not run", names.join(", nor ")))
            }
        }
    }

    /// The program's name.
    pub fn name(&self) -> &'static str {
        self.kind.program()
    }

    /// The engine, for reading images that it has.
    pub fn storage(&self) -> oci::Engine {
        match self.kind {
            Kind::Podman => oci::Engine::Podman,
            Kind::Buildah => oci::Engine::Buildah,
            Kind::Docker => oci::Engine::Docker,
        }
    }

    /// All tagged images that the engine has.
    ///
    /// # Errors
    /// What the engine said.
    pub fn images(&self) -> Result<BTreeSet<String>, String> {
        let format = match self.kind {
            Kind::Buildah => "{{.Name}}:{{.Tag}}",
            Kind::Podman | Kind::Docker => "{{.Repository}}:{{.Tag}}",
        };
        let text = self.output(&["images", "--format", format])?;
        // Docker leaves its own registry's name out; the tags of ours name theirs.
        Ok(text.lines().map(|line| line.trim().to_owned()).collect())
    }

    /// Builds an image without a tag, and returns its id: a failed or cancelled build leaves no
    /// image under the name that would be taken for a good one.
    ///
    /// # Errors
    /// How the engine ended; its words are in the log.
    pub fn build(&self, build: &Build, log: &File, cancel: &Cancel) -> Result<String, Ended> {
        let machine = || Ended::machine(format!("cannot write to `{}`", std::env::temp_dir().display()));
        let folder = tempfile::Builder::new().prefix("kmodgen-").tempdir().map_err(machine())?;
        let (dockerfile, id) = (folder.path().join("Dockerfile"), folder.path().join("id"));
        std::fs::write(&dockerfile, &build.dockerfile).map_err(machine())?;
        let mut command = Command::new(self.name());
        command.arg("build").arg("--file").arg(&dockerfile).arg("--iidfile").arg(&id);
        for (name, value) in &build.arguments {
            command.arg("--build-arg").arg(format!("{name}={value}"));
        }
        match self.kind {
            Kind::Podman | Kind::Buildah => {
                // The archives' timestamps would differ from build to build.
                if !build.tls_verify {
                    command.arg("--tls-verify=false");
                }
                for (name, path) in &build.secrets {
                    command.arg("--volume").arg(format!("{}:/run/secrets/{name}:ro", path.display()));
                }
            }
            Kind::Docker if !build.secrets.is_empty() => {
                return Err(Ended::Refused(
                    "docker cannot mount a folder of secrets into a build: use podman or buildah".into(),
                ));
            }
            Kind::Docker => {}
        }
        command.arg(build.context.path());
        process::run(command, log, cancel)?;
        let id = std::fs::read_to_string(&id)
            .map_err(Ended::machine(format!("{} says that it built, and names no image", self.name())))?;
        Ok(id.trim().to_owned())
    }

    /// Gives an image its name.
    ///
    /// # Errors
    /// What the engine said.
    pub fn tag(&self, id: &str, image: &str) -> Result<(), String> {
        self.output(&["tag", id, image]).map(drop)
    }

    /// Pushes an image to its registry.
    ///
    /// # Errors
    /// How the engine ended; its words are in the log.
    pub fn push(&self, image: &str, tls_verify: bool, log: &File, cancel: &Cancel) -> Result<(), Ended> {
        let mut command = Command::new(self.name());
        command.arg("push");
        if !tls_verify && self.kind != Kind::Docker {
            command.arg("--tls-verify=false");
        }
        command.arg(image);
        process::run(command, log, cancel)
    }

    fn output(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(self.name()).args(arguments).output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        Err(format!("{} {}: {}", self.name(), arguments[0], words.lines().last().unwrap_or_default()))
    }
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Buildah => "buildah",
            Self::Docker => "docker",
        }
    }
}

/// Opens a log file for a build, folders included.
///
/// # Errors
/// Why it cannot be written.
pub fn open_log(path: &Path) -> Result<File, Ended> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder
        .and_then(|()| File::create(path))
        .map_err(Ended::machine(format!("cannot write the log `{}`", path.display())))
}

/// Makes a folder for the logs of one run among the machine's temporary files, which nobody else
/// can have prepared.
///
/// # Errors
/// Why it cannot be made.
pub fn log_folder() -> Result<PathBuf, Ended> {
    let all = std::env::temp_dir();
    let made = tempfile::Builder::new().prefix("kmodgen-logs-").tempdir_in(&all);
    Ok(made.map_err(Ended::machine(format!("cannot make a folder for logs in `{}`", all.display())))?.keep())
}

/// Removes a folder of logs where there is none in it.
pub fn drop_log_folder(path: &Path) {
    // One that has logs stays.
    let _ = std::fs::remove_dir(path);
}

/// As much of a log's end is looked at for its last lines.
const TAIL: u64 = 64 << 10;

/// The last `lines` lines of a log, without what would steer a terminal.
pub fn tail(path: &Path, lines: usize) -> Vec<String> {
    let end = || {
        let mut file = File::open(path)?;
        let size = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes).map(|_| bytes)
    };
    let bytes: io::Result<Vec<u8>> = end();
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    let shown = |line: &str| line.trim_end().replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].iter().map(|line| shown(line)).collect()
}
