//! Dockerfiles and objects that lines `=== PATH` take apart, up to findings in all formats.
#![no_main]

use kmodgen::adapters::ui;
use kmodgen::lint::{AllowList, LintInput, LintResult, check, formats};
use kmodgen::objects::{ObjectInput, Objects};
use kmodgen::vocabulary::SourceMap;
use libfuzzer_sys::fuzz_target;

/// Checks the parts of a text.
fn findings(text: &str) -> (LintResult, SourceMap) {
    let mut sources = SourceMap::default();
    let (mut inputs, mut dockerfiles) = (Vec::new(), Vec::new());
    for part in text.split("=== ") {
        let Some((path, text)) = part.split_once('\n') else { continue };
        if path.contains("ockerfile") {
            dockerfiles.push(sources.add(path, text));
        } else {
            inputs.push(ObjectInput::Text { name: path.into(), text: text.into() });
        }
    }
    let objects = Objects::read(inputs, &mut sources);
    let kernels = vec!["5.14.0-427.28.1.el9_4.x86_64".to_owned()];
    let allow_list = AllowList::default();
    let input = LintInput { objects: &objects, dockerfiles, kernels, before: Some(&objects), allow_list };
    let result = check(&input, &sources);
    (result, sources)
}

fuzz_target!(|text: &str| {
    let (result, sources) = findings(text);
    for found in &result.findings {
        assert!(!found.message.is_empty() && !ui::render(found, &sources).is_empty());
        assert!(!matches!(found.code, "KMG311" | "KMG312"), "nothing changed since then");
    }
    for format in [formats::json, formats::sarif] {
        let document = format(&result, &sources);
        assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok());
        let (again, sources) = findings(text);
        assert_eq!(document, format(&again, &sources), "two runs differ");
    }
    for format in [formats::github, formats::markdown] {
        assert!(format(&result, &sources).lines().count() <= result.findings.len() + 5);
    }
});
