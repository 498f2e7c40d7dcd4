//! Differences of snapshots, drawn. Those that are the same but for the kernel are one: a change of a template is one
//! for all kernels, and is shown once.

use crate::commands::alike::{Groups, changed_lines, without_header};
use crate::test_cases::{Difference, DifferenceKind};

/// Draws a difference, line by line.
pub(super) fn draw(path: &str, matter: &DifferenceKind) -> String {
    let (old, new) = matter.sides();
    without_header(path, old, new)
}

/// Puts changed snapshots that differ alike together, in the order of the first of each.
pub(super) fn alike<'d>(differences: &[&'d Difference]) -> Vec<Vec<&'d Difference>> {
    let mut groups = Groups::default();
    for difference in differences {
        let DifferenceKind::Changed { old, new } = &difference.matter else { continue };
        let lines = changed_lines(old, new, difference.release.as_ref());
        groups.of(format!("{}\n{lines}", difference.path.file_name()), Vec::new).push(*difference);
    }
    groups.into_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{KernelRelease, RelPath};

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
}
