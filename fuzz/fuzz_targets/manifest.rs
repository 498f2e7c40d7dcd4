//! A manifest and the files beside it, from its text to the files that it stands for.
#![no_main]

use kmodgen_fuzz::{Files, generate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (manifest, files) = Files::split(text);
    generate(manifest, files);
});
