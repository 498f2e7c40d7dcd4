//! Joining what inputs say: each kernel with its OS images, and those with their Driver Toolkits, as
//! KMM does it from a node's kernel and OS image and the tags of the ImageStream.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Mention};
use super::systems::{by_age, el_of_kernel};
use super::toolkits::{Image, Toolkits};
use super::variants::{Variant, variants};
use super::{Found, Pin};
use crate::manifest::{BaseImages, Kernel, Selection};
use crate::vocabulary::{Diagnostic, Diagnostics, by_version, flavour_of};

/// The kernels that inputs name, the oldest first, whatever the order of the inputs.
pub(super) fn join(facts: &Facts, selection: &Selection, faults: &mut Diagnostics) -> Vec<Found> {
    let toolkits = Toolkits::of(facts, faults);
    let mut all: BTreeMap<&str, Vec<&Mention>> = BTreeMap::new();
    for mention in &facts.mentions {
        all.entry(mention.release.as_str()).or_default().push(mention);
    }
    let mut found: Vec<Found> = all
        .values()
        .flat_map(|mentions| {
            let variants = variants(mentions);
            let is_split = variants.len() > 1;
            variants.into_iter().map(move |seen| (seen, is_split))
        })
        .map(|(seen, is_split)| {
            let selected = selection.selects(&seen.kernel());
            let image = if selected { seen.image(&toolkits, faults) } else { None };
            Found {
                release: seen.release.value.clone(),
                dtk: image.map(|image| seen.pin(image)),
                labels: seen.labels(image, &toolkits),
                nodes: u64::try_from(seen.nodes.len()).unwrap_or(u64::MAX),
                cluster: None,
                origins: seen.origins.iter().map(ToString::to_string).collect(),
                architecture: seen.architecture(),
                systems: seen.systems.iter().map(ToString::to_string).collect(),
                distributions: seen.distributions.iter().map(ToString::to_string).collect(),
                is_split,
                is_listed: seen.is_listed,
                selected,
            }
        })
        .collect();
    found.sort_by(|one, other| {
        by_version(one.release.as_str(), other.release.as_str()).then_with(|| one.labels.cmp(&other.labels))
    });
    found
}

impl<'f> Variant<'f> {
    /// The kernel as far as a selection looks at it.
    fn kernel(&self) -> Kernel {
        Kernel {
            release: self.release.clone(),
            dtk: None,
            pin: None,
            base_images: BaseImages::default(),
            labels: self.architecture().map(|arch| ("arch".to_owned(), arch.to_owned())).into_iter().collect(),
            nodes: None,
        }
    }

