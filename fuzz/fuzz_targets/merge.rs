//! Files that git could not merge, with the versions that its index has: parts of the input, between
//! NUL bytes.
#![no_main]

use kmodgen::header::{Ownership, ownership, with_header};
use kmodgen::merge::{Sides, Unmerged};
use kmodgen::vocabulary::{first_marker, has_markers, is_marker};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.split(|byte| *byte == 0);
    let file = parts.next().unwrap_or_default();
    let mut version = || parts.next().map(|text| with_header(&String::from_utf8_lossy(text)).into_bytes());
    let sides = Sides { base: version(), ours: version(), theirs: version() };
    assert_eq!(first_marker(file).is_some(), has_markers(file));
    if let Some((at, length)) = first_marker(file) {
        assert!(is_marker(&file[at..at + length]));
    }
    let Unmerged { ours, theirs, file: _, why } = Unmerged::of(file, sides.clone());
    assert_eq!((&ours, &theirs), (&sides.ours, &sides.theirs), "both sides are as kmodgen wrote them");
    if why.is_none() {
        assert!(sides.ours.is_some() || sides.theirs.is_some());
        // A line that no version has is someone's.
        let longest = [&sides.base, &sides.ours, &sides.theirs].into_iter().flatten().map(Vec::len).max();
        let edited = [file, b"\n", "x".repeat(longest.unwrap_or_default() + 1).as_bytes()].concat();
        assert!(Unmerged::of(&edited, sides.clone()).why.is_some());
    }
    // What git makes of two versions is known to be made of them.
    if let (Some(ours), Some(theirs)) = (&sides.ours, &sides.theirs) {
        let ended = |side: &[u8]| side.strip_suffix(b"\n").unwrap_or(side).to_vec();
        let merge =
            [b"<<<<<<< ours\n", &ended(ours)[..], b"\n=======\n", &ended(theirs), b"\n>>>>>>> theirs\n"].concat();
        assert_eq!(Unmerged::of(&merge, sides.clone()).why, None);
        assert_eq!(ownership(&merge), Ownership::Edited);
    }
    // A version that someone edited is never given up.
    let edited = Sides { theirs: Some([with_header("a\n").as_bytes(), b"mine\n"].concat()), ..sides };
    assert!(Unmerged::of(file, edited).why.is_some());
});
