//! Changes that are equal but for the kernel: its release and the hashes that follow from it.

use std::collections::HashMap;

use crate::adapters::ui;
use crate::header::{Ownership, ownership};
use crate::vocabulary::KernelRelease;

/// Number of hexadecimal digits in a row from which on they are a hash.
const HASH: usize = 10;

/// Groups with a key each, in the order of the first of each.
pub(super) struct Groups<T> {
    all: Vec<T>,
    known: HashMap<String, usize>,
}

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Self { all: Vec::new(), known: HashMap::new() }
    }
}

impl<T> Groups<T> {
    /// Returns the group with a key, made by `new` if there is none yet.
    pub(super) fn of(&mut self, key: String, new: impl FnOnce() -> T) -> &mut T {
        let at = *self.known.entry(key).or_insert(self.all.len());
        if at == self.all.len() {
            self.all.push(new());
        }
        &mut self.all[at]
    }

    /// Returns all groups.
    pub(super) fn into_all(self) -> Vec<T> {
        self.all
    }
}

/// Draws the difference of two texts. The first line of kmodgen's files always changes with the rest: it is shown only
/// if nothing else does.
pub(super) fn without_header(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    if let (Some(old), Some(new)) = (old, new)
        && let (Some((first, _)), Some((_, rest))) = (old.split_once('\n'), new.split_once('\n'))
        && ownership(old.as_bytes()) != Ownership::Foreign
    {
        let diff = ui::unified(path, Some(old), Some(&format!("{first}\n{rest}")));
        if !diff.is_empty() {
            return diff;
        }
    }
    ui::unified(path, old, new)
}

/// Returns the lines that differ between two texts of a kernel, the same for kernels whose texts differ alike.
pub(super) fn changed_lines(old: &str, new: &str, release: Option<&KernelRelease>) -> String {
    let [old, new] = [old, new].map(|text| without_kernel(text, release));
    signed_lines(&ui::unified("", Some(&old), Some(&new)))
}

/// Returns the lines of a diff that differ: what is around a change is the kernel's own, too.
pub(super) fn signed_lines(diff: &str) -> String {
    let diff = ui::without_colour(diff);
    // The first two lines name the file.
    diff.lines().skip(2).filter(|line| line.starts_with(['+', '-'])).map(|line| format!("{line}\n")).collect()
}

/// Returns a text with the same word for the release and for hashes, which differ from kernel to kernel.
pub(super) fn without_kernel(text: &str, release: Option<&KernelRelease>) -> String {
    let mut text = text.to_owned();
    if let Some(release) = release {
        for form in [release.as_str(), release.normalised(), release.dns_safe()] {
            text = text.replace(form, "KERNEL");
        }
    }
    without_hashes(&text)
}

fn without_hashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        if digits >= HASH {
            out.push_str("HASH");
        } else {
            out.push_str(&rest[..digits]);
        }
        rest = &rest[digits..];
        if let Some(c) = rest.chars().next() {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_from_words() {
        assert_eq!(without_hashes("faced 0123456789abcdef é"), "faced HASH é");
    }

    #[test]
    fn groups_are_in_the_order_of_their_first() {
        let mut groups = Groups::default();
        for word in ["b", "a", "b"] {
            groups.of(word.to_owned(), Vec::new).push(word);
        }
        assert_eq!(groups.into_all(), [vec!["b", "b"], vec!["a"]]);
    }
}
