//! The order of kernel releases: rpm's for those of RPMs, dpkg's for those of Debian and Ubuntu.

use std::cmp::Ordering;

use super::flavour::is_rpm_release;

/// A part of a version; the order of the variants is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VersionPart<'t> {
    Tilde,
    Word(&'t str),
    /// A number's length and digits, without leading zeros: of any size.
    Number(usize, &'t str),
}

/// Iterator over the parts of a version that rpm compares: numbers and words.
pub(super) struct Parts<'t>(pub(super) &'t str);

impl<'t> Iterator for Parts<'t> {
    type Item = VersionPart<'t>;

    fn next(&mut self) -> Option<VersionPart<'t>> {
        let text = self.0.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '~');
        let first = text.chars().next()?;
        let (part, rest) = match first {
            '~' => text.split_at(1),
            '0'..='9' => split_where(text, |c| !c.is_ascii_digit()),
            _ => split_where(text, |c| !c.is_ascii_alphabetic()),
        };
        self.0 = rest;
        Some(match first {
            '~' => VersionPart::Tilde,
            '0'..='9' => number(part),
            _ => VersionPart::Word(part),
        })
    }
}

fn number(digits: &str) -> VersionPart<'_> {
    let digits = digits.trim_start_matches('0');
    VersionPart::Number(digits.len(), digits)
}

/// The order of two kernel releases, the older one first; only the same text is equal.
///
/// Where a list mixes distributions, kernels of one `major.minor` stand together, those of RPMs
/// first. Within either family the order is that of its package manager: rpm's over the whole
/// release, and dpkg's, which takes what follows the last `-` for a revision.
pub fn by_version(one: &str, other: &str) -> Ordering {
    let (rpm, other_rpm) = (is_of_rpm(one), is_of_rpm(other));
    lead(one)
        .cmp(&lead(other))
        .then_with(|| other_rpm.cmp(&rpm))
        .then_with(|| if rpm { rpm_order(one, other) } else { debian_order(one, other) })
        .then_with(|| one.cmp(other))
}

/// The numbers before and after the first dot.
fn lead(release: &str) -> [VersionPart<'_>; 2] {
    let (major, rest) = release.split_once('.').unwrap_or((release, ""));
    [major, rest].map(|text| number(split_where(text, |c| !c.is_ascii_digit()).0))
}

/// Checks whether a release is that of an RPM; one without `-` has no revision for dpkg to tell apart, and both
/// order it the same.
fn is_of_rpm(release: &str) -> bool {
    !release.contains('-') || is_rpm_release(release)
}

/// The order of rpm's rpmvercmp (rpmio/rpmvercmp.cc).
fn rpm_order(one: &str, other: &str) -> Ordering {
    let (mut ones, mut others) = (Parts(one), Parts(other));
    loop {
        let order = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (Some(one), Some(other)) => one.cmp(&other),
            // What has more is newer, but for what comes before a release.
            (Some(VersionPart::Tilde), None) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (None, Some(VersionPart::Tilde)) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The order of `dpkg --compare-versions` (deb-version(7)) for versions without an epoch, which no
/// kernel release has.
fn debian_order(one: &str, other: &str) -> Ordering {
    let (upstream, revision) = split_revision(one);
    let (other_upstream, other_revision) = split_revision(other);
    debian_part_order(upstream, other_upstream).then_with(|| debian_part_order(revision, other_revision))
}

fn split_revision(version: &str) -> (&str, &str) {
    version.split_at(version.rfind('-').unwrap_or(version.len()))
}

/// The order of an upstream version or a revision: what is no number by character, a number by value,
/// and so on in turns.
fn debian_part_order(mut one: &str, mut other: &str) -> Ordering {
    while !(one.is_empty() && other.is_empty()) {
        let (word, rest) = split_where(one, |c| c.is_ascii_digit());
        let (other_word, other_rest) = split_where(other, |c| c.is_ascii_digit());
        let longest = word.len().max(other_word.len());
        let (digits, rest) = split_where(rest, |c| !c.is_ascii_digit());
        let (other_digits, other_rest) = split_where(other_rest, |c| !c.is_ascii_digit());
        let order = weights(word, longest)
            .cmp(weights(other_word, longest))
            .then_with(|| number(digits).cmp(&number(other_digits)));
        if order.is_ne() {
            return order;
        }
        (one, other) = (rest, other_rest);
    }
    Ordering::Equal
}

fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// Sort weights of a word's characters, padded to `length`.
fn weights(word: &str, length: usize) -> impl Iterator<Item = i32> {
    (0..length).map(|at| weight(word.as_bytes().get(at)))
}

/// Sort weight of a character: `~` before the end, letters before all else.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each is older than the next.
    fn ascends(releases: &[&str]) {
        for (at, one) in releases.iter().enumerate() {
            for other in &releases[at + 1..] {
                assert_eq!(by_version(one, other), Ordering::Less, "{one} {other}");
                assert_eq!(by_version(other, one), Ordering::Greater, "{one} {other}");
            }
        }
    }

    #[test]
    fn rpms_are_ordered_as_rpm_orders_them() {
        ascends(&[
            "4.18.0-305.el8.x86_64",
            "4.18.0-305.3.1.el8.x86_64",
            "4.18.0-305.25.1.el8_4.x86_64",
            "4.18.0-305.25.1.rt7.97.el8_4.x86_64",
            "5.4.17-2136.307.3.5.el8uek.x86_64",
            "5.14.0-427.9.1.el9_4.x86_64",
            "5.14.0-427.28.1.el9_4.aarch64",
            "5.14.0-427.28.1.el9_4.x86_64",
            "5.14.0-427.28.1.el9_4.x86_64+rt",
            "6.12.0-1.el10.x86_64",
        ]);
    }

    #[test]
    fn debian_releases_are_ordered_as_dpkg_orders_them() {
        ascends(&[
            "4.9.65-2+grsecunoff1~bpo9+1-amd64",
            "4.15.0-1087-oracle",
            // dpkg takes `fde` for a revision of `4.15.0-1087-azure`.
            "4.15.0-1087-azure-fde",
            "4.19.232-1~deb9u1-amd64",
            "4.19.232-1-amd64",
            "6.1.0-9-amd64",
            "6.1.0-27-amd64",
            "6.1.0-27-cloud-amd64",
            "6.12.107+deb12-amd64",
            "6.12.107+deb12-cloud-amd64",
        ]);
    }

    #[test]
    fn families_do_not_mix_within_a_version() {
        ascends(&["5.14.0-1.el9.x86_64", "5.14.0-570.el9_6.x86_64", "5.14.0-1-amd64", "5.15.0-1.el9.x86_64"]);
        ascends(&["1688.5.3", "1745.3.1", "2023.5.0"]);
    }

    proptest! {
        #[test]
        fn it_is_an_order(mut releases in proptest::collection::vec("[0-9a1.]{1,4}[0-9a-c.~+_-]{0,8}(\\.x86_64)?", 3)) {
            let [one, two, three] = [&releases[0], &releases[1], &releases[2]];
            prop_assert_eq!(by_version(one, two), by_version(two, one).reverse());
            prop_assert_eq!(by_version(one, two).is_eq(), one == two);
            if by_version(one, two).is_le() && by_version(two, three).is_le() {
                prop_assert!(by_version(one, three).is_le(), "{} {} {}", one, two, three);
            }
            releases.sort_by(|a, b| by_version(a, b));
            prop_assert!(releases.is_sorted_by(|a, b| by_version(a, b).is_le()));
        }
    }
}
