//! Joins of inputs that agree, and of inputs that do not.

use super::testing::{A, B, GENERIC, OS_A, OS_B, dtk, image_stream, import, input, list, merged, node, nodes, ubuntu};
use super::{Import, Input};
use crate::manifest::Selection;
use crate::vocabulary::{Diagnostics, SourceMap};

#[test]
fn nodes_are_joined_with_their_toolkits() {
    let cluster = nodes(&[node("w0", A, OS_A), node("w1", A, OS_A), node("w2", B, OS_B)]);
    let stream = image_stream(&[(OS_A, 'a'), (OS_B, 'b'), ("latest", 'b')]);
    let release = format!(
        r#"{{"metadata": {{"version": "4.16.30"}}, "config": {{"architecture": "amd64"}},
        "displayVersions": {{"machine-os": {{"Version": "{OS_B}"}}}},
        "references": {{"spec": {{"tags": [{{"name": "driver-toolkit", "from": {{"name": "{}"}}}}]}}}}}}"#,
        dtk('b')
    );
    let (list, codes) = list(&[&cluster, &stream, &release]);
    assert_eq!(codes, Vec::<&str>::new());
    assert_snapshot!(list);
}

#[test]
fn releases_after_4_18_get_their_version_from_the_image() {
    let cluster = nodes(&[node("w0", A, "9.6.20251015-1")]);
    let releases = format!(r#"[{{"arch": "x86_64", "dtk": "{}", "version": "4.20.4"}}]"#, dtk('a'));
    let (list, _) = list(&[&cluster, &image_stream(&[("9.6.20251015-1", 'a')]), &releases]);
    assert!(list.contains("ocp: \"4.20\"") && list.contains("OpenShift release 4.20.4"), "{list}");
}

#[test]
fn disagreements_are_told() {
    let cluster = nodes(&[node("w0", A, OS_A), node("w1", B, OS_B)]);
    let toolkit = format!(r#"{{"KERNEL_VERSION": "{A}", "RT_KERNEL_VERSION": "{A}+rt", "RHEL_VERSION": "9.4"}}"#);
    // One without a toolkit.
    assert_eq!(list(&[&cluster, &image_stream(&[(OS_A, 'a')])]).1, ["no-dtk"]);
    // One whose toolkit is for another kernel: that of the only image is known to be its.
    let other = nodes(&[node("w1", B, OS_A)]);
    let (text, codes) = list(&[&other, &image_stream(&[(OS_A, 'a')]), &toolkit]);
    assert_eq!(codes, ["dtk-of-another-kernel"]);
    assert!(!text.contains("dtk: ") && !text.contains(A), "the image lists no kernels, and is not that of B: {text}");
    // Two for one kernel: that of the newer OS image is pinned, unless it is the other that has the headers.
    let both = nodes(&[node("w0", A, OS_A), node("w1", A, OS_B)]);
    let stream = image_stream(&[(OS_A, 'a'), (OS_B, 'b')]);
    let (text, codes) = list(&[&both, &stream]);
    assert_eq!(codes, ["several-dtks"]);
    assert!(text.contains(&dtk('b')), "{text}");
    let named = Input { image: crate::vocabulary::ImageRef::parse(&dtk('a')).ok(), ..input(&toolkit) };
    let (import, codes) = import(vec![input(&both), input(&stream), named]);
    assert_eq!(codes, Vec::<&str>::new(), "its headers are known");
    assert!(import.unwrap().list().contains(&format!("dtk: {}", dtk('a'))));
    // One that KMM cannot work with, and images that cannot be pinned or told apart.
    assert_eq!(list(&["5.14.0-427.el9+\n5.14\n6.1.0-1-amd64\n"]).1, ["unusable-release"; 2]);
    let unpinned = image_stream(&[(OS_A, 'a')]).replace(&dtk('a'), "quay.io/dtk:latest");
    assert_eq!(list(&[&cluster, &unpinned]).1, ["unpinned-dtk"]);
    let others = nodes(&[node("w0", "5.14.0-1.el9_4.x86_64", "416.94.202401010101-0")]);
    assert_eq!(list(&[&others, &stream, &toolkit]).1, ["no-dtk", "unnamed-dtk"]);
    // Where a node runs one of its kernels, that says of which image it is.
    let (text, codes) = list(&[&cluster, &stream, &toolkit]);
    assert_eq!(codes, Vec::<&str>::new(), "{text}");
}

#[test]
fn rivals_are_not_decided_by_their_spelling() {
    let cluster = nodes(&[node("w0", A, OS_A)]);
    let streams = [image_stream(&[(OS_A, 'a')]), image_stream(&[(OS_A, 'b')])];
    let (text, codes) = list(&[&cluster, &streams[0], &streams[1]]);
    assert_eq!(codes, ["no-dtk"]);
    assert!(!text.contains("dtk: "), "{text}");
    // The cluster's own word outranks that of a release.
    let release = release_info("4.16.3", &[("driver-toolkit", 'z', None)], OS_A);
    for stream in ['a', 'f'] {
        let (text, codes) = list(&[&cluster, &image_stream(&[(OS_A, stream)]), &release.replace('z', "9")]);
        assert_eq!(codes, Vec::<&str>::new());
        assert!(text.contains(&format!("dtk: {}", dtk(stream))), "{text}");
    }
    // Two releases of one OS image, and two images with known headers.
    let other = release.replace("4.16.3", "4.16.4").replace('z', "8");
    assert_eq!(list(&[&cluster, &release.replace('z', "9"), &other]).1, ["no-dtk"]);
}

/// `oc adm release info -o json`, with its images, and the version of the OS image in an annotation.
fn release_info(version: &str, images: &[(&str, char, Option<&str>)], os: &str) -> String {
    let mut tags = Vec::new();
    for (name, digit, os) in images {
        let os = os.map(|os| format!(r#""annotations": {{"io.openshift.build.versions": "machine-os={os}"}}, "#));
        tags.push(format!(r#"{{"name": "{name}", {}"from": {{"name": "{}"}}}}"#, os.unwrap_or_default(), dtk(*digit)));
    }
    format!(
        r#"{{"metadata": {{"version": "{version}"}}, "config": {{"architecture": "amd64"}},
        "displayVersions": {{"machine-os": {{"Version": "{os}"}}}},
        "references": {{"spec": {{"tags": [{}]}}}}}}"#,
        tags.join(", ")
    )
}

/// The first digit of the pin of each release in a list.
fn pins(list: &str, releases: [&str; 2]) -> [Option<char>; 2] {
    releases.map(|release| {
        let item = list.split("  - release: ").find(|item| item.starts_with(release))?;
        item.split("sha256:").nth(1)?.chars().next()
    })
}

#[test]
fn each_stream_of_a_release_has_its_own_toolkit() {
    const EL9: &str = "5.14.0-687.10.1.el9_8.x86_64";
    const EL10: &str = "6.12.0-211.7.1.el10_2.x86_64";
    const OS_9: &str = "9.8.20260601-0";
    const OS_10: &str = "10.2.20260601-0";
    let cluster = nodes(&[node("w9", EL9, OS_9), node("w10", EL10, OS_10)]);
    let systems = [("rhel-coreos", '2', Some(OS_9)), ("rhel-coreos-10", '3', Some(OS_10))];
    let own = ("driver-toolkit", 'f', None);
    let of_10 = ("driver-toolkit-10", 'a', None);
    let extensions = ("rhel-coreos-10-extensions", '5', Some(OS_9));
    for (images, os, pinned) in [
        (vec![own, of_10, systems[0], systems[1]], OS_10, [Some('f'), Some('a')]),
        (vec![of_10, extensions, systems[1], systems[0], own], OS_9, [Some('f'), Some('a')]),
        // No toolkit for the second stream, which the release is known by.
        (vec![own, systems[0], systems[1]], OS_10, [Some('f'), None]),
        // Without annotations, the version is that of one stream.
        (vec![own, of_10], OS_10, [None, Some('a')]),
        (vec![own, of_10], OS_9, [Some('f'), None]),
        (vec![own], OS_9, [Some('f'), None]),
    ] {
        let release = release_info("5.0.1", &images, os);
        let (text, _) = list(&[&cluster, &release]);
        assert_eq!(pins(&text, [EL9, EL10]), pinned, "{images:?} {os}: {text}");
        // The ImageStream agrees, or is right.
        let stream = image_stream(&[(OS_9, '1'), (OS_10, 'd')]);
        let (text, codes) = list(&[&cluster, &stream, &release]);
        assert_eq!((pins(&text, [EL9, EL10]), codes), ([Some('1'), Some('d')], Vec::new()), "{text}");
    }
    // Whatever an input says, no kernel gets the toolkit of another RHEL.
    let swapped = nodes(&[node("w9", EL9, OS_10), node("w10", EL10, OS_9)]);
    let (text, codes) = list(&[&swapped, &image_stream(&[(OS_9, '1'), (OS_10, 'd')])]);
    assert_eq!((pins(&text, [EL9, EL10]), codes), ([None, None], vec!["no-dtk", "no-dtk"]), "{text}");
}

fn image_stream_with_status(from: &str, status: &str) -> String {
    format!(
        r#"{{"kind": "ImageStream", "metadata": {{"name": "driver-toolkit"}},
        "spec": {{"tags": [{{"name": "{OS_A}", "from": {from}}}]}}, "status": {{"tags": [{status}]}}}}"#
    )
}

fn status(image: &str) -> String {
    format!(
        r#"{{"tag": "latest", "items": []}}, {{"tag": "{OS_A}", "items": [{{"dockerImageReference": "{image}"}}, {{"dockerImageReference": "x"}}]}}"#
    )
}

#[test]
fn image_streams_name_images_in_their_status_too() {
    let cluster = nodes(&[node("w0", A, OS_A)]);
    let by_tag = r#"{"kind": "DockerImage", "name": "mirror.example.com:5000/ocp:4.16.3-driver-toolkit"}"#;
    let mirrored = format!("[fd00::1]:5000/ocp@sha256:{}", "c".repeat(64));
    for (from, status, pin, codes) in [
        (r#"{"kind": "ImageStreamTag", "name": "latest"}"#, status(&dtk('b')), Some(dtk('b')), vec![]),
        (
            r#"{"kind": "ImageStreamImage", "name": "driver-toolkit@sha256:0"}"#,
            status(&mirrored),
            Some(format!("{mirrored:?}")),
            vec![],
        ),
        (by_tag, status(&dtk('b')), Some(dtk('b')), vec![]),
        (by_tag, String::new(), None, vec!["unpinned-dtk"]),
        (r#"{"kind": "ImageStreamTag", "name": "latest"}"#, String::new(), None, vec!["unresolved-tag"]),
        (&format!(r#"{{"kind": "DockerImage", "name": "{}"}}"#, dtk('a')), status(&dtk('b')), Some(dtk('a')), vec![]),
    ] {
        let (text, found) = list(&[&cluster, &image_stream_with_status(from, &status)]);
        assert_eq!(found, codes, "{from}");
        assert_eq!(text.contains("dtk: "), pin.is_some(), "{text}");
        assert!(pin.is_none_or(|pin| text.contains(&format!("dtk: {pin}  #"))), "{text}");
    }
}

#[test]
fn the_toolkit_of_aarch64_has_the_headers_for_64k_pages() {
    const BASE: &str = "5.14.0-503.11.1.el9_5.aarch64";
    const TOOLKIT: &str =
        r#"{"KERNEL_VERSION": "5.14.0-503.11.1.el9_5.aarch64", "RT_KERNEL_VERSION": "", "RHEL_VERSION": "9.4"}"#;
    let [standard, pages_64k, rt] = ["", "+64k", "+rt"]
        .map(|flavour| nodes(&[node("a", &format!("{BASE}{flavour}"), OS_A).replace("amd64", "arm64")]));
    let stream = image_stream(&[(OS_A, 'a')]);
    let not_installed = TOOLKIT.replace(r#""""#, r#""package kernel-rt-core is not installed""#);
    for toolkit in [TOOLKIT, &not_installed] {
        let (text, codes) = list(&[&pages_64k, &stream, toolkit]);
        assert_eq!(codes, Vec::<&str>::new());
        assert!(text.contains(&format!("dtk: {}", dtk('a'))) && text.contains("64k"), "{text}");
    }
    assert_eq!(list(&[&rt, &stream, TOOLKIT]).1, ["dtk-of-another-kernel"]);
    // Old images name no architecture.
    let old = TOOLKIT.replace(".aarch64", "");
    assert_eq!(list(&[&standard, &stream, &old]).1, Vec::<&str>::new());
}

#[test]
fn os_images_of_the_twelfth_build_have_their_own_tag() {
    const TWELVE: &str = "416.94.202407081958-12";
    const ONE: &str = "416.94.202407081958-1";
    let cluster = nodes(&[node("a", A, TWELVE)]);
    for tags in [vec![(TWELVE, 'c')], vec![(ONE, 'b'), (TWELVE, 'c')], vec![(TWELVE, 'c'), (ONE, 'b')]] {
        let (text, codes) = list(&[&cluster, &image_stream(&tags)]);
        assert_eq!(codes, Vec::<&str>::new());
        assert!(text.contains(&format!("dtk: {}", dtk('c'))) && text.contains(&format!("os: {TWELVE}}}")), "{text}");
    }
    // KMM would take the one that it reads the version of; its headers may be another kernel's.
    let (text, codes) = list(&[&cluster, &image_stream(&[(ONE, 'b')])]);
    assert_eq!(codes, ["no-dtk"]);
    assert!(!text.contains("dtk: "), "{text}");
}

#[test]
fn one_node_in_two_inputs_counts_once() {
    let (one, two) = (nodes(&[node("w0", A, OS_A)]), nodes(&[node("w0", A, OS_A), node("w1", A, OS_A)]));
    assert!(list(&[&one, &two]).0.contains("nodes: 2\n"));
}

#[test]
fn windows_has_no_kernels_to_load_modules_into() {
    let windows =
        node("w1", "10.0.17763.1234", OS_A).replace("\"osImage\"", "\"operatingSystem\": \"windows\", \"osImage\"");
    let (list, codes) = list(&[&nodes(&[node("w0", A, OS_A), windows])]);
    assert!(codes.is_empty() && list.contains(A) && !list.contains("17763"), "{list}");
}

#[test]
fn names_that_no_list_can_hold_are_refused() {
    let crawled = r#"{"Ubun\u0007tu": [{"kernelrelease": "4.15.0-1087-oracle"}]}"#;
    assert_eq!(import(vec![input(crawled)]).1, ["invalid-input"]);
}

#[test]
fn crawled_kernels_name_their_distribution() {
    let crawled = r#"{"Oracle7": [{"kernelversion": 1, "kernelrelease": "3.10.0-1160.el7.x86_64", "headers": null}],
        "Ubuntu": [{"kernelversion": "95", "kernelrelease": "4.15.0-1087-oracle",
                    "headers": ["http://a.example.com/linux-headers-4.15.0-1087-oracle_4.15.0-1087.95_amd64.deb"]}],
        "redhat": null,
        "CentOS": [{"kernelversion": 1, "kernelrelease": "3.10.0-1160.el7.x86_64", "headers": []}]}"#;
    let (text, codes) = list(&[crawled]);
    assert!(codes.is_empty());
    for distribution in ["CentOS", "Oracle7"] {
        let labels = format!("labels: {{arch: x86_64, distribution: {distribution}, flavour: standard}}");
        assert_eq!(text.matches(&labels).count(), 1, "{text}");
    }
    assert!(text.contains("labels: {arch: x86_64, distribution: Ubuntu, flavour: oracle}"), "{text}");
    // A list that names a release alone is about both.
    let (text, _) = list(&[crawled, "3.10.0-1160.el7.x86_64\n"]);
    assert_eq!(text.matches("3.10.0-1160.el7.x86_64  # kernel-crawler; text").count(), 2, "{text}");
}

#[test]
fn one_release_on_two_architectures_or_distributions_is_two_kernels() {
    let cluster =
        nodes(&[ubuntu("a", "amd64", "24.04.1"), ubuntu("b", "arm64", "24.04.1"), ubuntu("c", "amd64", "24.04.2")]);
    assert_snapshot!("two_architectures", list(&[&cluster]).0);
    let cluster =
        nodes(&[ubuntu("a", "amd64", "24.04.1"), ubuntu("b", "amd64", "22.04.5"), ubuntu("c", "amd64", "22.04.4")]);
    assert_snapshot!("two_distributions", list(&[&cluster]).0);
    // Both differ, and one input does not name the architecture.
    let cluster = nodes(&[ubuntu("a", "amd64", "24.04.1"), ubuntu("b", "arm64", "22.04.5")]);
    let table = "NAME OS-IMAGE KERNEL-VERSION\na Ubuntu 24.04.1 LTS 6.8.0-51-generic\n";
    let (text, _) = list(&[&cluster, table, "6.8.0-51-generic\n"]);
    assert_eq!(text.matches("    nodes: 1\n").count(), 2, "{text}");
    assert_eq!(text.matches(GENERIC).count(), 2, "{text}");
    // Versions of one RPM distribution share the kernel.
    for (systems, kernels) in
        [(["Rocky Linux 9.4 (x)", "Rocky Linux 9.5 (y)"], 1), (["Rocky Linux 9.4 (x)", "AlmaLinux 9.4 (y)"], 2)]
    {
        let coreos = format!("Red Hat Enterprise Linux CoreOS {OS_A} (Plow)");
        let cluster = nodes(&systems.map(|os| node(os, A, OS_A).replace(&coreos, os)));
        let (text, _) = list(&[&cluster]);
        assert_eq!(text.matches(A).count(), kernels, "{text}");
    }
}

#[test]
fn toolkits_list_kernels_only_if_they_are_asked_to() {
    let toolkit = format!(r#"{{"KERNEL_VERSION": "{B}", "RT_KERNEL_VERSION": "{B}+rt", "RHEL_VERSION": "9.4"}}"#);
    assert_eq!(import(vec![input(&toolkit)]).1, ["no-kernel-found"]);
    let cluster = nodes(&[node("w0", A, OS_A)]);
    let (text, codes) = list(&[&cluster, &toolkit]);
    assert!(codes.is_empty() && !text.contains(B), "{text}");
    // The upgrade: the next release, its toolkit, and what the cluster has.
    let next = release_info("4.17.1", &[("driver-toolkit", 'b', None), ("rhel-coreos", '2', Some(OS_NEXT))], OS_NEXT);
    let stream = image_stream(&[(OS_A, 'a')]);
    let with_next = added(&[&cluster, &stream, &next, &toolkit]);
    assert_snapshot!("next_kernels", with_next);
    // Nodes alone do not speak of kernels that none of them ran yet.
    let (text, changes) = merged(&[&cluster], &with_next, Some(0));
    assert_eq!((text.as_str(), changes.unchanged, changes.dropped.len()), (with_next.as_str(), 3, 0));
    // After the upgrade, the old kernel is gone.
    let upgraded = nodes(&[node("w0", B, OS_NEXT)]);
    let (_, changes) = merged(&[&upgraded, &stream, &next, &toolkit], &with_next, None);
    assert_eq!((changes.vanished, changes.added), (vec![A.to_owned()], vec![]));
}

/// The OS image of the next release.
const OS_NEXT: &str = "417.94.202410250757-0";

fn added(texts: &[&str]) -> String {
    let mut faults = Diagnostics::default();
    let inputs = texts.iter().map(|text| input(text)).collect();
    let import = Import::read(inputs, &Selection::default(), true, &mut SourceMap::default(), &mut faults);
    assert!(faults.is_empty());
    import.unwrap().list()
}
