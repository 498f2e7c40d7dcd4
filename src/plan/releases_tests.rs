//! Kernels and the names made of them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::testing::World;
use crate::vocabulary::{ImageRef, KernelRelease, SourceMap};

#[test]
fn releases_that_would_share_a_build_are_refused() {
    let world = World::small().with("  - 5.14.0-2.el9.x86_64+rt\n", "  - 5.14.0-1.el9.x86-64\n");
    let faults = world.faults();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("kmodgen.yaml:9:5 kmm-same-label:"), "{faults:?}");
}

/// A release on two architectures, with the kernels of one module.
fn two_architectures(kernels: &str) -> World {
    let items = "  - {release: 6.8.0-51-generic, labels: {arch: x86_64}}\n  - {release: 6.8.0-51-generic, labels: {arch: aarch64}}\n";
    let old = "  - release: 5.14.0-1.el9.x86_64\n    labels: {site: a}\n  - 5.14.0-2.el9.x86_64+rt\n";
    World::small().with(old, items).with("    source: code\n", &format!("    source: code\n{kernels}"))
}

#[test]
fn a_module_is_for_one_kernel_of_a_release() {
    let faults = two_architectures("").faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    for said in [
        "kmm-same-release: module `first` matches two kernels with release `6.8.0-51-generic`",
        "`when: {labels: {arch: x86_64}}`",
        "`when: {labels: {arch: aarch64}}`",
        "`kubernetes.io/arch`",
    ] {
        assert!(faults[0].contains(said), "{said}: {faults:?}");
    }
    assert_eq!(two_architectures("    when: {arch: arm64}\n").faults(), Vec::<String>::new());
}

#[test]
fn images_of_two_architectures_have_tags_of_their_own() {
    let tag = |kernels: &str| {
        let (names, _) = two_architectures(kernels)
            .expand(&mut SourceMap::default(), |_, plan| plan.mappings().map(|m| m.image_name()).collect::<Vec<_>>());
        names.unwrap()
    };
    let [intel, arm] = ["x86_64", "aarch64"].map(|arch| tag(&format!("    when: {{arch: {arch}}}\n")));
    assert_eq!((intel.len(), arm.len()), (1, 1));
    assert_ne!(intel, arm, "the texts are the same, and the images are not");
}

#[test]
fn a_kernel_that_one_module_excludes_may_look_like_another() {
    let world = World::small()
        .with("  - 5.14.0-2.el9.x86_64+rt\n", "  - 5.14.0-1.el9.x86-64\n")
        .with("    source: code\n", "    source: code\n    unless: {kernel: ['.*x86-64']}\n");
    assert_eq!(world.faults(), Vec::<String>::new());
}

#[test]
fn a_signed_image_leaves_room_for_what_kmm_appends() {
    let release = format!("5.14.0-{}.x86_64", "1".repeat(49));
    let world = World::small()
        .with("namespace: kmm-ci", "namespace: kernel-modules")
        .with("name: first", "name: storage-client-driver-block")
        .with("5.14.0-2.el9.x86_64+rt", &release)
        .and("platform: {kmm: '2.7'}\n");
    assert_eq!(world.faults(), Vec::<String>::new());
    let signed = world.and_spec("sign: {keySecret: {name: k}, certSecret: {name: c}}");
    let faults = signed.faults();
    assert!(faults[0].contains("image-tag") && faults[0].contains("unsigned"), "{faults:?}");
}

#[test]
fn a_dtk_by_digest_leaves_no_word_of_the_clusters_choice() {
    let pinned =
        World::small().with("    labels: {site: a}\n", &format!("    dtk: quay.io/dtk@sha256:{}\n", "1".repeat(64)));
    let of = |release: &str| {
        let path = format!("first/{release}/Dockerfile");
        pinned.outputs().into_iter().find(|output| output.path.as_str() == path).unwrap().text
    };
    assert!(!of("5.14.0-1.el9.x86_64").contains("DTK_AUTO"));
    assert!(of("5.14.0-2.el9.x86_64+rt").contains("FROM ${DTK_AUTO} AS builder"));
    let leaking = pinned
        .with("    source: code\n", "    source: code\n    template: t.Dockerfile\n")
        .file("t.Dockerfile", "{% extends 'kmodgen/dtk' %}{% block labels %}# DTK_AUTO\n{% endblock %}");
    assert!(leaking.faults()[0].contains("contains DTK_AUTO"), "{:?}", leaking.faults());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a release is, it is refused by a rule or makes legal names, different from those
    /// of its neighbours.
    #[test]
    fn every_release_is_refused_or_named(texts in proptest::collection::btree_set("[0-9]\\.[0-9a-zA-Z+~_.-]{0,70}", 1..6)) {
        let releases: Vec<&String> = texts.iter().filter(|text| KernelRelease::parse(text).is_ok()).collect();
        prop_assume!(!releases.is_empty());
        let list: String = releases.iter().map(|release| format!("  - '{release}'\n")).collect();
        let kernels = "  - release: 5.14.0-1.el9.x86_64\n    labels: {site: a}\n  - 5.14.0-2.el9.x86_64+rt\n";
        let world = World::small().with(kernels, &list);
        let (names, faults) = world.expand(&mut SourceMap::default(), |_, plan| {
            plan.mappings().map(|m| (m.config_map(), m.image_name(), m.image())).collect::<Vec<_>>()
        });
        let Some(names) = names else {
            prop_assert!(faults.iter().all(|fault| fault.code == "kmm-same-label"), "{faults:?}");
            return Ok(());
        };
        prop_assert_eq!(names.len(), releases.len());
        for column in [names.iter().map(|n| &n.0).collect::<BTreeSet<_>>(), names.iter().map(|n| &n.1).collect()] {
            prop_assert_eq!(column.len(), releases.len());
        }
        for (config_map, name, image) in names {
            prop_assert!(config_map.len() <= 253 && config_map.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert_eq!(ImageRef::parse(&name), Ok(image));
        }
    }
}
