//! Container engines: podman, buildah or docker, whichever is there or is named.
#![expect(clippy::disallowed_methods, reason = "what engines read and write are files")]

mod context;
mod documents;
mod error;
mod leftover;
mod log;
mod named_folder;
mod process;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

pub use context::Context;
pub use documents::SbomFolder;
pub use error::EngineError;
pub use leftover::sweep;
pub use log::{Log, Logs};
pub use process::{Cancel, Ended};

use super::fs::PrivateFolder;
use super::oci;
use crate::vocabulary::Timestamp;
use kmodgen_process::{self as programs, Variables};

/// Time limit for an engine's answer to a question.
const LIMIT: Duration = Duration::from_secs(300);

/// Which program builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineKind {
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
    /// Files from outside that the Dockerfile copies.
    pub context: Context,
    /// Build arguments, as KMM sets them.
    pub arguments: Vec<(String, String)>,
    /// Folders of secrets, by the name under which the build finds them in `/run/secrets`.
    pub secrets: Vec<(String, PathBuf)>,
    /// Verify the certificates of the base images' registries.
    pub tls_verify: bool,
    /// Date of the image. Engines other than docker get one date for all images.
    pub date: Timestamp,
}

/// Use of the layers that earlier builds left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerCache {
    /// Layers of the same instructions are taken from there.
    Used,
    /// Every instruction runs.
    Unused,
}

/// A container engine.
#[derive(Debug, Clone)]
pub struct Engine {
    kind: EngineKind,
    variables: Variables,
}

impl Engine {
    /// The engine that is named, or the first that is installed.
    ///
    /// # Errors
    /// The engines that would do, none of which is installed.
    pub fn find(named: Option<EngineKind>) -> Result<Self, EngineError> {
        let candidates = named.map_or_else(|| EngineKind::ALL.to_vec(), |kind| vec![kind]);
        let mut engines = candidates.iter().map(|kind| Self { kind: *kind, variables: programs::inherited() });
        let found = engines.find(|engine| engine.output(&["--version"]).is_ok());
        found.ok_or_else(|| EngineError::NotInstalled(candidates.iter().map(|kind| kind.program()).collect()))
    }

