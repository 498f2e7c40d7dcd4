//! Pins of refs and downloads, which servers are asked for.

use std::collections::BTreeMap;

use super::project::Project;
use crate::adapters::git::{GitEnvironment, ResolveError, Resolver};
use crate::adapters::{download, ui};
use crate::lock;
use crate::manifest::Git;
use crate::settings::Network;
use crate::vocabulary::{Diagnostic, Diagnostics, Span};

impl Project {
    /// Asks the repositories what these refs are, and pins that.
    pub(super) fn resolve(&mut self, gits: &[Git], network: Network, faults: &mut Diagnostics) {
        let resolver = Resolver::new(network.timeout, GitEnvironment::from_process());
        for (url, gits) in lock::unpinned(gits.iter()) {
            let refs: Vec<_> = gits.iter().map(|git| &git.reference.value).collect();
            match resolver.resolve(url, &refs) {
                Ok(commits) => {
                    for (git, commit) in gits.into_iter().zip(commits) {
                        match commit {
                            Ok(commit) => self.lock.pin(url.clone(), git.reference.value.clone(), commit),
                            Err(error) => faults.push(unresolved(&error).at(git.reference.span, "")),
                        }
                    }
                }
                Err(error) => faults.push(unresolved(&error).at(gits[0].url.span, "")),
            }
        }
    }

    /// Downloads files, and pins their checksums.
    pub(super) fn download(&mut self, files: &BTreeMap<String, Span>, network: Network, faults: &mut Diagnostics) {
        for (url, place) in files {
            ui::talk(&format!("downloading {url}\n"));
            match download::checksum(url, &self.folder, network.timeout) {
                Ok(checksum) => self.lock.pin_file(url.clone(), checksum),
                Err(why) => faults.push(
                    Diagnostic::error("download", format!("cannot download {url}: {why}"))
                        .at(*place, "")
                        .help("if only a build can download it, write its `sha256`"),
                ),
            }
        }
    }
}

fn unresolved(error: &ResolveError) -> Diagnostic {
    let diagnostic = Diagnostic::error("unresolved-ref", error.to_string());
    match error.help() {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
