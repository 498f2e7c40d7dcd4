//! Package repositories of a mapping's stages, with their keys.

use std::collections::HashMap;
use std::sync::Arc;

use super::embedded::{EmbeddedFile, EmbeddedFiles, Purpose};
use crate::fingerprint::Sink;
use crate::lock::Pins;
use crate::manifest::{self, RepositoryKey, Stage};
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, PackageManager};

/// A package repository, with nothing left open.
#[derive(Debug, Clone, Hash)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Suite and components for apt-get.
    pub suite: Option<(String, Vec<String>)>,
    /// The key that its packages are signed with.
    pub key: Key,
    /// Set if the builder gets it.
    pub for_builder: bool,
    /// Set if the runtime image gets it.
    pub for_runtime: bool,
}

/// Key that the packages of a repository are signed with.
#[derive(Debug, Clone, Hash)]
pub enum Key {
    /// A key that the Dockerfile carries.
    Embedded(Arc<EmbeddedFile>),
    /// A key that the builder downloads.
    Download {
        /// Its URL.
        url: String,
        /// Its checksum.
        sha256: Digest,
    },
}

/// Package manager of each stage, if it is known; `None` for a stage that gets no repositories.
pub(super) struct Stages {
    pub(super) builder: Option<PackageManager>,
    pub(super) runtime: Option<Option<PackageManager>>,
}

impl Repository {
    /// The file of the key, in the builder and in the image.
    pub fn key_file(&self) -> String {
        key_file(&self.name)
    }

    /// Resolves the repositories for a kernel; `None` if something is missing, noted in `faults`.
    pub(super) fn resolve(
        chosen: &[manifest::Repository],
        stages: &Stages,
        pins: &Pins,
        embedded: &mut EmbeddedFiles<'_>,
        faults: &mut Diagnostics,
    ) -> Option<Vec<Self>> {
        let mut first = HashMap::new();
        let mut resolved = Vec::new();
        let errors = faults.errors();
        for repository in chosen {
            let name = &repository.name;
            if let Some(other) = first.insert(name.value.as_str(), name.span) {
                faults.push(
                    Diagnostic::error(
                        "repeated-repository",
                        format!("two repositories have the name `{}`", name.value),
                    )
                    .at(name.span, "")
                    .context(other, "first here"),
                );
                continue;
            }
            let fits = |manager: Option<PackageManager>| manager.is_none_or(|manager| repository.is_for(manager));
            let for_builder = repository.stage != Some(Stage::Runtime) && fits(stages.builder);
            let for_runtime = repository.stage != Some(Stage::Builder) && stages.runtime.is_some_and(fits);
            if !for_builder && !for_runtime {
                faults.push(unused(repository));
                continue;
            }
            let key = match &repository.key {
                RepositoryKey::File(path) => {
                    embedded.read(path, key_file(&name.value), Purpose::Key, faults).map(Key::Embedded)
                }
                RepositoryKey::Download { url, sha256 } => {
                    let sha256 = sha256.or_else(|| pins.checksum(url.as_str()));
                    if sha256.is_none() {
                        let fault = format!("the key of repository `{}` is not pinned", name.value);
                        faults.push(Diagnostic::error("not-locked", fault).at(url.span, "").help("run `kmodgen lock`"));
                    }
                    sha256.map(|sha256| Key::Download { url: url.to_string(), sha256 })
                }
            };
            resolved.extend(key.map(|key| Self {
                name: name.value.clone(),
                url: repository.url.value.clone(),
                suite: repository.suite.clone().map(|suite| (suite, repository.components.clone())),
                key,
                for_builder,
                for_runtime,
            }));
        }
        (faults.errors() == errors).then_some(resolved)
    }

    /// Passes the parts that decide the image to a sink.
    pub(super) fn traverse(&self, sink: &mut dyn Sink) {
        let suite = self.suite.iter().map(|(suite, components)| format!(" {suite} {}", components.join(" ")));
        let key = match &self.key {
            Key::Embedded(file) => format!("sha256:{}", file.digest),
            Key::Download { url, sha256 } => format!("{url} sha256:{sha256}"),
        };
        let stages = [("builder", self.for_builder), ("runtime", self.for_runtime)];
        let stages: Vec<&str> = stages.iter().filter(|(_, is_for)| *is_for).map(|(name, _)| *name).collect();
        let what = format!("{}{} for {}, key {key}", self.url, suite.collect::<String>(), stages.join(" and "));
        sink.field(&format!("repository {}", self.name), what.as_bytes());
    }
}

fn key_file(repository: &str) -> String {
    format!("/usr/share/keyrings/kmodgen-{repository}.asc")
}

/// Returns the error for a repository that no stage of an image can use.
fn unused(repository: &manifest::Repository) -> Diagnostic {
    let (kind, help) = match repository.suite {
        Some(_) => ("of apt-get", "if it has RPMs, remove `suite` and `components`"),
        None => ("of RPMs", "if it is for apt-get, write the `suite` too"),
    };
    let message = format!("repository `{}` is one {kind}, which no image with packages can use", repository.name.value);
    let fault = Diagnostic::error("repository", message).at(repository.name.span, "").help(help);
    fault.help("the runtime image uses repositories only if `packages.runtime` has packages; images with apk use none")
}
