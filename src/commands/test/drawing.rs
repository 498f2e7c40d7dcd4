//! Differences, drawn. Those that are the same but for the kernel are one: a change of a template is
//! one for all kernels, and is shown once.

use std::collections::HashMap;

use crate::adapters::ui;
use crate::header::{Ownership, ownership};
use crate::test_cases::{Difference, DifferenceKind};
use crate::vocabulary::KernelRelease;

/// Hexadecimal digits in a row from which on they are those of a hash.
const HASH: usize = 10;

/// A difference, line by line. The first line of kmodgen's files always changes with the rest: it is
/// shown only where nothing else does.
pub(super) fn draw(path: &str, matter: &DifferenceKind) -> String {
    let (old, new) = matter.sides();
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

/// Puts changed snapshots that differ alike together, in the order of the first of each.
pub(super) fn alike<'d>(differences: &[&'d Difference]) -> Vec<Vec<&'d Difference>> {
    let mut groups: Vec<Vec<&Difference>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for difference in differences {
        let DifferenceKind::Changed { old, new } = &difference.matter else { continue };
        let [old, new] = [old, new].map(|text| without_kernel(text, difference.release.as_ref()));
        let diff = ui::without_colour(&ui::unified("", Some(&old), Some(&new)));
        // What stands around a change is the kernel's own, too.
        let lines: Vec<&str> = diff.lines().filter(|line| line.starts_with(['+', '-'])).collect();
        let at = *known.entry(format!("{}\n{}", difference.path.file_name(), lines.join("\n"))).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(difference);
    }
    groups
}

/// A text with what differs from kernel to kernel made the same: the release and hashes.
fn without_kernel(text: &str, release: Option<&KernelRelease>) -> String {
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
    use crate::vocabulary::RelPath;

    fn changed(release: &str, old: &str, new: &str) -> Difference {
        let path = RelPath::parse(&format!("snapshots/a/m/{release}/Dockerfile")).unwrap();
        let matter = DifferenceKind::Changed { old: old.replace('@', release), new: new.replace('@', release) };
        Difference { path, release: Some(KernelRelease::parse(release).unwrap()), matter }
    }

    #[test]
    fn what_differs_in_the_same_way_is_one_group() {
        let all = [
            changed("5.14.0-1.x86_64", "# 0123456789ab\nFROM @\nRUN a\n", "# 00000000000a\nFROM @\nRUN b\n"),
            changed("5.14.0-2.x86_64+rt", "# 0123456789cd\nFROM @\nRUN a\n", "# 00000000000c\nFROM @\nRUN b\n"),
            changed("5.14.0-3.x86_64", "# 0123456789ef\nFROM @\nRUN a\n", "# 00000000000e\nFROM @\nRUN c\n"),
        ];
        let groups = alike(&all.iter().collect::<Vec<_>>());
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn hashes_are_told_from_words() {
        assert_eq!(without_hashes("faced 0123456789abcdef é"), "faced HASH é");
    }
}
