//! Merging the nodes of one cluster into a list for several.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::kernels::testing::{A, B, OS_A, image_stream, import, input, node, nodes, reads_back};
use crate::kernels::{Changes, Import, Input};
use crate::manifest::{Kernel, Manifest, NodeCount, Selection, read_kernel_file};
use crate::testing::World;
use crate::vocabulary::{ClusterName, Diagnostics, SourceMap};

const OLD: &str = "5.14.0-70.el9.x86_64";

fn cluster(name: &str) -> ClusterName {
    ClusterName::parse(name).unwrap()
}

/// Nodes that run each kernel.
fn on_nodes(releases: &[&str]) -> String {
    let items: Vec<String> =
        releases.iter().enumerate().map(|(at, release)| node(&at.to_string(), release, OS_A)).collect();
    nodes(&items)
}

/// Merges; the codes of messages if it fails.
fn try_merge(
    import: Import,
    name: &str,
    old: &str,
    keep: Option<usize>,
) -> Result<(String, Changes), Vec<&'static str>> {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let import = if name.is_empty() { Some(import) } else { import.in_cluster(&cluster(name), &mut faults) };
    let merged = import.and_then(|import| import.merge_into(sources.add("old", old), old, keep, &mut faults));
    let codes = faults.into_sorted().iter().map(|fault| fault.code).collect();
    merged.ok_or(codes)
}

fn merged(name: &str, inputs: &[&str], old: &str, keep: Option<usize>) -> (String, Changes) {
    let import = import(inputs.iter().map(|text| input(text)).collect()).0.unwrap();
    let merged = try_merge(import, name, old, keep).unwrap_or_else(|codes| panic!("{codes:?}"));
    assert!(reads_back(&merged.0), "{}", merged.0);
    merged
}

