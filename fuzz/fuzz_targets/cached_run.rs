//! The local cache, which disks and hands may have damaged: a run that can be read is written back the same.
#![no_main]

use kmodgen::cache::{CachedRun, read, with_header, write};
use libfuzzer_sys::fuzz_target;

const PROGRAM: &str = "fuzz";

fn read_whole(bytes: &[u8]) -> Option<CachedRun> {
    read(bytes, PROGRAM)?.complete()
}

fuzz_target!(|bytes: &[u8]| {
    // As they are, and as the header of a run without mappings.
    let mut run = with_header(bytes, PROGRAM);
    let tables = with_header(b"", PROGRAM);
    let empty_table = &tables[tables.len() - 16..];
    run.extend([empty_table, empty_table].concat());
    for file in [bytes, &run] {
        let Some(run) = read_whole(file) else { continue };
        let mut written = Vec::new();
        write(&run.files, run.mappings(), PROGRAM, &mut written).unwrap();
        assert_eq!(read_whole(&written), Some(run));
    }
});
