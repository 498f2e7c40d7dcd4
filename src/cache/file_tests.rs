//! Damaged, foreign and other files are not read.

use proptest::prelude::*;

use super::*;

fn stat(inode: u64) -> FileStat {
    FileStat { inode, size: 300, modified: -1, changed: i64::MAX }
}

fn entry(text: &str) -> FileEntry {
    FileEntry { stat: stat(text.len() as u64), checksum: ChecksumKey::PUBLIC.checksum(text.as_bytes()) }
}

fn digest(text: &str) -> Option<Digest> {
    Some(Digest::of(text.as_bytes()))
}

fn run() -> CachedRun {
    let hash = Digest::of(b"hash");
    let identity = Identity { hash, dockerfile: Digest::of(b"dockerfile"), asks_for_dtk: true, is_long: false };
    let key = ChecksumKey::PUBLIC.checksum_of("key");
    let mut releases = TextList::default();
    for number in 0..3 {
        releases.push(&format!("5.14.0-{number}.el9.x86_64"));
    }
    let files = CachedFiles {
        owner: Some("team-nic".to_owned()),
        inputs: Inputs {
            manifest: digest("manifest"),
            lock: None,
            files: vec![("fleet.yaml".into(), digest("fleet")), ("gone".into(), None)],
            templates: vec![],
        },
        layout: Layout::Files,
        key: ChecksumKey::new([1, 2, 3, u64::MAX]),
        root: "/gitops".into(),
        messages: vec!["warning: é\n".into()],
        releases,
        unplanned: vec![("notes".into(), stat(7))],
        foreign: vec![],
        folder: stat(9),
        top: vec![("kustomization.yaml".into(), entry("kustomization"))],
        held_documents: 0,
        modules: vec![CachedModule {
            name: "alpha".into(),
            key,
            image: Some("registry.example.com/alpha".into()),
            version: None,
            length: 300,
            folder: stat(1),
            own: vec![entry("module"), entry("list")],
            bundle: vec![],
            contents: vec![ContentHash::of("a")],
            releases: vec![0, 1, 2],
        }],
    };
    let (dockerfile, config_map) = (entry("dockerfile"), entry("config map"));
    let mapping = CachedMapping { files: [dockerfile, config_map], result: CachedResult::new(key, identity) };
    CachedRun { files, mappings: vec![mapping; 3] }
}

fn bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    let run = run();
    write(&run.files, run.mappings.into_iter().map(Some), "kmodgen 1", &mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8], program: &str) -> Option<CachedRun> {
    CachedRunFile::open(Box::new(bytes.to_vec()), program)?.read()
}

#[test]
fn a_run_survives() {
    assert_eq!(read(&bytes(), "kmodgen 1"), Some(run()));
    assert_eq!(read(&bytes(), "kmodgen 2"), None);
    assert_eq!(run().files.file_count(), 1 + 2 + 6);
}

#[test]
fn any_part_of_the_mappings_can_be_read() {
    let count = 300;
    let mut run = run();
    run.files.modules[0].releases = (0..count).collect();
    let files = |number| [entry(&"a".repeat(number)), entry("b")];
    let mapping = run.mappings[0];
    run.mappings = (0..count as usize).map(|number| CachedMapping { files: files(number), ..mapping }).collect();
    let mut bytes = Vec::new();
    write(&run.files, run.mappings.iter().copied().map(Some), "kmodgen 1", &mut bytes).unwrap();
    assert_eq!(read(&bytes, "kmodgen 1"), Some(run));
    let file = CachedRunFile::open(Box::new(bytes), "kmodgen 1").unwrap();
    for start in (0..=300).step_by(25) {
        for end in (start..=300).step_by(5) {
            let expected: Vec<_> = (start..end).map(files).collect();
            assert_eq!(file.mapping_files(start..end), Some(expected), "{start}..{end}");
        }
    }
    assert_eq!([0..301, 300..301, 301..302].map(|numbers| file.mapping_files(numbers)), [const { None }; 3]);
}

#[test]
fn facts_about_a_dockerfile_survive() {
    for (asks_for_dtk, is_long) in [(false, false), (false, true), (true, false), (true, true)] {
        let digest = Digest::of(b"");
        let identity = Identity { hash: digest, dockerfile: digest, asks_for_dtk, is_long };
        assert_eq!(CachedResult::new(Checksum::default(), identity).identity(), identity);
    }
}

#[test]
fn a_file_that_is_cut_off_is_not_read() {
    let bytes = bytes();
    for length in 0..bytes.len() {
        assert_eq!(read(&bytes[..length], "kmodgen 1"), None, "{length}");
        assert!(length == 0 || read(&bytes[length..], "kmodgen 1").is_none(), "{length}");
    }
}

#[test]
fn a_run_without_one_of_its_mappings_is_not_written() {
    let CachedRun { files, mappings } = run();
    let mappings = [Some(mappings[0]), None, Some(mappings[2])];
    assert!(write(&files, mappings.into_iter(), "kmodgen 1", &mut Vec::new()).is_err());
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
        let mut header = bitcode::encode(&run().files);
        let at = at.index(header.len());
        header.splice(at..at, bytes);
        let _ = read(&with_header(&header, "kmodgen 1"), "kmodgen 1");
    }
}