    /// Its Driver Toolkit image: of the cluster's ImageStream before all others, with known headers before
    /// others, and of the newest OS image. If several are left, none is chosen. Disagreements are told.
    fn image<'t>(&self, toolkits: &'t Toolkits<'f>, faults: &mut Diagnostics) -> Option<&'t Image<'f>> {
        let release = self.release.as_str();
        let architecture = self.architecture();
        let (fitting, others): (Vec<_>, Vec<_>) = toolkits
            .candidates(release, &self.os_images, architecture)
            .into_iter()
            .partition(|image| image.kernels.is_empty() || image.serves(release));
        faults.extend(others.iter().map(|image| self.is_for_another_kernel(image)));
        let el = el_of_kernel(release);
        let (of_own, of_others): (Vec<_>, Vec<_>) =
            fitting.into_iter().partition(|image| image.serves(release) || image.may_be_of(el));
        let mut fitting = of_own;
        prefer(&mut fitting, |image| image.is_in_cluster(&self.os_images, architecture));
        prefer(&mut fitting, |image| image.serves(release));
        let newest = fitting.iter().map(|image| self.newest_os(image)).max_by(|one, other| by_age(one, other));
        let best: Vec<_> = fitting.iter().copied().filter(|image| Some(self.newest_os(image)) == newest).collect();
        match best.as_slice() {
            [best] => {
                if fitting.len() > 1 {
                    faults.push(self.has_several(best, &fitting));
                }
                Some(*best)
            }
            [] => {
                if others.is_empty() && !self.nodes.is_empty() && toolkits.know_os_images() {
                    faults.push(self.has_none(toolkits, &of_others));
                }
                None
            }
            several => {
                faults.push(self.has_rivals(several));
                None
            }
        }
    }

    fn is_for_another_kernel(&self, image: &Image<'_>) -> Diagnostic {
        let kernels: Vec<&str> = image.kernels.iter().copied().collect();
        let message = format!(
            "the Driver Toolkit image for OS image {} is for {}, but the OS image runs kernel `{}`",
            self.listed_os_images(),
            kernels.join(" and "),
            self.release.value
        );
        Diagnostic::warning("dtk-of-another-kernel", message)
            .at(self.release.span, "")
            .help(format!("{} does not have its headers and is not pinned", image.reference))
    }

    fn has_several(&self, best: &Image<'_>, all: &[&Image<'_>]) -> Diagnostic {
        let others = all.iter().filter(|image| image.reference != best.reference);
        let others: Vec<String> = others.map(|image| image.reference.to_string()).collect();
        let message = format!(
            "kernel `{}` has {} Driver Toolkit images; pinned {}",
            self.release.value,
            all.len(),
            best.reference
        );
        Diagnostic::warning("several-dtks", message)
            .at(self.release.span, "")
            .help(format!("it belongs to the newest OS image; the others: {}", others.join(", ")))
    }

    /// The newest of the kernel's OS images that an image goes with; empty if there is none.
    fn newest_os(&self, image: &Image<'_>) -> &'f str {
        image.newest_os(&self.os_images, self.architecture()).unwrap_or_default()
    }

    /// Several images, of which nothing says which one is the kernel's.
    fn has_rivals(&self, all: &[&Image<'_>]) -> Diagnostic {
        let mut images = Vec::new();
        for image in all {
            let origins: Vec<&str> = image.origins(self.release.as_str(), &self.os_images).into_iter().collect();
            images.push(format!("{} ({})", image.reference, origins.join("; ")));
        }
        let message = format!(
            "inputs name {} Driver Toolkit images for kernel `{}`; none is pinned",
            all.len(),
            self.release.value
        );
        Diagnostic::warning("no-dtk", message).at(self.release.span, "").help(format!(
            "write the correct one as `dtk` of the kernel, or remove the wrong input: {}",
            images.join(", ")
        ))
    }

    fn has_none(&self, toolkits: &Toolkits<'_>, of_others: &[&Image<'_>]) -> Diagnostic {
        let message = format!(
            "no Driver Toolkit image found for kernel `{}` of OS image {}",
            self.release.value,
            self.listed_os_images()
        );
        let warning = Diagnostic::warning("no-dtk", message).at(self.release.span, "");
        let cut = self.os_images.iter().filter_map(|os| Some((*os, cut_by_kmm(os)?)));
        if let Some((os, cut)) = cut.into_iter().find(|(_, cut)| toolkits.openshift_tag(cut)) {
            return warning.help(format!(
                "KMM reads only one digit after the dash of `{os}`, and builds with the Driver Toolkit of `{cut}`: pin \
                 the correct image as `dtk`"
            ));
        }
        if let [other, ..] = of_others {
            return warning.help(format!("{} is for another version of RHEL", other.reference));
        }
        warning.help("KMM does not find one either, unless the ImageStream `driver-toolkit` has a tag of that name")
    }

    fn listed_os_images(&self) -> String {
        self.os_images.iter().copied().collect::<Vec<_>>().join(", ")
    }

    fn pin(&self, image: &Image<'_>) -> Pin {
        let origins = image.origins(self.release.as_str(), &self.os_images);
        Pin { image: image.reference.clone(), origins: origins.into_iter().map(str::to_owned).collect() }
    }

    fn labels(&self, image: Option<&Image<'_>>, toolkits: &Toolkits<'_>) -> BTreeMap<String, String> {
        let own = self.os_images.iter().map(ToString::to_string);
        // A kernel that no node runs yet is that of its Driver Toolkit's OS image.
        let of_toolkit = image.filter(|_| self.os_images.is_empty()).into_iter().flat_map(Image::os_images);
        let os_images: BTreeSet<String> = own.chain(of_toolkit.map(str::to_owned)).collect();
        let of_os = os_images.iter().flat_map(|os| toolkits.openshift_of_os(os));
        let of_image = image.iter().flat_map(|image| image.openshift.iter().copied());
        let minors = of_os.chain(of_image).filter_map(minor).map(str::to_owned);
        let minors: Vec<String> = minors.chain(os_images.iter().filter_map(|os| openshift_in(os))).collect();
        let distributions = self.apart_by.map_or_else(|| self.distributions.clone(), |own| BTreeSet::from([own]));
        let labels = [
            ("arch", self.architecture().map(str::to_owned)),
            ("distribution", joined(distributions.iter().map(ToString::to_string))),
            ("flavour", Some(flavour_of(self.release.as_str()))),
            ("ocp", joined(minors.into_iter())),
            ("os", joined(os_images.into_iter())),
        ];
        labels.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

/// Keeps those that are preferred, if there are any.
fn prefer<T: Copy>(all: &mut Vec<T>, is_preferred: impl Fn(T) -> bool) {
    if all.iter().any(|one| is_preferred(*one)) {
        all.retain(|one| is_preferred(*one));
    }
}

/// The version of an OS image as KMM reads it, with one digit behind the dash, if that is another one.
fn cut_by_kmm(os: &str) -> Option<String> {
    let dash = os.rfind('-')?;
    os.get(..dash + 2).filter(|cut| cut.len() < os.len()).map(str::to_owned)
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
