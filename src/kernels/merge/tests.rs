//! Kernels that merging keeps, adds, marks and drops.

use crate::kernels::Import;
use crate::kernels::testing::{A, B, GENERIC, OS_A, OS_B, image_stream, import, input, merged, node, nodes, ubuntu};
use crate::manifest::Selection;
use crate::vocabulary::{Bounds, Diagnostics, Pattern, SourceMap};

/// A list as hands write it: in every form, with comments everywhere.
const BY_HAND: &str = "\
# Ours.
apiVersion: kmodgen/v1
kernels:  # all of them
  # The old one stays until June.
  - 4.18.0-305.el8.x86_64  # bare
  - {release: 4.18.0-372.el8.x86_64, labels: {site: a, }, nodes: 2}
  # about the next
  - release: 5.14.0-427.28.1.el9_4.x86_64   # ours
    labels:
      site: b   # b!
      ocp: '4.16'
    baseImages: {runtime: registry.example.com/runtime:1}
  - labels: {}
    release: \"5.14.0-427.81.1.el9_4.x86_64\"
# The end.
";

#[test]
fn a_merge_is_an_edit() {
    let cluster = nodes(&[
        node("w0", A, OS_A),
        node("w1", B, OS_B),
        node("w2", "4.18.0-305.el8.x86_64", "48.84.202101010101-0"),
        node("w3", "5.14.0-70.el9.x86_64", OS_A),
    ]);
    let (text, changes) = merged(&[&cluster, &image_stream(&[(OS_B, 'b')])], BY_HAND, None);
    assert_snapshot!(text);
    assert_eq!(changes.added, ["5.14.0-70.el9.x86_64"]);
    assert_eq!(changes.vanished, ["4.18.0-372.el8.x86_64"]);
    // Nothing is left to do, and what is there again loses its mark.
    let again = merged(&[&cluster, &image_stream(&[(OS_B, 'b')])], &text, None);
    assert_eq!((again.0.as_str(), again.1.changed.len()), (text.as_str(), 0));
    let back = merged(&[&cluster, "4.18.0-372.el8.x86_64\n"], &text, None).0;
    assert!(text.contains("# vanished") && !back.contains("# vanished"), "{back}");
}

#[test]
fn line_ends_and_missing_ones_stay() {
    let dos = BY_HAND.replace('\n', "\r\n");
    let (text, _) = merged(&["5.14.0-70.el9.x86_64\n"], &dos, None);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let cut = "apiVersion: kmodgen/v1\nkernels:\n- 5.14.0-70.el9.x86_64";
    let (text, _) = merged(&["5.14.0-70.el9.x86_64\n6.1.0-1-amd64\n"], cut, None);
    assert_eq!(text.lines().count(), 6, "{text}");
}

#[test]
fn items_below_their_dashes_are_edited_too() {
    let old = format!(
        "apiVersion: kmodgen/v1\nkernels:\n  -\n    release: {A}\n    labels:\n      \"site\": x\n  - # old\n    {B}\n"
    );
    let (text, changes) = merged(&[&format!("{A}\n6.1.0-1-amd64\n")], &old, None);
    assert!(text.contains("      arch: x86_64\n") && text.contains("# vanished"), "{text}");
    assert_eq!((changes.changed.len(), changes.vanished.len()), (1, 1));
    let (text, _) = merged(&[&format!("{A}\n6.1.0-1-amd64\n")], &text, Some(0));
    assert!(
        text.ends_with("  - release: 6.1.0-1-amd64  # text\n    labels: {arch: x86_64, flavour: standard}\n"),
        "{text}"
    );
    assert!(!text.contains(B) && !text.contains("# old") && !text.contains("# vanished"), "{text}");
    assert_eq!(merged(&[&format!("{A}\n{B}\n")], &text, None).1.added, [B]);
}

