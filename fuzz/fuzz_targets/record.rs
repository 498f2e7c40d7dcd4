//! The local cache, which disks and hands may have damaged: what is taken for a record at all is
//! written back the same.
#![no_main]

use kmodgen::record::{Evidence, FileRecord, Record};
use kmodgen::vocabulary::Digest;
use libfuzzer_sys::fuzz_target;

const PROGRAM: &str = "fuzz";

fuzz_target!(|body: &[u8]| {
    assert_eq!(Record::from_bytes(body, PROGRAM), None, "nothing hits on its own sum by chance");
    let bytes = sealed(body);
    if let Some(record) = Record::from_bytes(&bytes, PROGRAM) {
        assert_eq!(record.to_bytes(PROGRAM), bytes);
        assert_eq!(Record::from_bytes(&bytes, "another"), None);
    }
});

/// The bytes between what a record begins with and the sum that it ends with.
fn sealed(body: &[u8]) -> Vec<u8> {
    let file = FileRecord { evidence: Evidence::NONE, digest: Digest::of(b"") };
    let empty = Record {
        inputs: [None; 2],
        files: vec![],
        templates: vec![],
        root: String::new(),
        said: String::new(),
        releases: vec![],
        folder: Evidence::NONE,
        top: vec![file],
        modules: vec![],
        strangers: vec![],
        foreign: vec![],
    };
    // A name of 16 bytes and the program's digest.
    let mut bytes = empty.to_bytes(PROGRAM)[..16 + 32].to_vec();
    bytes.extend_from_slice(body);
    let sum = Digest::of(&bytes);
    bytes.extend_from_slice(sum.as_bytes());
    bytes
}
