//! An OpenShift release, as `oc adm release info -o json` prints it: which Driver Toolkit image goes
//! with which version of OpenShift, and with which OS image.
//!
//! A release with two streams of its operating system has an image of each name for each stream:
//! `driver-toolkit` and `rhel-coreos`, `driver-toolkit-10` and `rhel-coreos-10`.

use kmodgen_yaml::Node;

use crate::kernels::facts::Toolkit;
use crate::kernels::reading::{Reading, at};
use crate::kernels::systems::el_of_os;
use crate::vocabulary::{Invalid, Spanned, architecture};

pub(super) const TOOLKIT: &str = "driver-toolkit";

/// The names of images of operating systems, up to 4.11 one for all.
const SYSTEMS: [&str; 3] = ["rhel-coreos", "stream-coreos", "machine-os-content"];

/// The annotation of an operating system's image that has its version.
const VERSIONS: &str = "io.openshift.build.versions";

const WHOLE: &str = "print the whole release, with `oc adm release info -o json`";

/// An OpenShift release, in whatever form an input has it.
pub(super) struct Release {
    pub(super) version: Spanned<String>,
    pub(super) architecture: Option<&'static str>,
    /// The version of an operating system that it is known by, of whichever stream.
    pub(super) os: Option<String>,
    /// Its images of Driver Toolkits, by name.
    pub(super) toolkits: Vec<(String, Spanned<String>)>,
    /// Its operating systems, by name, and their versions if they are known.
    pub(super) systems: Vec<(String, Option<String>)>,
}

/// Checks whether a node has this form.
pub(super) fn is_one(node: &Node) -> bool {
    node.get("references").is_some() && node.get("metadata").is_some()
}

/// Reads one.
pub(super) fn read(node: &Node, reading: &mut Reading<'_>) {
    let Some(version) = reading.need(node, &["metadata", "version"], "the release", WHOLE) else { return };
    let machine = reading.find(node, &["config", "architecture"]);
    let os = reading.find(node, &["displayVersions", "machine-os", "Version"]);
    let architecture = machine.as_deref().and_then(architecture);
    let mut release = Release { version, architecture, os, toolkits: Vec::new(), systems: Vec::new() };
    for tag in at(node, &["references", "spec", "tags"]).and_then(Node::as_sequence).unwrap_or_default() {
        let Some(name) = reading.find(tag, &["name"]) else { continue };
        if is_toolkit(&name) {
            let whose = format!("`{name}` of release {}", release.version.value);
            let image = reading.need(tag, &["from", "name"], &whose, "it names the image");
            release.toolkits.extend(image.map(|image| (name, image)));
        } else if is_system(&name) {
            let versions = reading.find(tag, &["annotations", VERSIONS]);
            let own =
                versions.iter().flat_map(|all| all.split(',')).find_map(|one| one.trim().strip_prefix("machine-os="));
            release.systems.push((name, own.map(str::to_owned)));
        }
    }
    release.read(reading);
}

/// Returns whether an image of a release is a Driver Toolkit.
pub(in crate::kernels) fn is_toolkit(name: &str) -> bool {
    suffix(name, TOOLKIT).is_some()
}

pub(super) fn is_system(name: &str) -> bool {
    SYSTEMS.iter().any(|system| suffix(name, system).is_some())
}

/// The stream in an image's name: `10` of `rhel-coreos-10`, nothing of `rhel-coreos`; `None` for other
/// images, such as `rhel-coreos-10-extensions`.
fn suffix<'n>(name: &'n str, of: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(of)?;
    let number = rest.strip_prefix('-').unwrap_or(rest);
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (rest.is_empty() || rest.starts_with('-') && is_number).then_some(number)
}

impl Release {
    /// Takes it for facts.
    pub(super) fn read(self, reading: &mut Reading<'_>) {
        if self.toolkits.is_empty() {
            let message = format!("release {} has no image `{TOOLKIT}`", self.version.value);
            reading.fault(self.version.span, Invalid::new(message).help(WHOLE));
        }
        for (name, image) in &self.toolkits {
            let os = self.os_of(suffix(name, TOOLKIT).unwrap_or_default());
            let Some(reference) = reading.image(&image.value, image.span) else { continue };
            let origin = match suffix(name, TOOLKIT) {
                Some("") | None => format!("OpenShift release {}", self.version.value),
                Some(_) => format!("OpenShift release {}, {name}", self.version.value),
            };
            reading.facts.toolkits.push(Toolkit {
                os,
                openshift: Some(self.version.value.clone()),
                architecture: self.architecture,
                ..Toolkit::of(Some(reference), origin, image.span)
            });
        }
    }

    /// The version of the operating system whose stream a Driver Toolkit is of.
    fn os_of(&self, stream: &str) -> Option<String> {
        let own = match self.systems.as_slice() {
            // With one operating system and one toolkit they belong together: 4.12 has `rhel-coreos-8`.
            [only] if self.toolkits.len() == 1 => Some(only),
            all => all
                .iter()
                .find(|(name, _)| SYSTEMS.iter().find_map(|system| suffix(name, system)).unwrap_or_default() == stream),
        };
        match own {
            Some((_, Some(version))) => Some(version.clone()),
            // The release is known by the version of one stream, and does not name which.
            Some((_, None)) | None => self.os.clone().filter(|os| self.stream_of(os) == stream),
        }
    }

    /// The stream that a version is of: that of its major version of RHEL, if there is one.
    fn stream_of(&self, os: &str) -> String {
        let major = el_of_os(os).map(|major| major.to_string()).unwrap_or_default();
        let names = self.toolkits.iter().map(|(name, _)| name).chain(self.systems.iter().map(|(name, _)| name));
        let is_alone = self.toolkits.len() == 1 && self.systems.len() < 2;
        let has_own = !is_alone && names.into_iter().any(|name| name.ends_with(&format!("-{major}")));
        if has_own { major } else { String::new() }
    }
}
