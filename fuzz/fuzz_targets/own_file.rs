//! Files in the output folder, which kmodgen wrote once, and hands may have changed since.
#![no_main]

use kmodgen::header::{Ownership, ownership, to_unix, with_header};
use kmodgen::output::{CONFIG_MAP, DOCKERFILE, MODULE};
use kmodgen::previous;
use kmodgen::tree::Found;
use kmodgen::vocabulary::RelPath;
use kmodgen_fuzz::{IN_MEMORY, Tree, view};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = ownership(bytes);
    let unix = to_unix(bytes);
    if *unix != *bytes {
        assert_eq!(ownership(&unix), ownership(bytes), "line ends are no edit");
    }
    let file = |path: &str, bytes: &[u8]| (RelPath::parse(path).expect("it is a path"), Found::File(bytes.to_vec()));
    let paths = [format!("a/{MODULE}"), format!("a/1.2.3/{CONFIG_MAP}"), format!("a/1.2.3/{DOCKERFILE}")];
    let tree: Tree = paths.iter().map(|path| file(path, bytes)).collect();
    view(&tree, |tree| {
        let module = previous::module("a", tree).expect(IN_MEMORY);
        assert_eq!(module.is_none(), ownership(bytes) == Ownership::Foreign);
        if let Some(mapping) = previous::mapping("a", "1.2.3", tree).expect(IN_MEMORY) {
            assert!(mapping.explanation.changes_from(&mapping.explanation).is_empty());
        }
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = previous::module_text(text);
        let ours = with_header(text);
        assert_eq!(ownership(ours.as_bytes()), Ownership::Intact);
        if !text.contains('\r') {
            assert_eq!(ownership(ours.replace('\n', "\r\n").as_bytes()), Ownership::Intact);
        }
        assert_ne!(ownership(format!("{ours}x").as_bytes()), Ownership::Intact);
    }
});
