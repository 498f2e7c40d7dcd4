//! The local cache, which disks and hands may have damaged: a run that can be read is written back the same.
#![no_main]

use kmodgen::cache::{CachedRun, CachedRunFile, with_header, write};
use libfuzzer_sys::fuzz_target;

const PROGRAM: &str = "fuzz";

fuzz_target!(|bytes: &[u8]| {
    // As they are, and as the header of a run without mappings.
    for file in [bytes, &with_header(bytes, PROGRAM)] {
        let Some(run) = read(file, PROGRAM) else { continue };
        let mut written = Vec::new();
        write(&run.files, run.mappings.iter().copied().map(Some), PROGRAM, &mut written).unwrap();
        assert_eq!(read(&written, PROGRAM), Some(run));
    }
});

fn read(bytes: &[u8], program: &str) -> Option<CachedRun> {
    CachedRunFile::open(Box::new(bytes.to_vec()), program)?.read()
}
