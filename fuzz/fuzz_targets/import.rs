//! Objects, and after a line `===` a list of kernels: a Module that is taken generates again, and a Module that is not
//! has a message.
#![no_main]

use kmodgen::adapters::ui;
use kmodgen::import::adopt::{Adoption, FLEET, manifest_text};
use kmodgen::kernels::Input;
use kmodgen::objects::{ObjectInput, Objects};
use kmodgen::vocabulary::{Diagnostics, SourceMap};
use kmodgen_fuzz::{Files, generate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (objects, list) = text.split_once("\n===\n").map_or((text, None), |(objects, list)| (objects, Some(list)));
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let input = ObjectInput::Text { name: "objects".into(), text: objects.to_owned() };
    let objects = Objects::read(vec![input], &mut sources);
    let lists: Vec<Input> =
        list.into_iter().map(|text| Input { name: "list".into(), text: text.to_owned(), image: None }).collect();
    let adoption = Adoption::of(&objects, &lists, &mut sources, &mut faults);
    assert!(adoption.is_some() || faults.has_errors(), "a list is refused without a word");
    if let Some(adoption) = &adoption {
        assert!(adoption.refused == 0 || faults.has_errors(), "a Module is refused without a word");
        for manifest in &adoption.manifests {
            let files = manifest.fleet.as_ref().map(|list| Files::one(FLEET, list.as_bytes())).unwrap_or_default();
            generate(&manifest_text(manifest, &sources), files);
        }
    }
    let problems = objects.problems.iter().map(|problem| problem.diagnostic.clone());
    for fault in problems.chain(faults.into_sorted()) {
        let _ = ui::render(&fault, &sources);
    }
});
