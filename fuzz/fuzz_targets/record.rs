//! The local cache, which disks and hands may have damaged: what is taken for a record at all is
//! written back the same.
#![no_main]

use std::sync::Arc;

use kmodgen::record::{Outcomes, Record};
use libfuzzer_sys::fuzz_target;

const PROGRAM: &str = "fuzz";

fuzz_target!(|body: &[u8]| {
    // As it is, and as the index that its last half would be with the right seal.
    for file in [body.to_vec(), sealed(body)] {
        let length = file.len() as u64;
        let Some((record, unread)) = Record::open(Arc::new(file), length, PROGRAM) else { continue };
        let outcomes = unread.read().unwrap_or(Outcomes { kernels: vec![], modules: vec![] });
        // What cannot be read is not written.
        let whole = record.modules.iter().all(|module| module.mappings.is_whole())
            && outcomes.modules.iter().all(|module| module.mappings.is_whole());
        if !whole {
            continue;
        }
        let bytes = record.to_bytes(&outcomes, PROGRAM);
        let length = bytes.len() as u64;
        let (again, unread) = Record::open(Arc::new(bytes), length, PROGRAM).expect("what was written is a record");
        assert_eq!((again, unread.read()), (record, Some(outcomes)));
    }
});

/// The bytes, and what makes their last half the index of a record.
fn sealed(body: &[u8]) -> Vec<u8> {
    let index = body.len() / 2;
    let mut bytes = body.to_vec();
    bytes.extend_from_slice(&Record::end_of(&body[index..], PROGRAM));
    bytes
}
