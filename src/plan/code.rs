//! The code that an image is built of: pinned, checked, and patched for its kernel.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::embedded::{EmbeddedFile, EmbeddedFiles, Purpose};
use super::folder::Folder;
use crate::fingerprint::Sink;
use crate::lock::Pins;
use crate::manifest::{BUILD_ROOT, Circumstances, File, FileKind, Git, Inner, Kernel, Origin, Source};
use crate::vocabulary::{
    Diagnostic, Diagnostics, Digest, GitOid, GitUrl, InputFiles, RelPath, SourceName, Spanned, Timestamp, is_below,
    written_out,
};

/// A source, with nothing left open.
#[derive(Debug, Clone, Hash)]
pub struct Code {
    /// Its name in the manifest.
    pub name: SourceName,
    /// Its folder in the builder.
    pub folder: String,
    /// The folder of it to build in.
    pub dir: Option<RelPath>,
    /// Exact content of the source.
    pub content: Content,
    /// The secret that is needed to get it.
    pub secret: Option<String>,
    /// Its version, if it is known.
    pub version: Option<String>,
    /// The patches for this kernel, in order.
    pub patches: Vec<Arc<EmbeddedFile>>,
}

/// Exact content of a source.
#[derive(Debug, Clone, Hash)]
pub enum Content {
    /// A commit of a repository.
    Commit {
        /// The repository.
        url: GitUrl,
        /// The locked commit.
        commit: GitOid,
        /// Date of the commit, if the lock has it.
        date: Option<Timestamp>,
        /// Set if the submodules of the repository come with the commit.
        submodules: bool,
    },
    /// A file.
    File {
        /// Kind of the file, which decides how it is unpacked.
        kind: FileKind,
        /// URL of the file, on this kernel.
        url: String,
        /// Set if other kernels have other URLs.
        by_kernel: bool,
        /// Its checksum.
        sha256: Digest,
        /// Number of folders to strip from the front of an archive's paths.
        strip_components: u8,
    },
    /// A file of another source.
    Inner {
        /// The source that has it.
        container: SourceName,
        /// Its path there, or a shell pattern of it, on this kernel.
        path: String,
        /// Set if other kernels have other paths.
        by_kernel: bool,
        /// Kind of the file, which decides how it is unpacked.
        kind: FileKind,
        /// Number of folders to strip from the front of an archive's paths.
        strip_components: u8,
    },
    /// A part of an image.
    Image {
        /// The image, by digest.
        image: String,
        /// The absolute path in it.
        path: String,
    },
    /// A folder of the build context, which only builds outside of KMM have.
    Folder(Arc<Folder>),
}

impl Code {
    /// The folder of the build context that it is, where it is one.
    pub fn context(&self) -> Option<&Arc<Folder>> {
        match &self.content {
            Content::Folder(folder) => Some(folder),
            Content::Commit { .. } | Content::File { .. } | Content::Inner { .. } | Content::Image { .. } => None,
        }
    }

    /// Returns the date of the commit that the source is, if the lock has it.
    pub(super) fn date(&self) -> Option<Timestamp> {
        match &self.content {
            Content::Commit { date, .. } => *date,
            Content::File { .. } | Content::Inner { .. } | Content::Image { .. } | Content::Folder(_) => None,
        }
    }

    /// Returns whether the source is an RPM package.
    pub(super) fn is_rpm(&self) -> bool {
        matches!(self.content, Content::File { kind: FileKind::Rpm, .. } | Content::Inner { kind: FileKind::Rpm, .. })
    }

    /// Returns whether other kernels get other files from the source.
    pub fn is_by_kernel(&self) -> bool {
        matches!(self.content, Content::File { by_kernel: true, .. } | Content::Inner { by_kernel: true, .. })
    }

    /// Returns whether a program gets the source, or patches it: a file of an image or of the context is copied.
    pub(super) fn is_fetched(&self) -> bool {
        !self.patches.is_empty()
            || matches!(self.content, Content::Commit { .. } | Content::File { .. } | Content::Inner { .. })
    }

    /// Returns whether the folder of the source lies in the folder of another one.
    pub fn is_within(&self, other: &Self) -> bool {
        is_below(&self.folder, &other.folder)
    }

    /// The folder to build in.
    pub fn build_folder(&self) -> String {
        self.dir.iter().fold(self.folder.clone(), |path, dir| format!("{path}/{dir}"))
    }

    /// The source that the source is a file of, among those of a module.
    pub fn container<'c>(&self, all: &'c [Self]) -> Option<&'c Self> {
        match &self.content {
            Content::Inner { container, .. } => all.iter().find(|code| code.name == *container),
            Content::Commit { .. } | Content::File { .. } | Content::Image { .. } | Content::Folder(_) => None,
        }
    }

    /// The source of that name among those of a module; the first if there is no name.
    pub fn named<'c>(all: &'c [Self], name: Option<&Spanned<SourceName>>) -> Option<&'c Self> {
        all.iter().find(|code| name.is_none_or(|name| name.value == code.name))
    }

    /// Passes the parts of the source that decide the image to a sink. The folder of the source and how it is unpacked
    /// are in the Dockerfile.
    pub(super) fn traverse(&self, sink: &mut dyn Sink) {
        let what = match &self.content {
            Content::Commit { url, commit, submodules: false, .. } => format!("{} {commit}", url.as_str()),
            Content::Commit { url, commit, submodules: true, .. } => {
                format!("{} {commit} with submodules", url.as_str())
            }
            Content::File { url, sha256, .. } => format!("{url} sha256:{sha256}"),
            Content::Inner { container, path, .. } => format!("{path} in {container}"),
            Content::Image { image, path } => format!("{image} {path}"),
            Content::Folder(folder) => format!("{} sha256:{}", folder.path, folder.digest),
        };
        sink.field(&format!("source {}", self.name), what.as_bytes());
        for patch in &self.patches {
            sink.field(&format!("patch {}", patch.name), format!("sha256:{}", patch.digest).as_bytes());
        }
    }
}

