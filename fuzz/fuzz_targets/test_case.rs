//! A case of `kmodgen test`: what it changes is held to the manifest's own rules, and what is accepted
//! of it passes.
#![no_main]

use std::sync::Arc;

use kmodgen::adapters::ui;
use kmodgen::header::{Ownership, ownership};
use kmodgen::template::InProcess;
use kmodgen::test_cases::{Case, DifferenceKind, RevisionError, Revisions, Subject, TestEnvironment, Text, run_case};
use kmodgen::tree::Found;
use kmodgen::vocabulary::{Diagnostics, SourceMap};
use kmodgen_fuzz::{Files, IN_MEMORY, Tree};
use libfuzzer_sys::fuzz_target;

const MANIFEST: &str = r#"apiVersion: kmodgen/v1
namespace: kmm-ci
sources: {code: {git: https://git.example.com/code.git, ref: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}
baseImages: {builder: dtk, runtime: registry.example.com/runtime:1, pin: false}
kernels: [5.14.0-427.28.1.el9_4.x86_64, 5.14.0-427.81.1.el9_4.x86_64+rt]
modules:
  - name: ice
    source: code
    kmods: [one, two]
    steps: [{make: {targets: [all], vars: {A: 'x $y "z"'}}}]
    image: registry.example.com/kmods/first
    moduleSpec: {selector: {a: b}, moduleLoader: {container: {modprobe: {moduleName: one}}}}
"#;

/// No repository.
struct Nothing;

impl Revisions for Nothing {
    fn at(&self, _: &str) -> Result<Subject, RevisionError> {
        Err(RevisionError::Git("there is no repository".into()))
    }
}

fuzz_target!(|text: &str| {
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let source = sources.add("tests/case.yaml", text);
    let Some(case) = Case::read("case", source, text, &mut faults) else {
        assert!(faults.has_errors(), "a case is refused without a word");
        for fault in faults.into_sorted() {
            let _ = ui::render(&fault, &sources);
        }
        return;
    };
    let manifest = Text::new("kmodgen.yaml", MANIFEST.into());
    let subject = Subject { manifest, lock: None, files: Arc::new(Files::default()), renderers: Arc::new(InProcess) };
    let mut folder = Tree::new();
    let tried = |folder: &Tree| {
        let environment = TestEnvironment { subject: &subject, past: &Nothing, folder, workers: 1 };
        run_case(&case, &environment, sources.clone()).expect(IN_MEMORY)
    };
    let first = tried(&folder);
    for fault in first.broken.iter().chain(&first.trouble) {
        let _ = ui::render(fault, &first.sources);
    }
    for difference in &first.differences {
        let DifferenceKind::New { text } = &difference.matter else { panic!("there is no snapshot yet") };
        assert_eq!(ownership(text.as_bytes()), Ownership::Intact);
        assert!(difference.path.as_str().starts_with("snapshots/case/"), "{}", difference.path);
        folder.insert(difference.path.clone(), Found::File(text.as_bytes().to_vec()));
    }
    let second = tried(&folder);
    assert_eq!(second.right, first.differences.len());
    assert!(second.differences.is_empty() && second.broken == first.broken);
});
