//! Servers that builds access, after mirrors.

use super::Collector;
use super::needs::ServerKind;
use crate::manifest::{Manifest, TemplateName};
use crate::plan::{Content, Key, Mapping, Resolved};
use crate::vocabulary::with_registry;

/// Templates that install the headers of a kernel.
const HEADERS: [&str; 3] = ["debian", "kernel-devel", "sles"];

impl Collector {
    /// Adds the servers that the builds of a module access in the cluster.
    pub(super) fn add_builds(&mut self, module: &str, manifest: &Manifest, mappings: &[&Mapping<'_>]) {
        for mapping in mappings {
            let Resolved { template, runtime, fetch, codes, packages, runtime_packages, repositories, lean, .. } =
                &*mapping.resolved;
            let builder = mapping.builder();
            let bases = [builder.clone(), Some(runtime.to_string()), fetch.as_ref().map(ToString::to_string)];
            for image in bases.into_iter().flatten() {
                self.add_registry(&manifest.mirrors.image(&image), "pull base images in builds", module);
            }
            for code in codes {
                match &code.content {
                    Content::Commit { url, .. } => {
                        let url = manifest.mirrors.url(url.as_str());
                        self.servers.add(ServerKind::Git, Some(host(&url)), "fetch sources in builds", module);
                    }
                    Content::File { url, .. } => {
                        let url = manifest.mirrors.url(url);
                        self.servers.add(ServerKind::Download, Some(host(&url)), "download sources in builds", module);
                    }
                    Content::Image { image, .. } => {
                        self.add_registry(&manifest.mirrors.image(image), "pull images of sources in builds", module);
                    }
                    Content::Inner { .. } | Content::Folder(_) => {}
                }
            }
            for repository in repositories {
                let url = manifest.mirrors.url(&repository.url);
                self.servers.add(ServerKind::Packages, Some(host(&url)), "install packages in builds", module);
                if let Key::Download { url, .. } = &repository.key {
                    let url = manifest.mirrors.url(url);
                    self.servers.add(ServerKind::Download, Some(host(&url)), "download keys in builds", module);
                }
            }
            let gets_headers = matches!(template, TemplateName::BuiltIn(name) if HEADERS.contains(&&**name));
            if packages.is_some() || gets_headers {
                let of = builder.unwrap_or_else(|| "the kernel's Driver Toolkit".to_owned());
                self.add_repositories(&of, "packages of the builder", module);
            }
            if runtime_packages.is_some() {
                self.add_repositories(&runtime.to_string(), "packages of the image", module);
            } else if !lean {
                self.add_repositories(&runtime.to_string(), "modprobe, if the runtime image has none", module);
            }
        }
    }

    fn add_registry(&mut self, image: &str, purpose: &str, module: &str) {
        self.servers.add(ServerKind::Registry, Some(&registry(image)), purpose, module);
    }

    /// Adds the repositories that an image is configured with.
    fn add_repositories(&mut self, image: &str, purpose: &str, module: &str) {
        self.servers.add(ServerKind::Packages, None, format!("{purpose}: the repositories of {image}"), module);
    }
}

/// Returns the registry of an image.
pub(super) fn registry(image: &str) -> String {
    let full = with_registry(image);
    let full = full.as_deref().unwrap_or(image);
    full.split_once('/').map_or(full, |(registry, _)| registry).to_owned()
}

/// Returns the server of a URL, or of `user@host:path`, without a login.
fn host(url: &str) -> &str {
    let authority = match url.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => url.split_once(':').map_or(url, |(authority, _)| authority),
    };
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_no_logins() {
        for (url, expected) in [
            ("https://user:pass@git.example.com:8443/a.git", "git.example.com:8443"),
            ("git@git.example.com:a/b.git", "git.example.com"),
            ("ssh://git@[fd00::1]:22/a.git", "[fd00::1]:22"),
            ("https://d.example.com?x=a@b", "d.example.com"),
            ("file:///srv/a.git", ""),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }

    #[test]
    fn registries_are_written_out() {
        for (image, expected) in [
            ("quay.io/a/b:1", "quay.io"),
            ("host:5000/a", "host:5000"),
            ("library/alpine", "docker.io"),
            ("alpine:3", "docker.io"),
        ] {
            assert_eq!(registry(image), expected, "{image}");
        }
    }
}
