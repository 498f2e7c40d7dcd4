//! Objects of a cluster, in several inputs that lines `===` take apart: each is read or refused with a message, and what
//! is read has a status in every format.
#![no_main]

use kmodgen::adapters::ui;
use kmodgen::status::{ClusterObjects, PlannedImages, evaluate, formats};
use kmodgen::vocabulary::SourceMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut cluster = ClusterObjects::default();
    for part in text.split("\n===\n") {
        if let Err(fault) = cluster.add_text("input", part) {
            let message = ui::render(&fault.diagnostic(), &SourceMap::default());
            assert!(message.len() < 20_000, "a message of {} bytes", message.len());
            return;
        }
    }
    if cluster.check().is_err() {
        return;
    }
    let report = evaluate(&cluster, &PlannedImages::default());
    let json = formats::json(&report).unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    for module in parsed["modules"].as_array().unwrap() {
        let number = |key: &str| module["nodes"][key].as_u64().unwrap();
        let sum: u64 = ["loaded", "waiting", "stuck", "unmapped", "unknown"].iter().map(|key| number(key)).sum();
        assert_eq!(number("wanted"), sum, "{module}");
    }
    for text in [formats::text(&report), formats::markdown(&report)] {
        assert!(!text.is_empty());
    }
    let page = formats::html(&report);
    assert!(!page.contains("<script") && !page.contains("javascript:\""), "markup of an input is in the page");
});
