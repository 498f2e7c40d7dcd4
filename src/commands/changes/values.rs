//! The part in which two values of an input differ.

/// Most characters of a part that is shown on a line with others.
const LONGEST: usize = 60;

/// Fewest digits of a commit or a digest.
const DIGITS: usize = 7;

/// Returns what changed from one value to another, as in "9.4 to 9.5", "commit 1ecf810 to 0391794" or "V=1 added";
/// `None` if words changed in several places, or if the part is long.
pub(super) fn differing_part(from: &str, to: &str) -> Option<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (words(from).collect(), words(to).collect());
    if old.len() != new.len() {
        let (added, all, others, verb) = if new.len() > old.len() {
            (new.len() - old.len(), &new, &old, "added")
        } else {
            (old.len() - new.len(), &old, &new, "removed")
        };
        let start = all.iter().zip(others).take_while(|(one, other)| one == other).count();
        let is_rest = all[start + added..] == others[start..];
        let part = all[start..start + added].join(" ");
        return (is_rest && part.chars().count() <= LONGEST).then(|| format!("{part} {verb}"));
    }
    let changed: Vec<(&str, &str)> = old.into_iter().zip(new).filter(|(old, new)| old != new).collect();
    // The checksum of a file follows from its name.
    let named = changed.iter().filter(|(old, new)| !is_digest(old) || !is_digest(new));
    let named: Vec<&(&str, &str)> = named.collect();
    match (named.as_slice(), changed.as_slice()) {
        ([(old, new)], _) | ([], [(old, new)]) => of_word(old, new),
        _ => None,
    }
}

/// Splits a value into words, without the length at the end of a long value's digest.
fn words(value: &str) -> impl Iterator<Item = &str> {
    let value = match value.strip_suffix(" bytes)").and_then(|value| value.rsplit_once(" (")) {
        Some((value, _)) if value.starts_with("sha256:") => value,
        _ => value,
    };
    value.split(' ')
}

fn of_word(old: &str, new: &str) -> Option<String> {
    if let (Some((kind, old)), Some((other, new))) = (digits(old), digits(new)) {
        let shared = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
        let length = DIGITS.max(shared + 1);
        return (kind == other).then_some(format!("{kind} {} to {}", old.get(..length)?, new.get(..length)?));
    }
    if !old.contains('/') || !new.contains('/') {
        return short(old, new);
    }
    // Of an image, the digest follows from the tag.
    match (image_and_digest(old), image_and_digest(new)) {
        ((name, Some(old)), (other, Some(new))) if name == other => of_word(old, new),
        ((old, _), (new, _)) if old == new => None,
        ((old, _), (new, _)) => {
            let (old, new) = trimmed(old, new);
            short(old, new)
        }
    }
}

fn short(old: &str, new: &str) -> Option<String> {
    let is_short = old.chars().count() <= LONGEST && new.chars().count() <= LONGEST;
    is_short.then(|| format!("{old} to {new}"))
}

fn image_and_digest(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((image, digest)) if digits(digest).is_some() => (image, Some(digest)),
        _ => (name, None),
    }
}

/// Returns the kind and the digits of a full commit ID or a digest.
fn digits(word: &str) -> Option<(&'static str, &str)> {
    let (kind, digits) = match word.strip_prefix("sha256:") {
        Some(digits) => ("digest", digits),
        None => ("commit", word),
    };
    let is_whole = if kind == "commit" { [40, 64].contains(&digits.len()) } else { digits.len() >= 12 };
    let is_hexadecimal = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_whole && is_hexadecimal).then_some((kind, digits))
}

fn is_digest(word: &str) -> bool {
    digits(word).is_some_and(|(kind, _)| kind == "digest")
}

