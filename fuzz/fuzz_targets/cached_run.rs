//! The local cache, which disks and hands may have damaged: a run that can be read is written back the same.
#![no_main]

use kmodgen::cache::{read, with_header, write};
use libfuzzer_sys::fuzz_target;

const PROGRAM: &str = "fuzz";

fuzz_target!(|bytes: &[u8]| {
    // As they are, and as the header of a run without mappings.
    let mut run = with_header(bytes, PROGRAM);
    let empty = with_header(b"", PROGRAM);
    let empty_table = &empty[empty.len() - 16..];
    run.extend(empty_table);
    for file in [bytes, &run] {
        let Some(run) = read(file, PROGRAM) else { continue };
        let mut written = Vec::new();
        write(&run.files, run.mappings.iter().copied().map(Some), PROGRAM, &mut written).unwrap();
        assert_eq!(read(&*written, PROGRAM), Some(run));
    }
});
