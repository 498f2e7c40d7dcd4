//! Properties of every import, whatever the inputs.

use proptest::prelude::*;

use super::testing::{image_stream, import, input, list, merged, node, nodes, reads_back};
use crate::manifest::read_kernel_file;
use crate::vocabulary::{Diagnostics, SourceMap, by_version};

fn releases() -> impl Strategy<Value = Vec<(String, u8, u8)>> {
    let release = prop_oneof![
        "5\\.14\\.0-[1-4]{1,2}\\.el9(_[2-4])?\\.(x86_64|aarch64)(\\+rt)?",
        "6\\.1\\.[0-3](\\+deb12|~rc1)?-[1-9]{1,2}(-cloud|-rt)?-(amd64|arm64)",
        "[1-9]{4}\\.[0-9]\\.[0-9]",
        "2[0-9]{3}-1[0-2]-[12][0-9]",
    ];
    proptest::collection::vec((release, 0u8..3, 0u8..4), 1..12)
}

/// The same facts as nodes or as text.
fn inputs(kernels: &[(String, u8, u8)]) -> Vec<String> {
    let on_nodes: Vec<String> = kernels
        .iter()
        .enumerate()
        .filter(|(_, (_, nodes, _))| *nodes > 0)
        .map(|(at, (release, _, os))| node(&format!("w{at}"), release, &format!("416.94.20240{os}081958-0")))
        .collect();
    let text: String = kernels.iter().map(|(release, ..)| format!("{release}\n")).collect();
    let stream = image_stream(&[("416.94.202401081958-0", 'a'), ("416.94.202402081958-0", 'b')]);
    let mut inputs = vec![text, stream];
    inputs.extend((!on_nodes.is_empty()).then(|| nodes(&on_nodes)));
    inputs
}

fn listed_releases(list: &str) -> Vec<String> {
    let node = kmodgen_yaml::read(SourceMap::default().add("l", list), list).unwrap().unwrap();
    read_kernel_file(&node, &mut Diagnostics::default()).iter().map(|kernel| kernel.release.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn imports_are_canonical(kernels in releases(), turn in 0usize..6) {
        let inputs = inputs(&kernels);
        let mut texts: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let first = list(&texts).0;
        let by = turn % texts.len();
        texts.rotate_left(by);
        if turn > 2 {
            texts.reverse();
        }
        prop_assert_eq!(&first, &list(&texts).0, "the order of inputs matters");
        prop_assert!(reads_back(&first), "{}", first);
        let listed: Vec<&str> = first.lines().filter_map(|line| line.strip_prefix("  - release: ")).collect();
        let listed: Vec<&str> = listed.iter().map(|line| line.split("  #").next().unwrap().trim_matches('"')).collect();
        prop_assert!(listed.is_sorted_by(|one, other| by_version(one, other).is_lt()), "{:?}", listed);
        let (again, changes) = merged(&texts, &first, Some(0));
        prop_assert_eq!(&again, &first);
        prop_assert_eq!(changes.unchanged, listed.len());
    }

    #[test]
    fn merges_end_where_imports_begin(old in releases(), new in releases()) {
        let (old, new) = (inputs(&old), inputs(&new));
        let before = list(&old.iter().map(String::as_str).collect::<Vec<_>>()).0;
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        // With nothing vanished left, the releases are those of the import, in its order.
        let (text, _) = merged(&new, &before, Some(0));
        let runs_perhaps = !new.iter().any(|text| text.contains("\"Node\"")) && before.contains("nodes:");
        if !runs_perhaps {
            prop_assert_eq!(listed_releases(&text), listed_releases(&list(&new).0));
        }
        let (kept, changes) = merged(&new, &before, None);
        prop_assert_eq!(merged(&new, &kept, None).0, kept.clone(), "{:?}", changes);
    }

    #[test]
    fn no_text_makes_it_fail(text in "[\\[\\]{}\":,\\-#a-z0-9. \n&*]{0,80}") {
        let _ = import(vec![input(&text)]);
        if let Some(import) = import(vec![input("6.1.0-1-amd64\n")]).0 {
            let old = format!("apiVersion: kmodgen/v1\nkernels:\n  - 6.1.0-1-amd64\n{text}\n");
            let _ = import.merge_into(SourceMap::default().add("old", &*old), &old, Some(0), &mut Diagnostics::default());
        }
    }
}
