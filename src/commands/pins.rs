//! Pins of refs, downloads and images, which servers are asked for.

use super::image_digests::image_digests;
use super::project::Project;
use crate::adapters::git::{GitEnvironment, ResolveError, Resolver};
use crate::adapters::{download, ui};
use crate::lock::{self, Pins};
use crate::manifest::Pinnable;
use crate::settings::Network;
use crate::vocabulary::{Diagnostic, Diagnostics};

impl Project {
    /// Asks servers for the pins of these items.
    pub(super) fn resolve(&self, items: &Pinnable<'_>, network: Network, faults: &mut Diagnostics) -> Pins {
        let Pinnable { gits, files, images } = items;
        let mut pins = Pins::default();
        let resolver = Resolver::new(network.timeout, GitEnvironment::from_process());
        for (url, gits) in lock::by_url(gits.values().copied()) {
            let refs: Vec<_> = gits.iter().map(|git| &git.reference.value).collect();
            match resolver.resolve(url, &refs) {
                Ok(commits) => {
                    for (git, commit) in gits.into_iter().zip(commits) {
                        match commit {
                            Ok(commit) => pins.pin(url.clone(), git.reference.value.clone(), commit),
                            Err(error) => faults.push(unresolved(&error).at(git.reference.span, "")),
                        }
                    }
                }
                Err(error) => faults.push(unresolved(&error).at(gits[0].url.span, "")),
            }
        }
        for (url, place) in files {
            ui::talk(&format!("downloading {url}\n"));
            match download::checksum(url, &self.folder, network.timeout) {
                Ok(checksum) => pins.pin_file(url.clone(), checksum),
                Err(why) => faults.push(
                    Diagnostic::error("download", format!("cannot download {url}: {why}"))
                        .at(*place, "")
                        .help("if only a build can download it, write its `sha256`"),
                ),
            }
        }
        for (image, digest) in image_digests(images, network.timeout, faults) {
            pins.images.pin(image, digest);
        }
        pins
    }
}

fn unresolved(error: &ResolveError) -> Diagnostic {
    let diagnostic = Diagnostic::error("unresolved-ref", error.to_string());
    match error.help() {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
