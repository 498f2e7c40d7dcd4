//! Damaged, foreign and other files are not read.

use proptest::prelude::*;

use super::*;

fn stat(inode: u64) -> FileStat {
    FileStat { inode, size: 300, modified: -1, changed: i64::MAX }
}

fn run() -> CachedRun {
    let entry = |text: &str| FileEntry {
        stat: stat(text.len() as u64),
        checksum: ChecksumKey::PUBLIC.checksum(text.as_bytes()),
    };
    let digest = |text: &str| Some(Digest::of(text.as_bytes()));
    let hash = Digest::of(b"hash");
    let identity = Identity { hash, dockerfile: Digest::of(b"dockerfile"), asks_for_dtk: true, is_long: false };
    let key = ChecksumKey::PUBLIC.checksum_of("key");
    let files = [entry("dockerfile"), entry("config map")];
    CachedRun {
        inputs: Inputs {
            manifest: digest("manifest"),
            lock: None,
            files: vec![("fleet.yaml".into(), digest("fleet")), ("gone".into(), None)],
            templates: vec![],
        },
        key: ChecksumKey::new([1, 2, 3, u64::MAX]),
        root: "/gitops".into(),
        messages: vec!["warning: é\n".into()],
        releases: (0..3).map(|number| format!("5.14.0-{number}.el9.x86_64")).collect(),
        unplanned: vec![("notes".into(), stat(7))],
        foreign: vec![],
        folder: stat(9),
        top: vec![entry("kustomization")],
        modules: vec![CachedModule {
            name: "alpha".into(),
            key,
            image: Some("registry.example.com/alpha".into()),
            version: None,
            length: 300,
            folder: stat(1),
            own: vec![entry("module"), entry("list")],
            mappings: (0..3).map(|release| CachedMapping { release, key, identity, files }).collect(),
        }],
    }
}

fn bytes() -> Vec<u8> {
    write(&run(), "kmodgen 1")
}

#[test]
fn a_run_survives() {
    assert_eq!(read(&bytes(), "kmodgen 1"), Some(run()));
    assert_eq!(read(&bytes(), "kmodgen 2"), None);
    assert_eq!(run().file_count(), 1 + 2 + 6);
}

#[test]
fn a_file_that_is_cut_off_is_not_read() {
    let bytes = bytes();
    for length in 0..bytes.len() {
        assert_eq!(read(&bytes[..length], "kmodgen 1"), None, "{length}");
        assert!(length == 0 || read(&bytes[length..], "kmodgen 1").is_none(), "{length}");
    }
}

proptest! {
    #[test]
    fn a_file_that_is_damaged_is_not_read(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(read(&bytes, "kmodgen 1"), None);
    }

    /// With the right checksum, too, no bytes break the reader.
    #[test]
    fn no_bytes_break_the_reader(at in any::<prop::sample::Index>(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&with_header(&bytes, "kmodgen 1"), "kmodgen 1");
        let mut body = bitcode::encode(&run());
        let at = at.index(body.len());
        body.splice(at..at, bytes);
        let _ = read(&with_header(&body, "kmodgen 1"), "kmodgen 1");
    }
}