/// Resolves sources, reading each patch and folder once.
pub(super) struct Codes<'m> {
    pins: &'m Pins,
    files: &'m dyn InputFiles,
    folders: BTreeMap<RelPath, Option<Arc<Folder>>>,
}

impl<'m> Codes<'m> {
    pub(super) fn new(pins: &'m Pins, files: &'m dyn InputFiles) -> Self {
        Self { pins, files, folders: BTreeMap::new() }
    }

    /// The code of `sources` on a kernel; `None` where something is missing, noted in `faults`.
    pub(super) fn resolve(
        &mut self,
        embedded: &mut EmbeddedFiles<'_>,
        sources: &[&Source],
        kernel: &Kernel,
        circumstances: &Circumstances<'_>,
        faults: &mut Diagnostics,
    ) -> Option<Vec<Code>> {
        let mut number = 0;
        // Every patch is looked at, so that all that cannot be read are named.
        let codes: Vec<Option<Code>> = sources
            .iter()
            .map(|source| {
                let patches = patches_of(source, embedded, &mut number, circumstances, faults);
                let content = self.content(source, kernel, faults);
                if content.is_none() && !matches!(source.origin, Origin::Folder(_)) {
                    let (name, release) = (&source.name, &kernel.release.value);
                    let fault = format!("source `{}` is not pinned for kernel `{release}`", name.value);
                    faults.push(Diagnostic::error("not-locked", fault).at(name.span, "").help("run `kmodgen lock`"));
                }
                Some(Code {
                    name: source.name.value.clone(),
                    folder: source.folder(),
                    dir: source.dir.clone(),
                    content: content?,
                    secret: source.secret.as_ref().map(|secret| secret.value.clone()),
                    version: source.version.clone(),
                    patches: patches?,
                })
            })
            .collect();
        codes.into_iter().collect()
    }

    fn content(&mut self, source: &Source, kernel: &Kernel, faults: &mut Diagnostics) -> Option<Content> {
        Some(match &source.origin {
            Origin::Git(git) => {
                let Git { url, submodules, .. } = git;
                let (commit, date) = (self.pins.commit(git)?, self.pins.date(git));
                Content::Commit { url: url.value.clone(), commit, date, submodules: *submodules }
            }
            Origin::File(File { kind, url, sha256, strip_components }) => {
                let by_kernel = url.expands();
                let url = url.on(kernel.release.as_str());
                let sha256 = sha256.or_else(|| self.pins.checksum(&url))?;
                Content::File { kind: *kind, url, by_kernel, sha256, strip_components: *strip_components }
            }
            Origin::Inner(Inner { container, path, kind, strip_components }) => Content::Inner {
                container: container.value.clone(),
                path: written_out(path.as_str(), kernel.release.as_str()),
                by_kernel: source.is_by_kernel(),
                kind: *kind,
                strip_components: *strip_components,
            },
            Origin::Image { image, path } => {
                let image = self.pins.image(image, &kernel.release)?.to_string();
                Content::Image { image, path: path.clone() }
            }
            Origin::Folder(path) => Content::Folder(self.folder(path, faults)?),
        })
    }

    fn folder(&mut self, path: &Spanned<RelPath>, faults: &mut Diagnostics) -> Option<Arc<Folder>> {
        if let Some(known) = self.folders.get(&path.value) {
            return known.clone();
        }
        let folder = match Folder::read(self.files, &path.value) {
            Ok(folder) => Some(Arc::new(folder)),
            Err(all) => {
                faults.extend(all.into_iter().map(|why| {
                    Diagnostic::error("source-folder", format!("cannot use the folder `{}`: {why}", path.value))
                        .at(path.span, "")
                        .help("it must be a folder beside the manifest that contains only regular files and links inside it")
                }));
                None
            }
        };
        self.folders.insert(path.value.clone(), folder.clone());
        folder
    }
}

fn patches_of(
    source: &Source,
    embedded: &mut EmbeddedFiles<'_>,
    number: &mut usize,
    circumstances: &Circumstances<'_>,
    faults: &mut Diagnostics,
) -> Option<Vec<Arc<EmbeddedFile>>> {
    let chosen = source.patches.iter().filter_map(|patch| patch.on(circumstances));
    let patches: Vec<_> = chosen
        .map(|path| {
            *number += 1;
            embedded.read(path, format!("{BUILD_ROOT}/{number:04}.patch"), Purpose::Patch, faults)
        })
        .collect();
    patches.into_iter().collect()
}