#[test]
fn lists_in_brackets_stay_in_them() {
    for (old, keep) in [
        (format!("apiVersion: kmodgen/v1\nkernels: [{A}, {{release: {B}}}]\n"), None),
        (format!("apiVersion: kmodgen/v1\nkernels: [\n  {A}, # a\n  {B},\n  6.1.0-1-amd64\n]\n"), Some(0)),
        (format!("apiVersion: kmodgen/v1\nkernels: [{A}, {B}]\n"), Some(0)),
        ("apiVersion: kmodgen/v1\nkernels: []\n".to_owned(), Some(0)),
    ] {
        let (text, changes) = merged(&["5.14.0-70.el9.x86_64\n5.15.0-1-generic\n6.1.0-1-amd64\n"], &old, keep);
        assert_eq!(changes.dropped.is_empty(), keep.is_none() || old.contains("[]"), "{text}");
        assert_eq!(text.contains(A), keep.is_none(), "{text}");
    }
}

#[test]
fn only_as_many_vanished_kernels_stay_as_are_asked_for() {
    let old = "apiVersion: kmodgen/v1\nkernels:\n  - 5.14.0-1.el9.x86_64\n  # vanished: no input of the last merge names it\n  \
               - 5.14.0-20.el9.x86_64\n  - 5.14.0-3.el9.x86_64\n  - {release: 5.14.0-2.el9.x86_64, nodes: 4}\n";
    // Without nodes in the inputs, the last count holds.
    let (_, changes) = merged(&["6.1.0-1-amd64\n"], old, Some(1));
    assert_eq!(changes.dropped, ["5.14.0-1.el9.x86_64", "5.14.0-3.el9.x86_64"]);
    assert_eq!(changes.vanished, ["5.14.0-20.el9.x86_64", "5.14.0-2.el9.x86_64"]);
    let (text, changes) =
        merged(&[&nodes(&[node("w0", "5.14.0-1.el9.x86_64", OS_A)]), "6.1.0-1-amd64\n"], old, Some(0));
    assert_eq!((changes.vanished.len(), changes.dropped.len()), (0, 3), "{text}");
    assert!(text.contains("5.14.0-1.el9.x86_64") && !text.contains("# vanished"), "{text}");
}

#[test]
fn nodes_alone_make_only_kernels_vanish_that_nodes_ran() {
    let cluster = nodes(&[node("w0", "6.1.0-1-amd64", OS_A)]);
    let toolkit = image_stream(&[(OS_A, 'a')]);
    for (item, is_of_nodes) in [
        ("5.14.0-1.el9.x86_64", false),
        ("{release: 5.14.0-1.el9.x86_64}", false),
        ("{release: 5.14.0-1.el9.x86_64, labels: {arch: x86_64, flavour: standard}}", false),
        ("{release: 5.14.0-1.el9.x86_64, baseImages: {runtime: \"registry.example.com/r:1\"}}", false),
        ("\n    release: 5.14.0-1.el9.x86_64  # driver-toolkit-release.json\n    labels: {flavour: rt}", false),
        ("{release: 5.14.0-1.el9.x86_64, nodes: 3}", true),
        ("{release: 5.14.0-1.el9.x86_64, nodes: 0}", true),
    ] {
        let old = format!("apiVersion: kmodgen/v1\nkernels:\n  - {item}\n");
        for inputs in [vec![&*cluster], vec![&*cluster, &*toolkit]] {
            let (text, changes) = merged(&inputs, &old, None);
            assert_eq!(
                (changes.vanished.len(), text.contains("# vanished")),
                (is_of_nodes.into(), is_of_nodes),
                "{text}"
            );
            let (text, changes) = merged(&inputs, &old, Some(0));
            assert_eq!(changes.dropped.len(), usize::from(is_of_nodes), "{text}");
            // A list of kernels speaks of all.
            let (_, changes) = merged(&[&inputs[..], &["6.1.0-2-amd64\n"]].concat(), &old, None);
            assert_eq!(changes.vanished.len(), 1);
        }
    }
}

#[test]
fn a_kernel_that_nodes_run_stays_though_it_is_not_selected() {
    let old = format!("apiVersion: kmodgen/v1\nkernels:\n  - {{release: {A}, nodes: 1}}\n  - {B}\n");
    let mut faults = Diagnostics::default();
    let selection =
        Selection::of(vec![], vec![Pattern::parse(&regex::escape(A)).unwrap()], vec![], vec![], Bounds::default());
    let inputs = vec![input(&nodes(&[node("w0", A, OS_A)])), input("6.1.0-1-amd64\n")];
    let import = Import::read(inputs, &selection, false, &mut SourceMap::default(), &mut faults).unwrap();
    let (text, changes) =
        import.merge_into(SourceMap::default().add("old", &*old), &old, Some(0), &mut faults).unwrap();
    assert!(text.contains(A) && !text.contains(B), "{text}");
    assert_eq!((changes.unchanged, changes.dropped.len(), changes.added.len()), (1, 1, 1));
}

