//! YAML: any value that is written is read back the same, and any text is read or refused.
#![no_main]

use std::collections::BTreeSet;

use arbitrary::{Result, Unstructured};
use kmodgen::adapters::ui;
use kmodgen::vocabulary::{Diagnostic, SourceMap};
use kmodgen_fuzz::{is_same, read};
use kmodgen_yaml::{Yaml, emit};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    if kind % 2 == 0 {
        let Ok(value) = value(&mut Unstructured::new(rest), 6) else { return };
        comes_back(&value);
    } else if let Ok(text) = std::str::from_utf8(rest) {
        let mut sources = SourceMap::default();
        match kmodgen_yaml::read(sources.add("a.yaml", text), text) {
            Ok(Some(node)) => comes_back(&node.to_yaml()),
            Ok(None) => {}
            Err(faults) => {
                assert!(!faults.is_empty());
                faults.into_iter().map(Diagnostic::from).for_each(|fault| drop(ui::render(&fault, &sources)));
            }
        }
    }
});

fn comes_back(value: &Yaml<'_>) {
    let text = emit(value);
    let node = read(&text).unwrap_or_else(|| panic!("it is not read: {text:?}"));
    assert!(is_same(&node, value), "{value:?}\n{text}\n{node:?}");
}

/// Any value, with keys that differ.
fn value(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Yaml<'static>> {
    let kinds = if depth == 0 { 3 } else { 5 };
    Ok(match bytes.int_in_range(0..=kinds - 1)? {
        0 => Yaml::text(bytes.arbitrary::<String>()?),
        1 => Yaml::block(bytes.arbitrary::<String>()?),
        2 => match bytes.arbitrary::<u8>()? {
            0 => Yaml::verbatim("true"),
            1 => Yaml::verbatim("false"),
            2 => Yaml::verbatim("null"),
            _ => Yaml::verbatim(bytes.arbitrary::<i64>()?.to_string()),
        },
        3 => {
            let items = bytes.int_in_range(0..=4)?;
            Yaml::Seq((0..items).map(|_| value(bytes, depth - 1)).collect::<Result<_>>()?)
        }
        _ => {
            let mut keys = BTreeSet::new();
            let mut entries = Vec::new();
            for _ in 0..bytes.int_in_range(0..=4)? {
                let key: String = bytes.arbitrary()?;
                if keys.insert(key.clone()) {
                    entries.push((key.into(), value(bytes, depth - 1)?));
                }
            }
            Yaml::Map(entries)
        }
    })
}
