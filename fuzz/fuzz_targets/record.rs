//! The local cache, which disks and hands may have damaged: what is taken for a record at all is
//! written back the same.
#![no_main]

use kmodgen::record::{HEAD, Outcomes, Record, SealKey, record_length};
use libfuzzer_sys::fuzz_target;

const PROGRAM: &str = "fuzz";

fuzz_target!(|body: &[u8]| {
    // Whatever it says, it is a length or none.
    let _ = record_length(body, PROGRAM);
    let (first, second) = body.split_at(body.len() / 2);
    let bytes = sealed(first);
    assert_eq!(record_length(&bytes[..HEAD], PROGRAM), Some(bytes.len()));
    assert_eq!(record_length(&bytes[..HEAD], "another"), None);
    let Some((record, seal)) = Record::from_bytes(&bytes) else { return };
    let empty = Outcomes { kernels: vec![], modules: vec![] };
    assert!(record.to_bytes(&empty, PROGRAM).starts_with(&bytes));
    let mut joined = bytes[bytes.len() - SEAL..].to_vec();
    joined.extend_from_slice(second);
    let sum = SealKey::PUBLIC.seal(&joined);
    let rest = [second, &sum.to_bytes()].concat();
    if let Some(outcomes) = Outcomes::from_bytes(&rest, seal) {
        assert_eq!(record.to_bytes(&outcomes, PROGRAM), [bytes, rest].concat());
    }
});

/// How many bytes a seal takes.
const SEAL: usize = 16;

/// The bytes between what a record begins with and the seal that it ends with.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Record::head(PROGRAM, body.len());
    bytes.extend_from_slice(body);
    let seal = SealKey::PUBLIC.seal(&bytes);
    bytes.extend_from_slice(&seal.to_bytes());
    bytes
}
