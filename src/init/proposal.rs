//! The proposal: a manifest, what it is based on, and what could not be found.

use super::contents::{Contents, EXAMPLE_KERNEL, Request, places, shown_folder};
use super::manifest;
use super::repository::{RepositoryFiles, shortened};
use super::units::{Unit, Units};

/// A fact that was found, and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub fact: &'static str,
    pub value: String,
    pub reason: String,
}

/// A fact that was not found, and the field that has to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub field: String,
    pub reason: String,
    /// Set if images cannot be right before it is filled.
    pub is_needed: bool,
}

/// A manifest with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub manifest: String,
    /// Repository of the images of the first module.
    pub image: String,
    pub found: Vec<Finding>,
    pub gaps: Vec<Gap>,
    /// Remarks on parts of the repository that are in no module.
    pub remarks: Vec<String>,
}

impl Proposal {
    /// Proposes a manifest for a repository.
    pub fn new(request: &Request, repository: &RepositoryFiles) -> Self {
        let Units { units, mut remarks } = Units::of(repository);
        if units.is_empty() {
            remarks.extend(submodules(repository).map(|folder| {
                format!("{folder} is a submodule, and its files are not read: run `kmodgen init` with its URL, or list its kmods")
            }));
        }
        let contents = Contents::new(request, repository, units);
        let unread = repository.unread.iter().take(5);
        remarks.extend(unread.map(|(path, why)| format!("{} is not read: {why}", path.escape_debug())));
        remarks.extend(repository.cut.clone());
        Self {
            manifest: manifest::text(&contents),
            image: contents.modules.first().map(|module| module.image.clone()).unwrap_or_default(),
            found: contents.found(),
            gaps: contents.gaps(&remarks),
            remarks,
        }
    }

    /// Checks whether all is there that images need.
    pub fn is_complete(&self) -> bool {
        !self.gaps.iter().any(|gap| gap.is_needed)
    }
}

impl Contents<'_> {
    fn found(&self) -> Vec<Finding> {
        let Request { reference, .. } = self.request;
        let mut found = Vec::new();
        if !reference.is_guess {
            found.push(finding("ref", &reference.name.escape_debug().to_string(), &reference.reason));
        }
        for module in &self.modules {
            let Some(unit) = &module.unit else { continue };
            found.push(finding("module", &module.name, &format!("builds in {}", shown_folder(&unit.folder))));
            found.push(finding("kmods", &module.kmods.join(", "), &places(&unit.kmods)));
            found.push(finding("step", &unit.step.shown(), &format!("{}: {}", unit.place, unit.reason)));
        }
        if !self.licenses.is_empty() {
            found.push(finding("licenses", &self.licenses.join(", "), "files at the top of the repository"));
        }
        if self.has_submodules {
            found.push(finding("submodules", "true", ".gitmodules"));
        }
        for (platform, releases) in &self.platforms {
            let which = if releases.is_empty() || self.platforms.len() == 1 {
                String::new()
            } else {
                format!(" for {}", few(releases))
            };
            found.push(finding("builder", &format!("{}{which}", platform.builder), &platform.reason));
        }
        found
    }

    fn gaps(&self, remarks: &[String]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if self.request.reference.is_guess {
            let field = format!("sources.{}.ref", self.source);
            gaps.push(Gap { field, reason: self.request.reference.reason.clone(), is_needed: true });
        }
        if self.request.url.starts_with("file:") {
            let reason = "a cluster does not reach a folder of this machine: write the URL of a server";
            let field = format!("sources.{}.git", self.source);
            gaps.push(Gap { field, reason: reason.to_owned(), is_needed: false });
        }
        for (at, module) in self.modules.iter().enumerate() {
            if module.unit.is_none() {
                let reason = match (self.request.is_read, remarks.is_empty()) {
                    (false, _) => "the repository was not looked at: list the kmods that it builds",
                    (true, true) => {
                        "no Kbuild file, Makefile or dkms.conf names a kmod: list those that must come out, and the `steps` that build them"
                    }
                    (true, false) => {
                        "no kmod was found, see the remarks: list those that must come out, and the `steps` that build them"
                    }
                };
                gaps.push(Gap { field: format!("modules[{at}].kmods"), reason: reason.to_owned(), is_needed: true });
            }
            let conditional: Vec<&str> = conditional(module.unit.as_ref()).collect();
            if !conditional.is_empty() {
                let reason =
                    format!("in conditions that were not judged: {}; take out what is not built", few(&conditional));
                gaps.push(Gap { field: format!("modules[{at}].kmods"), reason, is_needed: false });
            }
            if self.request.image.is_none() && !self.platforms[0].0.is_openshift {
                let reason =
                    format!("`{}` is an example: write a repository that the cluster can push to", module.image);
                gaps.push(Gap { field: format!("modules[{at}].image"), reason, is_needed: false });
            }
        }
        if self.request.kernels.is_none() {
            let reason = format!("`{EXAMPLE_KERNEL}` is an example: write your kernels, or use --nodes");
            gaps.push(Gap { field: "kernels".to_owned(), reason, is_needed: false });
        }
        for (platform, releases) in &self.platforms {
            let Some(gap) = &platform.gap else { continue };
            gaps.push(Gap {
                field: "baseImages".to_owned(),
                reason: format!("{gap} ({})", few(releases)),
                is_needed: true,
            });
        }
        gaps
    }
}

/// Folders of a repository's submodules, the first ones of many.
fn submodules(repository: &RepositoryFiles) -> impl Iterator<Item = String> {
    const SHOWN: usize = 5;
    let text = repository.texts.get(".gitmodules").map(String::as_str).unwrap_or_default();
    let settings = text.lines().filter_map(|line| line.split_once('='));
    let paths = settings.filter(|(key, _)| key.trim() == "path").map(|(_, path)| shortened(path.trim()));
    paths.take(SHOWN).map(|path| path.escape_debug().to_string())
}

/// The kmods that stand in conditions other than those of kbuild.
fn conditional(unit: Option<&Unit>) -> impl Iterator<Item = &str> {
    let kmods = unit.into_iter().flat_map(|unit| &unit.kmods);
    kmods.filter(|kmod| kmod.is_conditional).map(|kmod| kmod.name.as_str())
}

fn finding(fact: &'static str, value: &str, reason: &str) -> Finding {
    Finding { fact, value: value.to_owned(), reason: reason.to_owned() }
}

/// Names, or the first ones of many.
fn few(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}
