//! An ImageSetConfiguration, from which oc-mirror copies images to a disconnected site, with a list of what oc-mirror
//! does not copy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use kmodgen_yaml::inline;

use crate::vocabulary::with_registry;

/// Images and files that builds and nodes of a site access, each once.
#[derive(Debug, Default)]
pub struct ImageSet {
    /// Purposes by image.
    images: BTreeMap<String, BTreeSet<String>>,
    /// Checksums by URL.
    files: BTreeMap<String, String>,
    /// Commits by the URL of their repository.
    repositories: BTreeMap<String, BTreeSet<String>>,
    /// URLs of package repositories.
    packages: BTreeSet<String>,
}

impl ImageSet {
    /// Adds an image. One with a digest is named by its digest alone: older versions of oc-mirror skip names with both.
    pub fn add_image(&mut self, image: &str, purpose: &str) {
        let image = with_registry(image).unwrap_or_else(|| image.to_owned());
        let (name, digest) = image.split_once('@').map_or((&*image, None), |(name, digest)| (name, Some(digest)));
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (name, None),
        };
        let (name, purpose) = match (digest, tag) {
            (Some(digest), Some(tag)) => (format!("{repository}@{digest}"), format!("{purpose}, tag {tag}")),
            (Some(digest), None) => (format!("{repository}@{digest}"), purpose.to_owned()),
            // oc-mirror requires a tag.
            (None, tag) => (format!("{repository}:{}", tag.unwrap_or("latest")), purpose.to_owned()),
        };
        self.images.entry(name).or_default().insert(purpose);
    }

    /// Adds a file with its SHA-256.
    pub fn add_file(&mut self, url: &str, sha256: &str) {
        self.files.insert(url.to_owned(), sha256.to_owned());
    }

    /// Adds a commit of a git repository.
    pub fn add_commit(&mut self, url: &str, commit: &str) {
        self.repositories.entry(url.to_owned()).or_default().insert(commit.to_owned());
    }

    /// Adds a package repository.
    pub fn add_packages(&mut self, url: &str) {
        self.packages.insert(url.to_owned());
    }

    /// Renders the file.
    pub fn text(&self) -> String {
        let Self { images, files, repositories, packages } = self;
        let mut text = String::from(
            "# Images of `kmodgen plan --format imageset`, for: oc mirror --v2 -c FILE file://FOLDER\n\
             kind: ImageSetConfiguration\n\
             apiVersion: mirror.openshift.io/v2alpha1\n\
             mirror:\n",
        );
        text.push_str(if images.is_empty() { "  additionalImages: []\n" } else { "  additionalImages:\n" });
        for (name, purposes) in images {
            let purposes: Vec<&str> = purposes.iter().map(String::as_str).collect();
            let _ = writeln!(text, "    # {}\n    - name: {}", purposes.join("; "), inline(name));
        }
        if !(files.is_empty() && repositories.is_empty() && packages.is_empty()) {
            text.push_str("# oc-mirror copies images only. Copy to the mirrors of their URLs, too:\n");
        }
        if !files.is_empty() {
            text.push_str("# Files, with their SHA-256\n");
            files.iter().for_each(|(url, sha256)| text.push_str(&format!("#   {sha256}  {url}\n")));
        }
        if !repositories.is_empty() {
            text.push_str("# Git repositories with all branches and tags, with the commits that builds fetch\n");
            for (url, commits) in repositories {
                commits.iter().for_each(|commit| text.push_str(&format!("#   {commit}  {url}\n")));
            }
        }
        if !packages.is_empty() {
            text.push_str("# Package repositories\n");
            packages.iter().for_each(|url| text.push_str(&format!("#   {url}\n")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_named_once_and_in_order() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let mut set = ImageSet::default();
        for image in ["r.io/b:2", "alpine", &format!("r.io:5000/a:9.4@{digest}"), &format!("r.io:5000/a@{digest}")] {
            set.add_image(image, "runtime image");
        }
        set.add_image("r.io/b:2", "builder image");
        set.add_file("https://d.io/b.tar.gz", "00");
        set.add_file("https://d.io/a.tar.gz", "11");
        set.add_commit("https://g.io/a.git", "22");
        set.add_commit("https://g.io/a.git", "22");
        set.add_packages("https://p.io/el9");
        assert_snapshot!("imageset", set.text());
        let text = ImageSet::default().text();
        assert!(text.ends_with("mirror:\n  additionalImages: []\n"), "{text}");
    }
}
