//! Layers and archives of images, which anyone may have made. The first byte says which of them
//! the rest is.
#![no_main]

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use kmodgen_image::read::{self, ReadError};
use kmodgen_image::{Contract, Expected, Image};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let mut bytes = rest.to_vec();
    mend(&mut bytes);
    let image = match kind % 4 {
        0 => layers(&[&bytes]),
        1 => {
            let (one, two) = bytes.split_at(bytes.len() / 1024 * 512);
            layers(&[one, two])
        }
        2 => archive(&bytes, read::docker_archive),
        _ => archive(&bytes, |path| read::oci_archive(path, None, None)),
    };
    match image {
        Ok(image) => check(&image),
        Err(why) => assert!(!why.is_empty() && !why.contains(['\n', '\u{1b}']), "{why:?}"),
    }
});

/// Nothing in an image has a name that leads out of it, and no check stumbles over it.
fn check(image: &Image) {
    for (path, _) in image.root.below("") {
        assert!(path.split('/').all(|part| !["", ".", ".."].contains(&part)), "{path:?}");
        assert!(image.root.get(path).is_some());
        let _ = image.root.resolve(path);
    }
    for contract in [Contract::Any, Contract::Kmm1, Contract::Kmm2] {
        let report = kmodgen_image::check(image, &Expected { contract, signed: true, ..Expected::default() });
        for finding in report.findings.iter().chain(&report.notes) {
            assert!(finding.path.starts_with('/') && !finding.message.contains(['\n', '\u{1b}']), "{finding:?}");
        }
    }
}

/// Gives every header of a tar file its right sum, without which nothing reads on.
fn mend(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(header) = bytes.get_mut(at..at + 512) {
        if &header[257..262] == b"ustar" {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        at += 512;
    }
}

thread_local! {
    static FILE: RefCell<Option<(PathBuf, File)>> = const { RefCell::new(None) };
}

fn layers(layers: &[&[u8]]) -> Result<Image, String> {
    read::layers(layers).map_err(|error| error.to_string())
}

/// Reads an archive, which has to be a file.
fn archive(bytes: &[u8], read: impl FnOnce(&Path) -> Result<Image, ReadError>) -> Result<Image, String> {
    FILE.with_borrow_mut(|slot| {
        let (path, file) = slot.get_or_insert_with(|| {
            let path = std::env::temp_dir().join(format!("kmodgen-fuzz-{}.tar", std::process::id()));
            let file = File::create(&path).expect("a file can be made");
            (path, file)
        });
        file.set_len(0).expect("a file can be cut");
        file.write_all_at(bytes, 0).expect("a file can be written");
        read(path).map_err(|why| why.to_string())
    })
}
