//! The lock, which merges and hands may have damaged: what is read is written back the same.
#![no_main]

use kmodgen::adapters::ui;
use kmodgen::lock::{FILE_NAME, Lock};
use kmodgen::vocabulary::{Diagnostics, SourceMap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::default();
    let mut faults = Diagnostics::default();
    let source = sources.add(FILE_NAME, text);
    match Lock::read(source, text, &mut faults) {
        Some(lock) => {
            let written = lock.write();
            let again = Lock::read(sources.add(FILE_NAME, written.as_str()), &written, &mut faults);
            assert_eq!(again.as_ref(), Some(&lock), "{written}");
        }
        None => assert!(faults.has_errors(), "a lock is refused without a word"),
    }
    for fault in faults.into_sorted() {
        let _ = ui::render(&fault, &sources);
    }
});
