//! Generated files that git could not merge. Git puts the two sides of a file between lines of
//! markers, and keeps both sides in its index, as gitglossary(7) and git-merge(1) describe under
//! "unmerged index" and "conflict markers".

use std::collections::HashSet;

use crate::header::{Ownership, ownership};
use crate::vocabulary::{is_marker, trimmed};

/// The versions of a file that git could not merge; none where a side does not have the file.
#[derive(Debug, Clone, Default)]
pub struct Sides {
    /// The common ancestor, stage 1.
    pub base: Option<Vec<u8>>,
    /// The side that is checked out, stage 2.
    pub ours: Option<Vec<u8>>,
    /// The side that is merged into it, stage 3.
    pub theirs: Option<Vec<u8>>,
}

/// A file that git could not merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// Our side, if kmodgen wrote it.
    pub ours: Option<Vec<u8>>,
    /// Completes "it is left as it is: "; none if the file can be generated again.
    pub why: Option<String>,
}

impl Unmerged {
    /// Judges a file whose sides git has: it can be generated again if both sides are as kmodgen wrote
    /// them, and if every line of the file is a marker or comes from one of the versions.
    pub fn of(file: &[u8], sides: Sides) -> Self {
        let is_ours = |side: &Vec<u8>| ownership(side) != Ownership::Foreign;
        let why = why_not(file, &sides).map(|why| format!("git could not merge it, and {why}"));
        Self { ours: sides.ours.filter(is_ours), why }
    }

    /// A file with markers whose sides cannot be read.
    pub fn without_sides(why: &str) -> Self {
        Self { ours: None, why: Some(format!("it has git's merge markers, and {why}")) }
    }
}

fn why_not(file: &[u8], sides: &Sides) -> Option<&'static str> {
    let state = |side: &Option<Vec<u8>>| side.as_ref().map(|side| ownership(side));
    match (state(&sides.ours), state(&sides.theirs)) {
        (None, None) => return Some("neither side has it"),
        (Some(Ownership::Edited), _) => return Some("our side of the merge was edited by hand"),
        (_, Some(Ownership::Edited)) => return Some("their side of the merge was edited by hand"),
        (Some(Ownership::Foreign), _) => return Some("kmodgen did not write our side of the merge"),
        (_, Some(Ownership::Foreign)) => return Some("kmodgen did not write their side of the merge"),
        _ => {}
    }
    let sides = [&sides.base, &sides.ours, &sides.theirs].into_iter().flatten();
    let known: HashSet<&[u8]> = sides.flat_map(|side| lines(side)).collect();
    let strange = lines(file).any(|line| !is_marker(line) && !known.contains(line));
    strange.then_some("it was edited by hand during the merge")
}

/// The lines of a text, whatever their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let with_ends = text.split_inclusive(|byte| *byte == b'\n');
    with_ends.map(|line| trimmed(line.strip_suffix(b"\n").unwrap_or(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::with_header;

    fn header(text: &str) -> &str {
        text.lines().next().unwrap()
    }

    /// Returns the sides of a merge in which two versions each add a line; git merges the bodies if it can.
    fn sides() -> ([String; 3], Sides) {
        let texts = ["a\nd\n", "a\nb\nd\n", "a\nc\nd\n"].map(with_header);
        let [base, ours, theirs] = texts.clone().map(String::into_bytes).map(Some);
        (texts, Sides { base, ours, theirs })
    }

    fn why(file: &str, sides: &Sides) -> Option<String> {
        Unmerged::of(file.as_bytes(), sides.clone()).why
    }

    #[test]
    fn a_file_of_both_sides_is_generated_again() {
        let ([base, ours, theirs], sides) = sides();
        let [base, ours, theirs] = [&base, &ours, &theirs].map(|text| header(text));
        let merge = format!("<<<<<<< HEAD\n{ours}\n=======\n{theirs}\n>>>>>>> branch with words\na\nb\nc\nd\n");
        let diff3 =
            format!("<<<<<<< ours\n{ours}\n||||||| 1a2b3c\n{base}\n=======\n{theirs}\n>>>>>>> theirs\na\nb\nc\nd\n");
        for file in [merge.clone(), diff3, merge.replace('\n', "\r\n"), merge.replace("<<<<<<<", "<<<<<<<<<<")] {
            assert_eq!(why(&file, &sides), None, "{file}");
        }
        let both_added = Sides { base: None, ..sides.clone() };
        assert_eq!(why(&merge, &both_added), None);
        let by_them_alone = Sides { ours: None, ..sides.clone() };
        assert_eq!(why("a\nc\nd\n", &by_them_alone), None);
        assert_eq!(Unmerged::of(merge.as_bytes(), sides.clone()).ours, sides.ours);
        assert!(why(&(merge + "mine\n"), &sides).is_some_and(|why| why.contains("during the merge")));
    }

    #[test]
    fn a_side_of_someone_else_is_kept() {
        let (_, sides) = sides();
        let edited = sides.theirs.as_ref().map(|side| [side, &b"mine\n"[..]].concat());
        let one = Sides { theirs: edited.clone(), ..sides.clone() };
        assert!(why("a\n", &one).is_some_and(|why| why.contains("their side of the merge was edited")));
        let other = Sides { ours: edited, ..sides.clone() };
        assert!(why("a\n", &other).is_some_and(|why| why.contains("our side of the merge was edited")));
        let foreign = Sides { ours: Some(b"kind: Module\n".to_vec()), ..sides };
        assert!(why("a\n", &foreign).is_some_and(|why| why.contains("did not write our side")));
        assert_eq!(Unmerged::of(b"a\n", foreign).ours, None);
        assert!(why("a\n", &Sides::default()).is_some_and(|why| why.contains("neither side")));
    }

    /// Git ends the last line of each side before it writes the next marker.
    #[test]
    fn sides_need_no_newline_at_their_end() {
        let sides = Sides {
            base: None,
            ours: Some(with_header("a").into_bytes()),
            theirs: Some(with_header("b").into_bytes()),
        };
        let [ours, theirs] = ["a", "b"].map(with_header);
        assert_eq!(why(&format!("<<<<<<< ours\n{ours}\n=======\n{theirs}\n>>>>>>> theirs\n"), &sides), None);
        let emptied = format!("<<<<<<< ours\n{ours}\n\n=======\n{theirs}\n>>>>>>> theirs\n");
        assert!(why(&emptied, &sides).is_some_and(|why| why.contains("during the merge")));
    }
}