#[test]
fn what_cannot_be_edited_without_loss_is_refused() {
    let import = import(vec![input(&format!("{A}\n{B}\n"))]).0.unwrap();
    for items in [
        // The labels of one are those of another.
        format!("  - {{release: {A}, labels: &l {{site: x}}}}\n  - {{release: 6.1.0-1-amd64, labels: *l}}\n"),
        format!("  - {{release: 6.1.0-1-amd64, labels: &l {{site: x}}}}\n  - {{release: {A}, labels: *l}}\n"),
        // The item is elsewhere.
        format!("  - {{release: 6.1.0-1-amd64, labels: {{site: &a {A}}}}}\n  - *a\n"),
    ] {
        let old = format!("apiVersion: kmodgen/v1\nkernels:\n{items}");
        let mut faults = Diagnostics::default();
        let merged = import.merge_into(SourceMap::default().add("old", &*old), &old, None, &mut faults);
        let codes: Vec<_> = faults.into_sorted().iter().map(|fault| fault.code).collect();
        assert!(merged.is_none() && codes == ["unmergeable"], "{codes:?} {merged:?}");
    }
}

#[test]
fn an_item_for_another_version_of_a_distribution_is_another_kernel() {
    let cluster = nodes(&[ubuntu("w0", "amd64", "24.04.1")]);
    for (labels, is_other) in [
        ("arch: x86_64", false),
        ("arch: aarch64", true),
        ("distribution: Ubuntu 24.04", false),
        ("distribution: Ubuntu 22.04", true),
        ("distribution: 'Ubuntu 22.04, Ubuntu 24.04'", false),
        ("distribution: 'Ubuntu 20.04, Ubuntu 22.04'", true),
        ("distribution: Ubuntu", false),
        ("distribution: Ubuntu Pro", false),
        ("distribution: Debian GNU/Linux 12", false),
        ("os: Ubuntu 24.04.2 LTS", false),
        ("os: Ubuntu 22.04.5 LTS", true),
        ("os: 'Ubuntu 22.04.5 LTS, Ubuntu 24.04.1 LTS'", false),
    ] {
        let old =
            format!("apiVersion: kmodgen/v1\nkernels:\n  - {{release: {GENERIC}, labels: {{{labels}}}, nodes: 1}}\n");
        let (text, changes) = merged(&[&cluster], &old, None);
        let counts = (changes.vanished.len(), changes.added.len());
        assert_eq!(counts, (is_other.into(), is_other.into()), "{labels}: {text}");
    }
}

#[test]
fn of_two_items_the_one_that_agrees_better_is_the_kernel() {
    let crawled = format!(r#"{{"Oracle7": [{{"kernelversion": 1, "kernelrelease": "{A}", "headers": null}}]}}"#);
    let cluster = nodes(&[node("w0", A, OS_A)]);
    let ubuntus = nodes(&[ubuntu("w0", "amd64", "24.04.1")]);
    for (input, right, wrong) in [
        (&ubuntus, "arch: x86_64", "site: a"),
        (&crawled, "distribution: Oracle7", "distribution: CentOS"),
        (&cluster, &format!("os: {OS_A}"), &format!("os: {OS_B}")),
    ] {
        for labels in [[right, wrong], [wrong, right]] {
            let release = if input == &ubuntus { GENERIC } else { A };
            let items =
                labels.map(|labels| format!("  - {{release: {release}, labels: {{{labels}}}, nodes: 1}}\n")).concat();
            let old = format!("apiVersion: kmodgen/v1\nkernels:\n{items}");
            let (text, changes) = merged(&[input], &old, None);
            let vanished = text.lines().skip_while(|line| !line.contains("# vanished")).nth(1).unwrap_or_default();
            assert!(changes.vanished.len() == 1 && vanished.contains(wrong), "{text}");
        }
    }
}