/// Adds the kernels of texts that contain no nodes.
fn added(name: &str, old: &str) -> (String, Changes) {
    let image = image_stream(&[(OS_A, 'a')]);
    let toolkit = Input {
        name: "toolkit".into(),
        text: format!(r#"{{"KERNEL_VERSION": "{B}", "RT_KERNEL_VERSION": "", "RHEL_VERSION": "9.4"}}"#),
        image: None,
    };
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let import = Import::read(vec![input(&image), toolkit], &Selection::default(), true, &mut sources, &mut faults);
    try_merge(import.unwrap(), name, old, None).unwrap()
}

/// The lines of a list with numbers of nodes, and marks.
fn counts(list: &str) -> Vec<&str> {
    list.lines().map(str::trim).filter(|line| line.starts_with("nodes:") || line.starts_with("# vanished")).collect()
}

#[test]
fn each_cluster_has_its_own_numbers() {
    let first = merged("east", &[&on_nodes(&[A, A, B])], "apiVersion: kmodgen/v1\nkernels: []\n", None).0;
    assert_eq!(counts(&first), ["nodes: {east: 2}", "nodes: {east: 1}"]);
    let (both, changes) = merged("west", &[&on_nodes(&[B, OLD])], &first, None);
    assert_eq!(counts(&both), ["nodes: {west: 1}", "nodes: {east: 2}", "nodes: {east: 1, west: 1}"]);
    assert_eq!((changes.added, changes.changed[0].what.join(" ")), (vec![OLD.to_owned()], "nodes.west 1".to_owned()));
    // A kernel that other clusters run is not marked.
    let (fewer, changes) = merged("east", &[&on_nodes(&[A])], &both, None);
    assert_eq!(counts(&fewer), ["nodes: {west: 1}", "nodes: {east: 1}", "nodes: {east: 0, west: 1}"]);
    assert_eq!(changes.vanished, Vec::<String>::new());
    let (fewer, changes) = merged("west", &[&on_nodes(&[OLD])], &fewer, None);
    let vanished = "# vanished: no input of the last merge names it";
    assert_eq!(counts(&fewer), ["nodes: {west: 1}", "nodes: {east: 1}", vanished, "nodes: {east: 0, west: 0}"]);
    assert_eq!(changes.vanished, [B]);
    // One that runs again loses its mark, and one that is dropped its number, then its item.
    let back = merged("east", &[&on_nodes(&[A, B])], &fewer, None).0;
    assert_eq!(counts(&back), ["nodes: {west: 1}", "nodes: {east: 1}", "nodes: {east: 1, west: 0}"]);
    let (text, changes) = merged("west", &[&on_nodes(&[OLD])], &back, Some(0));
    assert_eq!(counts(&text), ["nodes: {west: 1}", "nodes: {east: 1}", "nodes: {east: 1}"]);
    assert_eq!((changes.dropped.len(), changes.changed[0].what.join(" ")), (0, "nodes.west dropped".to_owned()));
    let (text, changes) = merged("east", &[&on_nodes(&[A])], &text, Some(0));
    assert_eq!((counts(&text).len(), changes.dropped), (2, vec![B.to_owned()]));
}

#[test]
fn numbers_are_edited_in_any_form() {
    let head = "apiVersion: kmodgen/v1\nkernels:\n";
    for (old, new) in [
        (format!("  - {A}\n"), "nodes: {east: 1, west: 0}"),
        (format!("  - release: {A}\n    nodes: 5  # all\n"), "nodes: {east: 1, west: 0}  # all"),
        (format!("  - {{release: {A}, nodes: {{ west: 4 }} }}\n"), "nodes: { west: 4, east: 1 }"),
        (format!("  - release: {A}\n    nodes:\n      west: 4  # w\n"), "west: 4  # w\n      east: 1\n"),
        (format!("  - release: {A}\n    nodes:\n      east: 7  # e\n      west: 4\n"), "east: 1  # e\n      west: 4\n"),
        (format!("  - {{release: {A}, nodes: {{'east': 7}}}}\n"), "nodes: {'east': 1}"),
    ] {
        let old = format!("{head}{old}  - {{release: {OLD}, nodes: {{west: 1}}}}\n");
        let (text, _) = merged("east", &[&on_nodes(&[A])], &old, None);
        assert!(text.contains(new), "{text}");
        assert_eq!(merged("east", &[&on_nodes(&[A])], &text, None).0, text);
    }
    for (old, new) in [
        ("{east: 0, west: 1}", "{west: 1}"),
        ("{west: 1, east: 0}", "{west: 1}"),
        ("{a: 0, east: 0, west: 1}", "{a: 0, west: 1}"),
        ("\n      # e\n      east: 0\n      west: 1\n", "\n      # e\n      west: 1\n"),
        ("\n      west: 1\n      east: 0 # e\n", "\n      west: 1\n"),
    ] {
        let list = format!("{head}  - release: {B}\n    nodes: {old}\n");
        let (text, _) = merged("east", &[&on_nodes(&[A])], &list, Some(0));
        assert!(text.contains(new.trim_end()) && !text.contains("east: 0"), "{text}");
    }
}

#[test]
fn what_inputs_do_not_tell_stays() {
    let old = format!(
        "apiVersion: kmodgen/v1\nkernels:\n  - {OLD}\n  - {{release: 6.1.0-1-amd64, nodes: 3}}\n  - {{release: {A}, nodes: {{west: 2}}}}\n"
    );
    let (text, changes) = merged("east", &[&on_nodes(&[B])], &old, Some(0));
    assert_eq!((changes.unchanged, changes.added.len()), (3, 1));
    assert!(text.starts_with(&old), "{text}");
    // A release that no node runs yet is listed for the cluster, or for all.
    let (text, changes) = added("east", &old);
    assert_eq!((changes.unchanged, changes.added.len(), counts(&text)), (3, 1, vec!["nodes: {east: 0}"]));
    let (text, changes) = added("", &old);
    assert_eq!((changes.unchanged, changes.added.len(), counts(&text)), (3, 1, vec![]));
    let old = format!(
        "apiVersion: kmodgen/v1\nkernels:\n  - {{release: {B}, labels: {{arch: x86_64, flavour: standard, ocp: '4.16', os: {OS_A}}}, nodes: {{west: 2}}}}\n"
    );
    assert!(added("east", &old).0.contains("nodes: {west: 2, east: 0}"));
    assert!(added("west", &old).0.contains("nodes: {west: 2}"));
}

#[test]
fn nodes_of_an_unnamed_cluster_are_refused() {
    let old = format!("apiVersion: kmodgen/v1\nkernels:\n  - {{release: {A}, nodes: {{west: 2}}}}\n");
    let nodes = import(vec![input(&on_nodes(&[A]))]).0.unwrap();
    assert_eq!(try_merge(nodes, "", &old, None).unwrap_err(), ["no-cluster"]);
    let list = import(vec![input(&format!("{A}\n"))]).0.unwrap();
    assert_eq!(try_merge(list, "east", &old, None).unwrap_err(), ["no-nodes"]);
}

/// The kernels of each cluster, with their numbers.
fn kernels(list: &str) -> BTreeMap<String, BTreeMap<String, Option<u64>>> {
    let world = World::small()
        .with("kernels:\n", "kernels:\n  - file: list.yaml\n")
        .and("clusters: {east: {}, west: {}, north: {}}\n")
        .file("list.yaml", list);
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let source = sources.add("kmodgen.yaml", world.manifest.as_str());
    let all = Manifest::read(source, &world.manifest, &world.files, &mut sources, &mut faults);
    let all = all.unwrap_or_else(|| panic!("{faults:#?} {list}"));
    all.iter().map(|manifest| (manifest.cluster.as_ref().unwrap().to_string(), counts_of(&manifest.kernels))).collect()
}

fn counts_of(kernels: &[Kernel]) -> BTreeMap<String, Option<u64>> {
    kernels.iter().map(|kernel| (kernel.release.to_string(), kernel.node_count())).collect()
}

fn named_clusters(list: &str) -> BTreeSet<String> {
    let node = kmodgen_yaml::read(SourceMap::default().add("l", list), list).unwrap().unwrap();
    let kernels = read_kernel_file(&node, &mut Diagnostics::default());
    let counts = kernels.iter().filter_map(|kernel| kernel.nodes.as_ref());
    counts.flat_map(|nodes| nodes.clusters()).map(ToString::to_string).collect()
}

/// An item of a list for a kernel.
fn item(release: u8, nodes: &Option<NodeCount>) -> String {
    let mut text = format!("  - release: 6.1.{release}-1-amd64\n");
    match nodes {
        Some(NodeCount::Total(count)) => text.push_str(&format!("    nodes: {count}\n")),
        Some(NodeCount::PerCluster(counts)) => {
            let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name}: {count}")).collect();
            text.push_str(&format!("    nodes: {{{}}}\n", counts.join(", ")));
        }
        None => {}
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Merges the nodes of clusters, one after the other.
    #[test]
    fn no_merge_takes_a_kernel_that_nodes_run_from_a_cluster(
        first in proptest::collection::btree_map(0u8..6, proptest::option::of(0u64..3), 1..4),
        merges in proptest::collection::vec((0usize..3, proptest::collection::vec(0u8..6, 1..5), any::<bool>()), 1..8),
    ) {
        let items = first.iter().map(|(release, count)| item(*release, &count.map(NodeCount::Total)));
        let mut list = format!("apiVersion: kmodgen/v1\nkernels:\n{}", items.collect::<String>());
        for (at, running, drops) in merges {
            let name = ["east", "west", "north"][at];
            let releases: Vec<String> = running.iter().map(|release| format!("6.1.{release}-1-amd64")).collect();
            let releases: Vec<&str> = releases.iter().map(String::as_str).collect();
            let inputs = [&*on_nodes(&releases)];
            let next = merged(name, &inputs, &list, drops.then_some(0)).0;
            prop_assert_eq!(&merged(name, &inputs, &next, drops.then_some(0)).0, &next);
            let (before, after) = (kernels(&list), kernels(&next));
            for release in &releases {
                let count = u64::try_from(releases.iter().filter(|other| *other == release).count()).unwrap();
                prop_assert_eq!(after[name].get(*release), Some(&Some(count)), "{}", next);
            }
            let was_named = named_clusters(&list);
            for (cluster, kernels) in &before {
                if cluster != name && was_named.contains(cluster) {
                    // Other clusters keep their kernels, and their numbers unless those were of all clusters.
                    for (release, count) in kernels {
                        let now = after[cluster].get(release);
                        prop_assert!(now == Some(count) || now == Some(&Some(0)), "{}: {}\n{}", cluster, list, next);
                    }
                } else if cluster == name && was_named.contains(cluster) && !drops {
                    prop_assert!(kernels.keys().all(|release| after[name].contains_key(release)), "{}\n{}", list, next);
                }
            }
            list = next;
        }
    }
}
