//! What joining makes of inputs that agree, and of those that do not.

use super::Input;
use super::testing::{A, B, OS_A, OS_B, dtk, image_stream, import, input, list, node, nodes};

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
    assert_eq!(text.matches("dtk: ").count(), 2, "the image's own kernels have it: {text}");
    // Two for one kernel: that of the newer OS image is pinned, unless it is the other that has the headers.
    let both = nodes(&[node("w0", A, OS_A), node("w1", A, OS_B)]);
    let stream = image_stream(&[(OS_A, 'a'), (OS_B, 'b')]);
    let (text, codes) = list(&[&both, &stream]);
    assert_eq!(codes, ["several-dtks"]);
    assert!(text.contains(&dtk('b')), "{text}");
    let named = Input { image: crate::vocabulary::ImageRef::parse(&dtk('a')).ok(), ..input(&toolkit) };
    let (import, codes) = import(vec![input(&both), input(&stream), named]);
    assert_eq!(codes, ["several-dtks"]);
    assert!(import.unwrap().list().contains(&format!("dtk: {}", dtk('a'))));
    // One that KMM cannot work with, and images that cannot be pinned or told apart.
    assert_eq!(list(&["5.14.0-427.el9+\n5.14\n6.1.0-1-amd64\n"]).1, ["unusable-release"; 2]);
    let unpinned = image_stream(&[(OS_A, 'a')]).replace(&dtk('a'), "quay.io/dtk:latest");
    assert_eq!(list(&[&cluster, &unpinned]).1, ["unpinned-dtk"]);
    assert_eq!(list(&[&cluster, &stream, &toolkit]).1, ["unnamed-dtk"]);
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
fn crawled_kernels_name_all_their_distributions() {
    let crawled = r#"{"Oracle7": [{"kernelversion": 1, "kernelrelease": "3.10.0-1160.el7.x86_64", "headers": []}],
        "Ubuntu": [{"kernelversion": "95", "kernelrelease": "4.15.0-1087-oracle",
                    "headers": ["http://a.example.com/linux-headers-4.15.0-1087-oracle_4.15.0-1087.95_amd64.deb"]}],
        "CentOS": [{"kernelversion": 1, "kernelrelease": "3.10.0-1160.el7.x86_64", "headers": []}]}"#;
    let (list, codes) = list(&[crawled]);
    assert!(codes.is_empty());
    assert!(list.contains("labels: {arch: x86_64, distribution: \"CentOS, Oracle7\", flavour: standard}"), "{list}");
    assert!(list.contains("labels: {arch: x86_64, distribution: Ubuntu, flavour: oracle}"), "{list}");
}
