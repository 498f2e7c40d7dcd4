//! The kernels under one release: Ubuntu has the same release for several architectures, and in several
//! versions, and rebuilds of RHEL have those of RHEL.

use std::collections::BTreeSet;

use super::facts::{Mention, MentionKind};
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

/// The kernels of mentions that all have the same release. A mention that does not say which one it is
/// of is of all that it may be of.
pub(super) fn variants<'f>(mentions: &[&'f Mention]) -> Vec<Variant<'f>> {
    let Some(first) = mentions.first() else { return Vec::new() };
    let keys: Vec<Key<'f>> = mentions.iter().map(|mention| key(mention)).collect();
    // What inputs name one value of, or none, tells nothing apart.
    let differs = [0, 1, 2].map(|at| keys.iter().filter_map(|key| key[at]).collect::<BTreeSet<_>>().len() > 1);
    let keys: Vec<Key<'f>> = keys.into_iter().map(|key| [0, 1, 2].map(|at| key[at].filter(|_| differs[at]))).collect();
    let all: BTreeSet<Key<'f>> = keys.iter().copied().collect();
    let whole: Vec<Key<'f>> =
        all.iter().filter(|key| !all.iter().any(|other| other != *key && includes(key, other))).copied().collect();
    let located: BTreeSet<&str> = mentions
        .iter()
        .zip(&keys)
        .filter(|(_, key)| whole.contains(key))
        .filter_map(|(mention, _)| node(mention))
        .collect();
    let mut variants = Vec::with_capacity(whole.len());
    for own in &whole {
        let mut variant = Variant::of(&first.release);
        variant.apart_by = own[1].or(own[2]);
        for (mention, key) in mentions.iter().zip(&keys).filter(|(_, key)| includes(key, own)) {
            variant.add(mention);
            variant.nodes.extend(node(mention).filter(|node| key == own || !located.contains(node)));
        }
        variants.push(variant);
    }
    variants
}

/// Checks whether `special` has every property of `general` with the same value.
fn includes(general: &Key<'_>, special: &Key<'_>) -> bool {
    general.iter().zip(special).all(|(one, other)| one.is_none() || one == other)
}

fn key(mention: &Mention) -> Key<'_> {
    // What the release itself names is not put in question.
    let own = mention.architecture.filter(|_| architecture_of(mention.release.as_str()).is_none());
    [own, mention.system.as_deref(), mention.distribution.as_deref()]
}

fn node(mention: &Mention) -> Option<&str> {
    match &mention.kind {
        MentionKind::Node(node) => Some(node),
        MentionKind::List | MentionKind::Toolkit => None,
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

    fn add(&mut self, mention: &'f Mention) {
        if architecture_of(self.release.as_str()).is_none() {
            self.architectures.extend(mention.architecture);
        }
        self.os_images.extend(mention.os.as_deref());
        self.systems.extend(mention.system.as_deref());
        self.distributions.extend(mention.distribution.as_deref());
        self.origins.insert(&mention.origin);
        self.is_listed |= mention.kind != MentionKind::Toolkit;
    }

    /// The one architecture that it is for.
    pub(super) fn architecture(&self) -> Option<&'static str> {
        self.architectures.first().copied().filter(|_| self.architectures.len() == 1)
    }
}
