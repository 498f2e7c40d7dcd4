//! The local cache, which disks and hands may have damaged: a run that can be read is written back the same.
#![no_main]

use kmodgen::cache::{read, with_header, write};
use libfuzzer_sys::fuzz_target;

const PROGRAM: &str = "fuzz";

fuzz_target!(|body: &[u8]| {
    // As it is, and as a body with the right header.
    for file in [body.to_vec(), with_header(body, PROGRAM)] {
        let Some(run) = read(&file, PROGRAM) else { continue };
        assert_eq!(read(&write(&run, PROGRAM), PROGRAM), Some(run));
    }
});