/// Cuts off what two names begin and end with, between the parts of a name.
fn trimmed<'w>(old: &'w str, new: &'w str) -> (&'w str, &'w str) {
    let shared = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let start = old.as_bytes()[..shared].iter().rposition(|byte| b"/:@=-_".contains(byte)).map_or(0, |at| at + 1);
    let (rest, other) = (&old[start..], &new[start..]);
    let shared = rest.bytes().rev().zip(other.bytes().rev()).take_while(|(old, new)| old == new).count();
    let ending = rest.as_bytes().get(rest.len() - shared..).unwrap_or_default();
    let end = (0..ending.len()).find(|at| begins_a_part(&ending[*at..])).map_or(0, |at| ending.len() - at);
    let [trimmed, other] = [rest, other].map(|text| &text[..text.len() - end]);
    if trimmed.is_empty() || other.is_empty() { (old, new) } else { (trimmed, other) }
}

/// Returns whether a part of a name may end before these bytes, which are not empty.
fn begins_a_part(ending: &[u8]) -> bool {
    match ending[0] {
        b'/' | b':' | b'@' | b'=' | b'-' | b'_' => true,
        // Before the ending of a file's name: not within a version, nor the name of a server.
        b'.' => ending.get(1).is_some_and(u8::is_ascii_alphabetic) && !ending.contains(&b'/'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_is_what_differs() {
        let [c, d] = ["c", "d"].map(|digit| digit.repeat(64));
        let [one, two] = ["1ecf810", "0391794"].map(|start| format!("{start}{}", "0".repeat(33)));
        for (from, to, expected) in [
            ("r.io/ubi9/ubi-minimal:9.4", "r.io/ubi9/ubi-minimal:9.5", Some("9.4 to 9.5")),
            (&format!("r.io/ubi:9.4@sha256:{c}"), &format!("r.io/ubi:9.5@sha256:{d}"), Some("9.4 to 9.5")),
            (
                &format!("r.io/ubi:9.4@sha256:{c}"),
                &format!("r.io/ubi:9.4@sha256:{d}"),
                Some("digest ccccccc to ddddddd"),
            ),
            (
                &format!("https://g.io/a.git {one}"),
                &format!("https://g.io/a.git {two}"),
                Some("commit 1ecf810 to 0391794"),
            ),
            (&format!("https://g.io/a.git {one}"), &format!("https://g.io/b.git {two}"), None),
            (&format!("https://g.io/a.git {one}"), &format!("https://g.io/b.git {one}"), Some("a to b")),
            (
                &format!("https://d.io/v1.2/d-v1.2.tar.gz sha256:{c}"),
                &format!("https://d.io/v1.3/d-v1.3.tar.gz sha256:{d}"),
                Some("v1.2/d-v1.2 to v1.3/d-v1.3"),
            ),
            (&format!("https://d.io/d-1.24.tar.gz sha256:{c}"), "https://d.io/d-1.34.tar.gz", None),
            ("make A=1", "make A=1 V=1 W=1", Some("V=1 W=1 added")),
            ("make V=1 A=1", "make A=1", Some("V=1 removed")),
            ("https://d.io/d-1.24.tar.gz", "https://d.io/d-1.34.tar.gz", Some("1.24 to 1.34")),
            ("r.one.io/a:1", "r.two.io/a:1", Some("r.one.io to r.two.io")),
            ("r.io/a:1", "r.io/a:1-2", Some("1 to 1-2")),
            ("make DEBUG=0", "make DEBUG=1", Some("DEBUG=0 to DEBUG=1")),
            ("make DEBUG=0", "make DEBUG=1 V=1", None),
            ("make A=0 B=0", "make A=1 B=1", None),
            (
                "sha256:0123456789ab (30 bytes)",
                "sha256:0123456780ab (31 bytes)",
                Some("digest 0123456789 to 0123456780"),
            ),
            ("a", &"b".repeat(61), None),
        ] {
            assert_eq!(differing_part(from, to).as_deref(), expected, "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn any_values_are_compared(from in "[-a-c0-1/:@._ é]{0,20}", to in "[-a-c0-1/:@._ é]{0,20}") {
            if let Some(part) = differing_part(&from, &to) {
                let Some((old, new)) = part.split_once(" to ") else { return Ok(()) };
                prop_assert_ne!(old, new);
                prop_assert!(from.contains(old) && to.contains(new), "{}", part);
            }
        }
    }
}
