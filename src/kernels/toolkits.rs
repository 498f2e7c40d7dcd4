//! Facts about Driver Toolkit images, by image, once all inputs have been read.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Mention, MentionKind, Toolkit};
use super::systems::{by_age, el_of_kernel, el_of_os, may_be_rhel};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, KernelRelease, architecture_of};

/// Images that inputs name.
#[derive(Debug, Default)]
pub(super) struct Toolkits<'f> {
    by_digest: BTreeMap<&'f str, Image<'f>>,
    /// The versions of OpenShift that an OS image is from.
    openshift_of_os: BTreeMap<&'f str, BTreeSet<&'f str>>,
}

/// One image.
#[derive(Debug)]
pub(super) struct Image<'f> {
    /// Its name; where inputs know several, the one that sorts first.
    pub(super) reference: &'f ImageRef,
    /// The versions of OpenShift that it is from.
    pub(super) openshift: BTreeSet<&'f str>,
    /// The kernels that it has the headers of; empty where nothing says so.
    pub(super) kernels: BTreeSet<&'f str>,
    /// Statements about the image.
    said: Vec<&'f Toolkit>,
}

impl<'f> Toolkits<'f> {
    pub(super) fn of(facts: &'f Facts, faults: &mut Diagnostics) -> Self {
        let mut all = Self::default();
        for toolkit in &facts.toolkits {
            if let (Some(os), Some(openshift)) = (&toolkit.os, &toolkit.openshift) {
                all.openshift_of_os.entry(os).or_default().insert(openshift);
            }
            if let Some((image, digest)) = toolkit.image.as_ref().and_then(|image| Some((image, image.digest()?))) {
                all.note(image, digest, toolkit);
            }
        }
        all.take_unnamed(facts, faults);
        all
    }

    fn note(&mut self, image: &'f ImageRef, digest: &'f str, toolkit: &'f Toolkit) {
        let known = self.by_digest.entry(digest).or_insert_with(|| Image {
            reference: image,
            openshift: BTreeSet::new(),
            kernels: BTreeSet::new(),
            said: Vec::new(),
        });
        // The same bytes under several names: the cluster's own is the one that its nodes can pull.
        let is_known_in_cluster = known.said.iter().any(|said| said.in_cluster);
        known.reference = match (toolkit.in_cluster, is_known_in_cluster) {
            (true, false) => image,
            (false, true) => known.reference,
            _ => known.reference.min(image),
        };
        known.take(toolkit);
    }

    /// A driver-toolkit-release.json does not name its image. It is of the only image, of the one whose
    /// OS image runs one of its kernels, or of the only one that it can be of.
    fn take_unnamed(&mut self, facts: &'f Facts, faults: &mut Diagnostics) {
        let mut unnamed: Vec<&Toolkit> = facts.toolkits.iter().filter(|toolkit| toolkit.image.is_none()).collect();
        unnamed.sort_by(|one, other| one.kernels.cmp(&other.kernels));
        let alike = unnamed.windows(2).all(|pair| pair[0].kernels == pair[1].kernels);
        let chosen: Vec<(&'f Toolkit, Vec<&'f str>)> = unnamed
            .into_iter()
            .map(|toolkit| {
                let running = self.without_kernels(|image| image.runs(toolkit, &facts.mentions) == Some(true));
                let possible = match (self.by_digest.len(), running.len()) {
                    (1, _) if alike => self.by_digest.keys().copied().collect(),
                    (_, 0) => self.without_kernels(|image| image.may_be(toolkit, &facts.mentions)),
                    _ => running,
                };
                (toolkit, possible)
            })
            .collect();
        for (toolkit, possible) in chosen {
            match possible.as_slice() {
                [only] => {
                    if let Some(image) = self.by_digest.get_mut(only) {
                        image.take(toolkit);
                    }
                }
                _ if self.by_digest.is_empty() => {}
                several => faults.push(self.is_unnamed(toolkit, several)),
            }
        }
    }

    /// Digests of the images whose kernels no input names, and that are chosen.
    fn without_kernels(&self, is_chosen: impl Fn(&Image<'f>) -> bool) -> Vec<&'f str> {
        let images = self.by_digest.iter().filter(|(_, image)| image.kernels.is_empty() && is_chosen(image));
        images.map(|(digest, _)| *digest).collect()
    }

    fn is_unnamed(&self, toolkit: &Toolkit, possible: &[&str]) -> Diagnostic {
        let warning = Diagnostic::warning("unnamed-dtk", "cannot find the Driver Toolkit image of this file");
        let names = possible.iter().filter_map(|digest| self.by_digest.get(digest)).take(3);
        let names: Vec<String> = names.map(|image| format!("`{}=FILE`", image.reference)).collect();
        let help = match names.as_slice() {
            [] => "write the image before the file: `REPOSITORY@sha256:…=FILE`".to_owned(),
            names => format!("write the image before the file: {}", names.join(" or ")),
        };
        warning.at(toolkit.span, "").help(help)
    }

    /// Checks whether any input knows which image belongs to which OS image.
    pub(super) fn know_os_images(&self) -> bool {
        self.by_digest.values().any(|image| image.said.iter().any(|said| said.os.is_some()))
    }

    /// The images that a kernel may be built with: those of its OS images, and those that have its
    /// headers.
    pub(super) fn candidates(
        &self,
        release: &str,
        os_images: &BTreeSet<&str>,
        architecture: Option<&str>,
    ) -> Vec<&Image<'f>> {
        self.by_digest.values().filter(|image| image.serves(release) || image.is_of(os_images, architecture)).collect()
    }

    /// Checks whether the ImageStream has a tag for an OS image.
    pub(super) fn openshift_tag(&self, os: &str) -> bool {
        let mut said = self.by_digest.values().flat_map(|image| &image.said);
        said.any(|said| said.in_cluster && said.os.as_deref() == Some(os))
    }

    /// The versions of OpenShift that an OS image is from.
    pub(super) fn openshift_of_os(&self, os: &str) -> impl Iterator<Item = &'f str> {
        self.openshift_of_os.get(os).into_iter().flatten().copied()
    }
}

