//! Packages of a document: images, sources and embedded files.

use super::spdx::{ExternalRef, SpdxChecksum, SpdxPackage};
use crate::plan::{Code, Content, EmbeddedFile};
use crate::vocabulary::{Digest, GitOid, GitUrl, ImageRef};

/// Location of what cannot be downloaded, or not under one name.
const NOWHERE: &str = "NOASSERTION";

impl SpdxPackage {
    /// Returns a package with nothing but its name.
    fn named(id: String, name: String, purpose: &'static str) -> Self {
        Self {
            id,
            name,
            version_info: None,
            primary_package_purpose: purpose,
            download_location: NOWHERE.into(),
            files_analyzed: false,
            checksums: Vec::new(),
            external_refs: Vec::new(),
            comment: None,
        }
    }

    fn with_sha256(mut self, value: impl Into<String>) -> Self {
        self.checksums.push(SpdxChecksum { algorithm: "SHA256", checksum_value: value.into() });
        self
    }

    /// Returns the package of an image; `pinned` is its digest if the reference has none.
    pub(super) fn of_image(id: String, image: &ImageRef, pinned: Option<Digest>) -> Self {
        let own = image.digest().and_then(|digest| digest.strip_prefix("sha256:")).map(str::to_owned);
        let digest = own.or_else(|| pinned.map(|digest| digest.to_string()));
        let mut package = Self::named(id, image.repository().to_owned(), "CONTAINER");
        package.version_info = image.tag().map(str::to_owned);
        package.external_refs.push(ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: package_url(image, digest.as_deref()),
        });
        match digest {
            Some(digest) => package.with_sha256(digest),
            None => package,
        }
    }

    /// Returns the package of a source.
    pub(super) fn of_source(id: String, code: &Code) -> Self {
        let name = code.name.to_string();
        let mut package = match &code.content {
            Content::Commit { url, commit, .. } => {
                let mut package = Self::named(id, name, "SOURCE");
                package.download_location = location(&git_location(url, commit));
                package.version_info = Some(commit.to_string());
                package
            }
            Content::File { url, sha256, .. } => {
                let mut package = Self::named(id, name, "ARCHIVE").with_sha256(sha256.to_string());
                package.download_location = location(url);
                package
            }
            Content::Inner { container, path, .. } => {
                Self::named(id, format!("{name} ({path} of {container})"), "ARCHIVE")
            }
            Content::Image { image, path } => {
                let mut package = match ImageRef::parse(image) {
                    Ok(image) => Self::of_image(id, &image, None),
                    Err(_) => Self::named(id, String::new(), "SOURCE"),
                };
                package.name = format!("{name} ({path} of {image})");
                package
            }
            Content::Folder(folder) => {
                let mut package = Self::named(id, name, "SOURCE").with_sha256(folder.sums.to_string());
                package.comment = Some("the checksum is that of the output of sha256sum for its files in order");
                package
            }
        };
        if code.version.is_some() {
            package.version_info.clone_from(&code.version);
        }
        package
    }

    /// Returns the package of a patch or script.
    pub(super) fn of_file(id: String, file: &EmbeddedFile) -> Self {
        Self::named(id, file.name.clone(), "FILE").with_sha256(file.digest.to_string())
    }
}

/// Returns a location as SPDX has it, which knows no files of a machine.
fn location(url: &str) -> String {
    let is_local = url.starts_with("file:") || url.starts_with("git+file:");
    if is_local { NOWHERE.into() } else { url.to_owned() }
}

/// Returns the location of a commit, `git+URL@COMMIT`.
fn git_location(url: &GitUrl, commit: &GitOid) -> String {
    let url = url.without_login();
    let url = if url.starts_with("git://") { url } else { format!("git+{url}") };
    format!("{url}@{commit}")
}

/// Returns the package URL of an image: <https://github.com/package-url/purl-spec>.
fn package_url(image: &ImageRef, digest: Option<&str>) -> String {
    let repository = image.repository();
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let digest = digest.map(|digest| format!("@sha256%3A{digest}")).unwrap_or_default();
    let tag = image.tag().map(|tag| format!("&tag={tag}")).unwrap_or_default();
    format!("pkg:oci/{name}{digest}?repository_url={}{tag}", repository.replace(':', "%3A"))
}
