//! Engines, which hold images in a storage of their own and export them as archives.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use kmodgen_image::elf::Architecture;
use kmodgen_image::read::shown;

use super::Options;
use super::error::ReadError;
use crate::adapters::fs::PrivateFolder;
use kmodgen_process as process;

/// Time limit for an engine to export or fetch an image.
const LIMIT: Duration = Duration::from_secs(3600);

/// A program that can export an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Engine {
    Podman,
    Buildah,
    Docker,
    Skopeo,
}

impl Engine {
    /// Engines in the order in which they are asked: storage on this machine before registries.
    const ALL: [Self; 4] = [Self::Podman, Self::Buildah, Self::Docker, Self::Skopeo];

    fn program(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Buildah => "buildah",
            Self::Docker => "docker",
            Self::Skopeo => "skopeo",
        }
    }

    /// The arguments that export `image` to `file`; a reference starts with no `-`.
    fn arguments(self, image: &str, file: &str, options: &Options) -> Vec<String> {
        let arguments: Vec<String> = match self {
            Self::Podman => {
                ["save", "--quiet", "--format", "oci-archive", "--output", file, image].map(str::to_owned).into()
            }
            Self::Buildah => ["push", "--quiet", image, &format!("oci-archive:{file}")].map(str::to_owned).into(),
            Self::Docker => ["save", "--output", file, image].map(str::to_owned).into(),
            Self::Skopeo => {
                let named = options.architecture.and_then(go_name);
                let named = named.map(|name| ["--override-arch".to_owned(), name.to_owned()]);
                let tls = options.skip_tls_verify.then(|| "--src-tls-verify=false".to_owned());
                let copy = ["copy", "--quiet"].map(str::to_owned).into_iter().chain(tls);
                let places = [format!("docker://{image}"), format!("oci-archive:{file}")];
                named.into_iter().flatten().chain(copy).chain(places).collect()
            }
        };
        arguments
    }
}

/// The architecture's name in images.
fn go_name(architecture: Architecture) -> Option<&'static str> {
    Some(match architecture {
        Architecture::X86_64 => "amd64",
        Architecture::Aarch64 => "arm64",
        Architecture::Ppc64le => "ppc64le",
        Architecture::S390x => "s390x",
        Architecture::Riscv64 => "riscv64",
        Architecture::Other { .. } => return None,
    })
}

/// An exported image, gone when this is.
#[derive(Debug)]
pub(super) struct Export {
    /// The archive.
    pub(super) path: PathBuf,
    /// A docker archive, rather than an OCI one.
    pub(super) is_docker: bool,
    _folder: PrivateFolder,
}

/// Returns the engine that was named, or all.
pub(super) fn candidates(options: &Options) -> Vec<Engine> {
    options.engine.map_or_else(|| Engine::ALL.to_vec(), |engine| vec![engine])
}

/// Exports an image by the engine that was named, else by the first that has it.
pub(super) fn export(name: &str, options: &Options) -> Result<Export, ReadError> {
    let engines = candidates(options);
    let folder = PrivateFolder::make_large().map_err(|(path, error)| ReadError::Folder { path, error })?;
    let variables = process::inherited();
    let mut complaints = Vec::new();
    for engine in engines {
        let path = folder.path().join(engine.program());
        let arguments = engine.arguments(name, &path.display().to_string(), options);
        let mut command = process::command(engine.program(), &variables);
        let ran = process::output(command.args(arguments), b"", LIMIT);
        match ran {
            Ok(output) if output.status.success() => {
                return Ok(Export { path, is_docker: engine == Engine::Docker, _folder: folder });
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed");
                complaints.push(format!("{}: {}", engine.program(), shown(last)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => complaints.push(format!("{}: {}", engine.program(), shown(&error.to_string()))),
        }
    }
    match options.engine {
        Some(engine) if complaints.is_empty() => Err(ReadError::EngineMissing(engine.program())),
        None if complaints.is_empty() => Err(ReadError::NoEngine(name.to_owned())),
        _ => Err(ReadError::Export { image: name.to_owned(), complaints: complaints.join("; ") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skopeo(options: &Options) -> String {
        Engine::Skopeo.arguments("quay.io/x:1", "/t/a", options).join(" ")
    }

    #[test]
    fn skopeo_is_told_the_architecture_and_whom_to_trust() {
        let mut options = Options { architecture: Some(Architecture::Aarch64), ..Options::default() };
        assert_eq!(skopeo(&options), "--override-arch arm64 copy --quiet docker://quay.io/x:1 oci-archive:/t/a");
        options.skip_tls_verify = true;
        assert_eq!(
            skopeo(&options),
            "--override-arch arm64 copy --quiet --src-tls-verify=false docker://quay.io/x:1 oci-archive:/t/a"
        );
    }
}