    /// The program's name.
    pub fn name(&self) -> &'static str {
        self.kind.program()
    }

    /// The engine, for reading images that it has.
    pub fn storage(&self) -> oci::Engine {
        match self.kind {
            EngineKind::Podman => oci::Engine::Podman,
            EngineKind::Buildah => oci::Engine::Buildah,
            EngineKind::Docker => oci::Engine::Docker,
        }
    }

    /// Lists all tagged images of the engine.
    ///
    /// # Errors
    /// What the engine said.
    pub fn images(&self) -> Result<BTreeSet<String>, EngineError> {
        let format = match self.kind {
            EngineKind::Buildah => "{{.Name}}:{{.Tag}}",
            EngineKind::Podman | EngineKind::Docker => "{{.Repository}}:{{.Tag}}",
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
    pub fn build(&self, build: &Build, cache: LayerCache, log: &File, cancel: &Cancel) -> Result<String, Ended> {
        let folder = PrivateFolder::make_large().map_err(Ended::no_folder)?;
        let [dockerfile, id, temporary] = ["Dockerfile", "id", "tmp"].map(|name| folder.path().join(name));
        std::fs::write(&dockerfile, &build.dockerfile).map_err(Ended::in_folder(folder.path()))?;
        std::fs::create_dir(&temporary).map_err(Ended::in_folder(folder.path()))?;
        let mut command = self.command();
        // What an engine leaves that is killed goes with the folder.
        command.env("TMPDIR", &temporary);
        // Newer engines take it for the date by default.
        command.env_remove("SOURCE_DATE_EPOCH");
        command.arg("build").arg("--file").arg(&dockerfile).arg("--iidfile").arg(&id);
        if cache == LayerCache::Unused {
            command.arg("--no-cache");
        }
        for (name, value) in &build.arguments {
            command.arg("--build-arg").arg(format!("{name}={value}"));
        }
        match self.kind {
            EngineKind::Podman | EngineKind::Buildah => {
                // One date for all images: kernels and modules share layers, whose files have the date of the build that
                // made them.
                command.arg("--timestamp").arg(Timestamp::EARLIEST.seconds().to_string());
                if !build.tls_verify {
                    command.arg("--tls-verify=false");
                }
                if self.kind == EngineKind::Buildah {
                    // podman and docker keep layers without being told to.
                    command.arg("--layers");
                }
                command.args(leftover::mark(self, folder.path()).map_err(Ended::in_folder(folder.path()))?);
                for (name, path) in &build.secrets {
                    command.arg("--volume").arg(format!("{}:/run/secrets/{name}:ro", path.display()));
                }
            }
            EngineKind::Docker if !build.secrets.is_empty() => {
                return Err(Ended::Refused(
                    "docker cannot mount a folder of secrets into a build: use podman or buildah".into(),
                ));
            }
            EngineKind::Docker => {
                command.arg("--build-arg").arg(format!("SOURCE_DATE_EPOCH={}", build.date.seconds()));
            }
        }
        command.arg(build.context.path());
        let ran = process::run(command, log, cancel);
        if matches!(ran, Err(Ended::Cancelled)) {
            leftover::remove_containers(self, folder.path());
        }
        ran?;
        let id = std::fs::read_to_string(&id)
            .map_err(Ended::machine(format!("{} reported success but no image", self.name())))?;
        Ok(id.trim().to_owned())
    }

    /// Gives an image its name.
    ///
    /// # Errors
    /// What the engine said.
    pub fn tag(&self, id: &str, image: &str) -> Result<(), EngineError> {
        self.output(&["tag", id, image]).map(drop)
    }

    /// Removes an image that has no name.
    pub fn remove_unnamed(&self, id: &str) {
        let all = self.output(&["images", "--filter", "dangling=true", "--no-trunc", "--quiet"]);
        // One that another build gave a name has the same id.
        if all.is_ok_and(|all| all.lines().any(|line| line.trim() == id)) {
            let _: Result<String, EngineError> = self.output(&["rmi", id]);
        }
    }

    /// Pulls an image from its registry.
    ///
    /// # Errors
    /// How the engine ended; its words are in the log.
    pub fn pull(&self, image: &str, tls_verify: bool, log: &File, cancel: &Cancel) -> Result<(), Ended> {
        self.transfer("pull", image, tls_verify, log, cancel)
    }

    /// Pushes an image to its registry.
    ///
    /// # Errors
    /// How the engine ended; its words are in the log.
    pub fn push(&self, image: &str, tls_verify: bool, log: &File, cancel: &Cancel) -> Result<(), Ended> {
        self.transfer("push", image, tls_verify, log, cancel)
    }

    fn transfer(&self, verb: &str, image: &str, tls_verify: bool, log: &File, cancel: &Cancel) -> Result<(), Ended> {
        let mut command = self.command();
        command.arg(verb);
        if !tls_verify && self.kind != EngineKind::Docker {
            command.arg("--tls-verify=false");
        }
        command.arg(image);
        process::run(command, log, cancel)
    }

    /// Prepares the engine. Its working folder and its variables are no checkout's.
    fn command(&self) -> Command {
        programs::command(self.name(), &self.variables)
    }

    fn output(&self, arguments: &[&str]) -> Result<String, EngineError> {
        let output = programs::output(self.command().args(arguments), b"", LIMIT)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let words = words.lines().last().unwrap_or_default().to_owned();
        Err(EngineError::Failed { program: self.name(), command: arguments[0].to_owned(), words })
    }
}

impl EngineKind {
    /// Engines in the order in which they are looked for.
    pub const ALL: [Self; 3] = [Self::Podman, Self::Buildah, Self::Docker];

    /// Returns the name of the program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Buildah => "buildah",
            Self::Docker => "docker",
        }
    }
}
