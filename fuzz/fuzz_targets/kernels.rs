//! Inputs that kernels are read from, and a list that they are merged into: the first part of a text that
//! lines `===` take apart.
#![no_main]

use kmodgen::adapters::ui;
use kmodgen::kernels::{Import, Input};
use kmodgen::manifest::{Selection, read_kernel_file};
use kmodgen::vocabulary::{Diagnostics, SourceMap};
use kmodgen_fuzz::read;
use libfuzzer_sys::fuzz_target;

fn import(inputs: &[&str]) -> Option<Import> {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let input = |text: &&str| Input { name: "input".into(), text: (*text).to_owned(), image: None };
    let import =
        Import::read(inputs.iter().map(input).collect(), &Selection::default(), true, &mut sources, &mut faults);
    assert_eq!(import.is_none(), faults.has_errors(), "inputs are refused without a word, or taken with one");
    for fault in faults.into_sorted() {
        let _ = ui::render(&fault, &sources);
    }
    import
}

/// The list with the kernels merged into it.
fn merge(import: &Import, list: &str, keep: Option<usize>) -> Option<String> {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let merged = import.merge_into(sources.add("list", list), list, keep, &mut faults);
    assert_eq!(merged.is_none(), faults.has_errors(), "a list is refused without a word");
    for fault in faults.into_sorted() {
        let _ = ui::render(&fault, &sources);
    }
    merged.map(|(text, _)| text)
}

fn check(list: &str) {
    let mut faults = Diagnostics::default();
    let node = read(list).unwrap_or_else(|| panic!("no YAML: {list}"));
    assert!(!read_kernel_file(&node, &mut faults).is_empty() && faults.is_empty(), "no list: {list}");
}

fuzz_target!(|text: &str| {
    let mut parts = text.split("\n===\n");
    let old = parts.next().unwrap_or_default();
    let mut inputs: Vec<&str> = parts.collect();
    let Some(first) = import(&inputs) else { return };
    let list = first.list();
    check(&list);
    inputs.reverse();
    assert_eq!(import(&inputs).map(|import| import.list()), Some(list.clone()), "the order of inputs matters");
    assert_eq!(merge(&first, &list, Some(0)), Some(list), "merged into itself, a list changes");
    for keep in [None, Some(1)] {
        if let Some(merged) = merge(&first, old, keep) {
            check(&merged);
            assert_eq!(merge(&first, &merged, keep).as_ref(), Some(&merged), "a second merge changes something");
        }
    }
});