impl<'f> Image<'f> {
    fn take(&mut self, toolkit: &'f Toolkit) {
        self.openshift.extend(toolkit.openshift.as_deref());
        self.kernels.extend(toolkit.kernels.iter().map(KernelRelease::as_str));
        self.said.push(toolkit);
    }

    /// Checks whether the image is known to have the headers of a kernel.
    pub(super) fn serves(&self, release: &str) -> bool {
        self.kernels.iter().any(|kernel| has_headers_of(kernel, release))
    }

    /// Checks whether the image may be of this major version of RHEL; the cluster's statement takes precedence.
    pub(super) fn may_be_of(&self, el: Option<u32>) -> bool {
        let [own, others] = [true, false].map(|in_cluster| -> BTreeSet<u32> {
            let said = self.said.iter().filter(|said| said.in_cluster == in_cluster);
            said.filter_map(|said| el_of_os(said.os.as_deref()?)).collect()
        });
        let known = if own.is_empty() { others } else { own };
        el.is_none_or(|el| known.is_empty() || known.contains(&el))
    }

    /// Checks whether the ImageStream has the image for one of these OS images.
    pub(super) fn is_in_cluster(&self, os_images: &BTreeSet<&str>, architecture: Option<&str>) -> bool {
        self.said.iter().any(|said| said.in_cluster && said.is_of(os_images, architecture))
    }

    /// The OS images that it goes with.
    pub(super) fn os_images(&self) -> impl Iterator<Item = &'f str> {
        self.said.iter().filter_map(|said| said.os.as_deref())
    }

    /// Checks whether nodes on its OS images run a kernel of a Driver Toolkit; `None` if no node is on one.
    fn runs(&self, toolkit: &Toolkit, mentions: &[Mention]) -> Option<bool> {
        let on_nodes = mentions.iter().filter(|mention| matches!(mention.kind, MentionKind::Node(_)));
        let mut kernels = on_nodes
            .filter(|mention| mention.os.as_deref().is_some_and(|os| self.os_images().any(|own| own == os)))
            .peekable();
        kernels.peek()?;
        Some(kernels.any(|mention| toolkit.has_headers_of(mention.release.as_str())))
    }

    /// Checks whether a driver-toolkit-release.json can belong to the image.
    fn may_be(&self, toolkit: &Toolkit, mentions: &[Mention]) -> bool {
        let el = toolkit.kernels.first().and_then(|kernel| el_of_kernel(kernel.as_str()));
        let machine = toolkit.kernels.first().and_then(|kernel| architecture_of(kernel.as_str()));
        self.runs(toolkit, mentions).is_none()
            && self.may_be_of(el)
            && machine.is_none_or(|machine| self.said.iter().all(|said| said.may_be_for(machine)))
            && toolkit.rhel.as_deref().is_none_or(|rhel| self.os_images().all(|os| may_be_rhel(os, rhel)))
    }

    /// The newest of these OS images that it goes with.
    pub(super) fn newest_os<'o>(&self, os_images: &BTreeSet<&'o str>, architecture: Option<&str>) -> Option<&'o str> {
        let own = os_images.iter().filter(|os| self.is_of(&BTreeSet::from([**os]), architecture));
        own.copied().max_by(|one, other| by_age(one, other))
    }

    /// Checks whether the image belongs to one of these OS images on this architecture.
    fn is_of(&self, os_images: &BTreeSet<&str>, architecture: Option<&str>) -> bool {
        self.said.iter().any(|said| said.is_of(os_images, architecture))
    }

    /// Names the inputs that tie the image to these OS images or kernels, for a comment.
    pub(super) fn origins(&self, release: &str, os_images: &BTreeSet<&str>) -> BTreeSet<&'f str> {
        let of_os_images = self.said.iter().filter(|said| said.os.as_deref().is_none_or(|os| os_images.contains(os)));
        let tying = of_os_images.filter(|said| said.kernels.is_empty() || said.has_headers_of(release));
        tying.map(|said| said.origin.as_str()).collect()
    }
}

/// Checks whether a Driver Toolkit that names `kernel` has the headers of `release`. Those of aarch64 have the
/// ones of the kernel with 64k pages, too, and old ones name no architecture.
fn has_headers_of(kernel: &str, release: &str) -> bool {
    let base = release.strip_suffix("+64k").filter(|base| base.ends_with(".aarch64")).unwrap_or(release);
    kernel == release
        || kernel == base
        || base.rsplit_once('.').is_some_and(|(bare, machine)| kernel == bare && architecture_of(machine).is_some())
}

impl Toolkit {
    /// Checks whether the image belongs to one of these OS images on this architecture.
    fn is_of(&self, os_images: &BTreeSet<&str>, architecture: Option<&str>) -> bool {
        self.os.as_deref().is_some_and(|os| os_images.contains(os))
            && architecture.is_none_or(|architecture| self.may_be_for(architecture))
    }

    fn may_be_for(&self, architecture: &str) -> bool {
        self.architecture.is_none_or(|own| own == architecture)
    }

    fn has_headers_of(&self, release: &str) -> bool {
        self.kernels.iter().any(|kernel| has_headers_of(kernel.as_str(), release))
    }
}
