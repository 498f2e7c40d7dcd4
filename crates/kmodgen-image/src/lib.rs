//! Checks the contract that every built image must meet so that KMM's worker can load from it;
//! `kmodgen verify` runs these checks. Each check is a function from the image's files to findings.
//!
//! KMM's side of it (rh-ecosystem-edge/kernel-module-management, `internal/worker`): the worker
//! copies `/opt/lib/modules/<release>` out of the image and runs `modprobe -d` on it; the pull
//! Pod runs `/bin/sh -c "exit 0"`; KMM 1 ran `modprobe -d /opt` and `sleep` of the image itself.
#![warn(missing_docs)]

pub mod comparison;
pub mod elf;
pub mod facts;
pub mod kernel;
pub mod layers;
pub mod loading;
pub mod modinfo;
pub mod read;
pub mod root;
pub mod symbols;
pub mod symvers;

mod dependencies;
mod exports;
mod firmware;
pub mod index;
mod modprobe_d;
mod modules;
mod packing;
mod placement;
mod programs;
pub mod secrets;
mod siblings;
pub mod signature;
mod softdeps;
mod taint;
#[cfg(test)]
mod testing;

use serde::Serialize;

use crate::elf::Architecture;
use crate::root::Root;
use crate::secrets::Leak;

/// A built image, as far as it matters.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Its files, with all layers applied.
    pub root: Root,
    /// The architecture that its configuration names; none where there is no configuration.
    pub architecture: Option<String>,
    /// `PATH` of its configuration.
    pub search_path: Option<String>,
    /// Secrets found in any of the image's layers.
    pub leaks: Vec<Leak>,
    /// Number of the image's layers.
    pub layers: usize,
}

/// Which KMM is to load from the image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Contract {
    /// Either.
    #[default]
    Any,
    /// KMM 1, which runs the image.
    Kmm1,
    /// KMM 2, whose worker brings its own modprobe and only copies from the image.
    Kmm2,
}

/// Rule for the release that a folder of modules is named after.
pub type ReleaseCheck = fn(&str) -> Result<(), Breach>;

/// Expectations that the image is checked against.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Which KMM is to load from it.
    pub contract: Contract,
    /// The kernel that its modules are for; without one, the only folder's name.
    pub release: Option<String>,
    /// Checks the release that a folder of modules is named after; `None` takes any.
    pub check_release: Option<ReleaseCheck>,
    /// Set if every module must carry a signature.
    pub signed: bool,
    /// Firmware that KMM copies from the image; `None` if nothing says.
    pub firmware: Option<Firmware>,
}

/// Firmware that KMM copies from an image.
#[derive(Debug, Clone, Default)]
pub struct Firmware {
    /// `firmwarePath` of each Module that loads from the image and has one.
    pub paths: Vec<String>,
    /// True if the manifest installs firmware in the image.
    pub installed: bool,
}

/// Broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Message that says what is wrong, completing "PATH: …".
    pub message: String,
    /// Advice on how to fix the image.
    pub help: String,
}

/// One thing that someone should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable name of this kind of finding, such as `vermagic`.
    pub code: &'static str,
    /// Path that the finding is about, absolute in the image.
    pub path: String,
    /// Message that says what is wrong, completing "PATH: …".
    pub message: String,
    /// Advice on what to do about the finding.
    pub help: String,
}

/// Result of all checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The kernels that the image has modules for.
    pub releases: Vec<String>,
    /// The architecture of its programs and modules, where one is known.
    pub architecture: Option<Architecture>,
    /// Number of modules in place.
    pub modules: usize,
    /// Findings that break the contract.
    pub findings: Vec<Finding>,
    /// Findings that do not break the contract, as far as the image can tell.
    pub notes: Vec<Finding>,
}

/// Largest number of findings, and of notes, in a report. Once a user has fixed these, the next run reports the others.
const MOST: usize = 10_000;

impl Report {
    fn find(&mut self, code: &'static str, path: &str, message: impl Into<String>, help: impl Into<String>) {
        tell(&mut self.findings, code, path, message, help);
    }

    fn note(&mut self, code: &'static str, path: &str, message: impl Into<String>, help: impl Into<String>) {
        tell(&mut self.notes, code, path, message, help);
    }
}

fn tell(told: &mut Vec<Finding>, code: &'static str, path: &str, message: impl Into<String>, help: impl Into<String>) {
    if told.len() < MOST {
        told.push(Finding { code, path: absolute(path), message: message.into(), help: help.into() });
    }
}

/// Holds an image to the contract.
pub fn check(image: &Image, expected: &Expected) -> Report {
    let mut report = Report::default();
    let placed = placement::check(&image.root, expected, &mut report);
    report.releases = placed.iter().map(|folder| folder.release.clone()).collect();
    report.modules = placed.iter().map(|folder| folder.modules.len()).sum();
    let target = Target::of(image, expected, &placed);
    report.architecture = target.as_ref().map(|target| target.architecture);
    if let Some(name) = image.architecture.as_deref()
        && let Some(target) = target.as_ref().filter(|target| Architecture::named(name) != Some(target.architecture))
    {
        report.find(
            "architecture",
            "",
            format!("is an image for {}, but {} is for {}", shown(name), target.witness, target.architecture),
            "build the image for the nodes' architecture (`--platform`, or on such a machine)",
        );
    }
    for folder in &placed {
        modules::check(&image.root, folder, target.as_ref(), expected, &mut report);
        siblings::check(folder, &mut report);
        dependencies::check(&image.root, folder, &mut report);
        modprobe_d::check(&image.root, folder, expected.contract, &mut report);
        softdeps::check(&image.root, folder, &mut report);
        firmware::check(&image.root, folder, expected.firmware.as_ref(), &mut report);
    }
    if let Some(firmware) = &expected.firmware {
        firmware::check_paths(&image.root, firmware, &mut report);
    }
    programs::check(image, target.as_ref(), expected.contract, &mut report);
    secrets::check(image, &mut report);
    report
}

/// The architecture that everything must have.
#[derive(Debug)]
struct Target {
    architecture: Architecture,
    /// Source of the architecture, completing "… is x86_64".
    witness: String,
}

impl Target {
    /// Returns the architecture of the kernel's release, else of the image's configuration, else of the first module.
    fn of(image: &Image, expected: &Expected, placed: &[placement::Folder<'_>]) -> Option<Self> {
        let releases = expected.release.iter().map(String::as_str);
        for release in releases.chain(placed.iter().map(|folder| folder.release.as_str())) {
            if let Some(architecture) = Architecture::of_release(release) {
                return Some(Self { architecture, witness: format!("kernel {release}") });
            }
        }
        if let Some(architecture) = image.architecture.as_deref().and_then(Architecture::named) {
            return Some(Self { architecture, witness: "the image's configuration".to_owned() });
        }
        let mut modules = placed.iter().flat_map(|folder| &folder.modules);
        modules.find_map(|module| {
            Some(Self { architecture: module.kmod()?.architecture, witness: absolute(&module.path) })
        })
    }
}

fn absolute(path: &str) -> String {
    format!("/{path}")
}

/// A text from the image as part of a message.
fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
