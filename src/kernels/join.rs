//! Joining what inputs say: each kernel with its OS images, and those with their Driver Toolkits, as
//! KMM does it from a node's kernel and OS image and the tags of the ImageStream.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Sighting};
use super::toolkits::{Image, Toolkits};
use super::{Found, Pin};
use crate::manifest::{Images, Kernel, Selection};
use crate::vocabulary::{Diagnostic, Diagnostics, KernelRelease, Spanned, architecture_of, by_version, flavour_of};

/// All that was seen of one kernel.
struct Seen<'f> {
    release: &'f Spanned<KernelRelease>,
    architectures: BTreeSet<&'static str>,
    os_images: BTreeSet<&'f str>,
    distributions: BTreeSet<&'f str>,
    nodes: BTreeSet<&'f str>,
    origins: BTreeSet<&'f str>,
}

/// The kernels that inputs name, whatever the order of the inputs.
pub(super) struct Joined {
    /// Those that are selected, the oldest first.
    pub(super) found: Vec<Found>,
    /// How many nodes run which kernel, selected or not.
    pub(super) running: BTreeMap<String, u64>,
    /// How many kernels there are, selected or not.
    pub(super) seen: usize,
}

pub(super) fn join(facts: &Facts, selection: &Selection, faults: &mut Diagnostics) -> Joined {
    let toolkits = Toolkits::of(&facts.toolkits, faults);
    let mut all: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
    for sighting in &facts.sightings {
        all.entry(sighting.release.as_str()).or_insert_with(|| Seen::of(&sighting.release)).add(sighting);
    }
    let nodes = |seen: &Seen<'_>| u64::try_from(seen.nodes.len()).unwrap_or(u64::MAX);
    let running = all.iter().map(|(release, seen)| ((*release).to_owned(), nodes(seen)));
    let running = running.filter(|(_, nodes)| *nodes > 0).collect();
    let mut found: Vec<Found> = all
        .values()
        .filter(|seen| selection.selects(&seen.kernel()))
        .map(|seen| {
            let image = seen.image(&toolkits, faults);
            Found {
                release: seen.release.value.clone(),
                dtk: image.map(|image| seen.pin(image)),
                labels: seen.labels(image, &toolkits),
                nodes: nodes(seen),
                origins: seen.origins.iter().map(ToString::to_string).collect(),
            }
        })
        .collect();
    found.sort_by(|one, other| by_version(one.release.as_str(), other.release.as_str()));
    Joined { found, running, seen: all.len() }
}

impl<'f> Seen<'f> {
    fn of(release: &'f Spanned<KernelRelease>) -> Self {
        Self {
            release,
            architectures: architecture_of(release.as_str()).into_iter().collect(),
            os_images: BTreeSet::new(),
            distributions: BTreeSet::new(),
            nodes: BTreeSet::new(),
            origins: BTreeSet::new(),
        }
    }

    fn add(&mut self, sighting: &'f Sighting) {
        // What the release itself says is not put in question.
        if architecture_of(self.release.as_str()).is_none() {
            self.architectures.extend(sighting.architecture);
        }
        self.os_images.extend(sighting.os.as_deref());
        self.distributions.extend(sighting.distribution.as_deref());
        self.nodes.extend(sighting.node.as_deref());
        self.origins.insert(&sighting.origin);
    }

