//! Cases in memory: what must hold of any of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{
    Case, DifferenceKind, RevisionError, Revisions, State, Subject, TestEnvironment, Text, Verdict, leftovers, run_case,
};
use crate::template::InProcess;
use crate::testing::World;
use crate::tree::Found;
use crate::vocabulary::{Diagnostics, RelPath, SourceMap};

/// A past that is the present.
struct Same(Subject);

impl Revisions for Same {
    fn at(&self, _: &str) -> Result<Subject, RevisionError> {
        Ok(self.0.clone())
    }
}

/// A folder in memory.
type Tree = BTreeMap<RelPath, Found>;

fn subject(world: &World) -> Subject {
    Subject {
        manifest: Text::new("kmodgen.yaml", world.manifest.clone()),
        lock: Some(Text::new("kmodgen.lock", world.lock.write())),
        files: Arc::new(world.files.clone()),
        renderers: Arc::new(InProcess),
    }
}

/// Tries a case of this text on the small manifest.
fn tried(text: &str, folder: &Tree) -> Verdict {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let source = sources.add("tests/case.yaml", text);
    let case = Case::read("case", source, text, &mut faults);
    let case = case.unwrap_or_else(|| panic!("{text}\n{:#?}", faults.into_sorted()));
    let mut world = World::small();
    world.pin_image("other.example.com/r:2");
    let subject = subject(&world);
    let past = Same(subject.clone());
    run_case(&case, &TestEnvironment { subject: &subject, past: &past, folder, workers: 1 }, sources).unwrap()
}

/// Writes what is new or changed.
fn accept(verdict: &Verdict, folder: &mut Tree) {
    for difference in &verdict.differences {
        let (_, new) = difference.matter.sides();
        folder.insert(difference.path.clone(), Found::File(new.unwrap().as_bytes().to_vec()));
    }
}

fn case_text() -> impl Strategy<Value = String> {
    let releases = prop_oneof![Just(""), Just("releases: '.*rt'\n"), Just("kernels: [6.1.0-1.x86_64]\n"),];
    let set = prop_oneof![
        Just(""),
        Just("set: {baseImages: {runtime: other.example.com/r:2}}\n"),
        Just("set: {namespace: x}\n")
    ];
    let snapshot = prop_oneof![Just(""), Just("snapshot: configmap\n"), Just("snapshot: [module, dockerfile]\n")];
    (releases, set, snapshot).prop_map(|(releases, set, snapshot)| {
        format!("apiVersion: kmodgen/v1\n{releases}{set}{snapshot}expect: [{{unchangedSince: now}}, {{lacks: no such text}}]\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_accepted_passes_and_leaves_nothing_over(text in case_text()) {
        let mut folder = Tree::new();
        let first = tried(&text, &folder);
        prop_assert!(!first.differences.is_empty() && first.right == 0);
        prop_assert!(first.broken.is_empty() && first.trouble.is_empty(), "{:#?}", first);
        accept(&first, &mut folder);
        let second = tried(&text, &folder);
        prop_assert_eq!(second.state(), State::Passed);
        prop_assert_eq!(second.right, folder.len());
        prop_assert!(leftovers(&folder, |_| true, &second.referenced).unwrap().is_empty());
        let gone = leftovers(&folder, |_| true, &Default::default()).unwrap();
        prop_assert_eq!(gone.len(), folder.len());
        prop_assert!(gone.iter().all(|gone| gone.matter.is_acceptable()));
    }

    #[test]
    fn a_changed_byte_is_a_difference(at in any::<prop::sample::Index>(), byte in 1u8..) {
        let text = "apiVersion: kmodgen/v1\n";
        let mut folder = Tree::new();
        accept(&tried(text, &folder), &mut folder);
        for found in folder.values_mut() {
            let Found::File(bytes) = found else { continue };
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        let verdict = tried(text, &folder);
        prop_assert_eq!(verdict.differences.len(), folder.len());
        for difference in &verdict.differences {
            // Without its first words a file is not known to be kmodgen's.
            let told = matches!(difference.matter, DifferenceKind::Changed { .. } | DifferenceKind::Obstructed { .. });
            prop_assert!(told);
        }
    }

    #[test]
    fn no_text_makes_reading_a_case_fail(text in "(?s)(apiVersion: kmodgen/v1\n)?.{0,200}") {
        let mut faults = Diagnostics::default();
        let read = Case::read("case", SourceMap::default().add("", text.as_str()), &text, &mut faults);
        prop_assert_eq!(read.is_some(), !faults.has_errors());
    }
}
