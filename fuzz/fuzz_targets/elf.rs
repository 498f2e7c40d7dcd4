//! Modules and programs of an image, and a kernel's exported symbols, which anyone may have made.
#![no_main]

use kmodgen_image::elf::{Kmod, Program};
use kmodgen_image::facts::{Facts, HEAD, Interest};
use kmodgen_image::index::Index;
use kmodgen_image::modinfo::ModInfo;
use kmodgen_image::read;
use kmodgen_image::secrets::Secret;
use kmodgen_image::signature::Signature;
use kmodgen_image::symvers::Symvers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(kmod) = Kmod::parse(bytes) {
        let _ = kmod.architecture.to_string();
        if let Some(info) = &kmod.info {
            assert!(info.release().is_none_or(|release| !release.is_empty()));
        }
    }
    if let Ok(program) = Program::parse(bytes) {
        assert!(program.needed.iter().chain(&program.run_path).all(|text| text.len() <= 3 * 4096));
    }
    let _ = ModInfo::parse(bytes);
    let _ = (Index::parse(bytes), Signature::parse(bytes), read::symvers(bytes));
    if let Ok(symvers) = Symvers::parse(bytes) {
        assert!(symvers.get("").is_none());
    }
    for name in ["a.ko", "a.ko.gz", "a.ko.xz", "a.ko.zst"] {
        let _ = Facts::of_module(name, bytes, bytes, false);
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    for path in ["a.ko", "bin/sh", "modules.dep", "modules.dep.bin", "modules.alias.bin", "etc/modprobe.d/x.conf", "x"]
    {
        if let Interest::Whole { kind, .. } = Interest::of(path, 0o755, head) {
            let _ = Facts::of(kind, path, bytes.to_vec());
        }
        let _ = Secret::of(path, bytes.len() as u64, head);
    }
});