    /// The one architecture that it is for; Ubuntu has kernels of one name for several.
    fn architecture(&self) -> Option<&'static str> {
        self.architectures.first().copied().filter(|_| self.architectures.len() == 1)
    }

    /// The kernel as far as a selection looks at it.
    fn kernel(&self) -> Kernel {
        Kernel {
            release: self.release.clone(),
            dtk: None,
            images: Images::default(),
            labels: self.architecture().map(|arch| ("arch".to_owned(), arch.to_owned())).into_iter().collect(),
            nodes: None,
        }
    }

    /// Its Driver Toolkit image. Where inputs disagree, that is told.
    fn image<'t>(&self, toolkits: &'t Toolkits<'f>, faults: &mut Diagnostics) -> Option<&'t Image<'f>> {
        let release = self.release.as_str();
        let architecture = self.architecture();
        let (fitting, others): (Vec<_>, Vec<_>) = toolkits
            .candidates(release, &self.os_images, architecture)
            .into_iter()
            .partition(|image| image.kernels.is_empty() || image.kernels.contains(release));
        faults.extend(others.iter().map(|image| self.is_for_another_kernel(image)));
        let newest = |image: &Image<'f>| image.newest_os(&self.os_images, architecture).unwrap_or_default();
        // That an image has the headers counts for more than that it should have them.
        let best = fitting.iter().copied().max_by(|one, other| {
            let known = |image: &Image<'f>| image.kernels.contains(release);
            known(one)
                .cmp(&known(other))
                .then_with(|| by_version(newest(one), newest(other)))
                .then_with(|| one.reference.cmp(other.reference))
        });
        match best {
            Some(best) if fitting.len() > 1 => faults.push(self.has_several(best, &fitting)),
            None if others.is_empty() && !self.nodes.is_empty() && toolkits.know_os_images() => {
                faults.push(self.has_none())
            }
            _ => {}
        }
        best
    }

    fn is_for_another_kernel(&self, image: &Image<'_>) -> Diagnostic {
        let kernels: Vec<&str> = image.kernels.iter().copied().collect();
        let message = format!(
            "the Driver Toolkit image of OS image {} is for {}, and kernel `{}` runs on it",
            self.listed_os_images(),
            kernels.join(" and "),
            self.release.value
        );
        Diagnostic::warning("dtk-of-another-kernel", message)
            .at(self.release.span, "")
            .help(format!("{} does not have its headers, and is not pinned for it", image.reference))
    }

    fn has_several(&self, best: &Image<'_>, all: &[&Image<'_>]) -> Diagnostic {
        let others = all.iter().filter(|image| image.reference != best.reference);
        let others: Vec<String> = others.map(|image| image.reference.to_string()).collect();
        let message = format!(
            "kernel `{}` has {} Driver Toolkit images; this is pinned: {}",
            self.release.value,
            all.len(),
            best.reference
        );
        Diagnostic::warning("several-dtks", message).at(self.release.span, "").help(format!(
            "it is the one that has its headers, or of the newest OS image; the others: {}",
            others.join(", ")
        ))
    }

    fn has_none(&self) -> Diagnostic {
        let message = format!(
            "no Driver Toolkit image is known for kernel `{}`, which runs on OS image {}",
            self.release.value,
            self.listed_os_images()
        );
        Diagnostic::warning("no-dtk", message)
            .at(self.release.span, "")
            .help("KMM finds none either where the ImageStream `driver-toolkit` has no tag of that name")
    }

    fn listed_os_images(&self) -> String {
        self.os_images.iter().copied().collect::<Vec<_>>().join(", ")
    }

    fn pin(&self, image: &Image<'_>) -> Pin {
        let origins = image.origins(self.release.as_str(), &self.os_images);
        Pin { image: image.reference.clone(), origins: origins.into_iter().map(str::to_owned).collect() }
    }

    fn labels(&self, image: Option<&Image<'_>>, toolkits: &Toolkits<'_>) -> BTreeMap<String, String> {
        let of_os = self.os_images.iter().flat_map(|os| toolkits.openshift_of_os(os));
        let of_image = image.iter().flat_map(|image| image.openshift.iter().copied());
        let minors = of_os.chain(of_image).filter_map(minor).map(str::to_owned);
        let minors = minors.chain(self.os_images.iter().filter_map(|os| openshift_in(os)));
        let labels = [
            ("arch", self.architecture().map(str::to_owned)),
            ("distribution", joined(self.distributions.iter().map(ToString::to_string))),
            ("flavour", Some(flavour_of(self.release.as_str()))),
            ("ocp", joined(minors)),
            ("os", joined(self.os_images.iter().map(ToString::to_string))),
        ];
        labels.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

/// Different values in the order of versions.
fn joined(values: impl Iterator<Item = String>) -> Option<String> {
    let mut values: Vec<String> = values.collect();
    values.sort_by(|one, other| by_version(one, other));
    values.dedup();
    Some(values.join(", ")).filter(|text| !text.is_empty())
}

/// `4.16` of `4.16.3`.
fn minor(version: &str) -> Option<&str> {
    let dot = version.find('.')?;
    Some(&version[..version[dot + 1..].find('.').map_or(version.len(), |second| dot + 1 + second)])
}

/// The version of OpenShift in that of an OS image: up to 4.18 it begins with it, `416.94.…`; from 4.19
/// on it begins with that of RHEL, `9.6.…`.
fn openshift_in(os: &str) -> Option<String> {
    let minor = os.split('.').next()?.strip_prefix('4')?;
    let is_number = !minor.is_empty() && minor.len() <= 2 && minor.bytes().all(|b| b.is_ascii_digit());
    (is_number && os.split('.').count() == 3).then(|| format!("4.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openshift_is_read_from_os_images_that_name_it() {
        for (os, version) in [
            ("416.94.202407081958-0", Some("4.16")),
            ("49.84.202110081407-0", Some("4.9")),
            ("9.6.20251015-1", None),
            ("Ubuntu 22.04.3 LTS", None),
            ("4.94.202407081958-0", None),
        ] {
            assert_eq!(openshift_in(os).as_deref(), version, "{os}");
        }
        assert_eq!(minor("4.20.4"), Some("4.20"));
        assert_eq!(minor("4.20"), Some("4.20"));
    }
}
