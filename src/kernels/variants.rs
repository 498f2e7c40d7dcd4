//! The kernels under one release: Ubuntu has the same release for several architectures, and in several
//! versions, and rebuilds of RHEL have those of RHEL.

use std::collections::BTreeSet;

use super::facts::{Sighting, Witness};
use crate::vocabulary::{KernelRelease, Spanned, architecture_of};

/// Everything that was seen of one kernel.
pub(super) struct Variant<'f> {
    pub(super) release: &'f Spanned<KernelRelease>,
    architectures: BTreeSet<&'static str>,
    pub(super) os_images: BTreeSet<&'f str>,
    /// The distributions of the nodes that run it.
    pub(super) systems: BTreeSet<&'f str>,
    /// The distributions that a crawler found it in.
    pub(super) distributions: BTreeSet<&'f str>,
    pub(super) nodes: BTreeSet<&'f str>,
    pub(super) origins: BTreeSet<&'f str>,
    /// Set if a node or a list names it.
    pub(super) is_listed: bool,
    /// The distribution that tells it from other kernels of its release.
    pub(super) apart_by: Option<&'f str>,
}

/// Properties that differ between kernels of one release: architecture, distribution of nodes and of packages.
type Key<'f> = [Option<&'f str>; 3];

/// The kernels of sightings that all have the same release. A sighting that does not say which one it is
/// of is of all that it may be of.
pub(super) fn variants<'f>(sightings: &[&'f Sighting]) -> Vec<Variant<'f>> {
    let Some(first) = sightings.first() else { return Vec::new() };
    let keys: Vec<Key<'f>> = sightings.iter().map(|sighting| key(sighting)).collect();
    // What inputs name one value of, or none, tells nothing apart.
    let differs = [0, 1, 2].map(|at| keys.iter().filter_map(|key| key[at]).collect::<BTreeSet<_>>().len() > 1);
    let keys: Vec<Key<'f>> = keys.into_iter().map(|key| [0, 1, 2].map(|at| key[at].filter(|_| differs[at]))).collect();
    let all: BTreeSet<Key<'f>> = keys.iter().copied().collect();
    let is_whole = |key: &&Key<'f>| !all.iter().any(|other| other != *key && includes(key, other));
    let whole: Vec<Key<'f>> = all.iter().filter(is_whole).copied().collect();
    let located: BTreeSet<&str> = sightings
        .iter()
        .zip(&keys)
        .filter(|(_, key)| whole.contains(key))
        .filter_map(|(sighting, _)| node(sighting))
        .collect();
    let one = |own: &Key<'f>| {
        let mut seen = Variant::of(&first.release);
        seen.apart_by = own[1].or(own[2]);
        for (sighting, key) in sightings.iter().zip(&keys).filter(|(_, key)| includes(key, own)) {
            seen.add(sighting);
            seen.nodes.extend(node(sighting).filter(|node| key == own || !located.contains(node)));
        }
        seen
    };
    whole.iter().map(one).collect()
}

/// Checks whether `special` has every property of `general` with the same value.
fn includes(general: &Key<'_>, special: &Key<'_>) -> bool {
    general.iter().zip(special).all(|(one, other)| one.is_none() || one == other)
}

fn key(sighting: &Sighting) -> Key<'_> {
    // What the release itself names is not put in question.
    let own = sighting.architecture.filter(|_| architecture_of(sighting.release.as_str()).is_none());
    [own, sighting.system.as_deref(), sighting.distribution.as_deref()]
}

fn node(sighting: &Sighting) -> Option<&str> {
    match &sighting.witness {
        Witness::Node(node) => Some(node),
        Witness::List | Witness::Toolkit => None,
    }
}

impl<'f> Variant<'f> {
    fn of(release: &'f Spanned<KernelRelease>) -> Self {
        Self {
            release,
            architectures: architecture_of(release.as_str()).into_iter().collect(),
            os_images: BTreeSet::new(),
            systems: BTreeSet::new(),
            distributions: BTreeSet::new(),
            nodes: BTreeSet::new(),
            origins: BTreeSet::new(),
            is_listed: false,
            apart_by: None,
        }
    }

    fn add(&mut self, sighting: &'f Sighting) {
        if architecture_of(self.release.as_str()).is_none() {
            self.architectures.extend(sighting.architecture);
        }
        self.os_images.extend(sighting.os.as_deref());
        self.systems.extend(sighting.system.as_deref());
        self.distributions.extend(sighting.distribution.as_deref());
        self.origins.insert(&sighting.origin);
        self.is_listed |= sighting.witness != Witness::Toolkit;
    }

    /// The one architecture that it is for.
    pub(super) fn architecture(&self) -> Option<&'static str> {
        self.architectures.first().copied().filter(|_| self.architectures.len() == 1)
    }
}
