//! Firmware that the modules name: in the image, where the image carries any.

use std::collections::BTreeSet;

use super::placement::Folder;
use super::root::{Node, Root};
use super::{Report, shown};

/// Where images keep firmware: KMM copies `/opt/lib/firmware` or what `firmwarePath` names, and
/// base images have `/lib/firmware`.
const PLACES: [&str; 2] = ["opt/lib/firmware", "lib/firmware"];

/// What the kernel's loader tries after a name (kernel, drivers/base/firmware_loader).
const SUFFIXES: [&str; 3] = ["", ".xz", ".zst"];

/// Checks the firmware of one kernel's modules.
pub(super) fn check(root: &Root, folder: &Folder<'_>, report: &mut Report) {
    let places: Vec<String> = PLACES.iter().filter_map(|place| root.resolve(place).ok()).collect();
    let carries = places.iter().any(|place| root.below(place).any(|(_, node)| matches!(node, Node::File(_))));
    for module in &folder.modules {
        let Some(info) = module.kmod().and_then(|kmod| kmod.info.as_ref()) else { continue };
        let is_there = |name: &str| {
            let paths = places.iter().flat_map(|place| SUFFIXES.map(|suffix| format!("{place}/{name}{suffix}")));
            paths.into_iter().any(|path| root.file(&path).is_some())
        };
        let wanted: BTreeSet<&str> = info.firmware.iter().map(String::as_str).collect();
        let missing: Vec<&str> = wanted.into_iter().filter(|name| !is_there(name)).collect();
        let Some(first) = missing.first() else { continue };
        let more = match missing.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let first = shown(first);
        if carries {
            report.find(
                "firmware",
                &module.path,
                format!("may ask for firmware {first}{more}, which is not in the image"),
                "copy it to /opt/lib/firmware with the rest",
            );
        } else {
            report.note(
                "firmware",
                &module.path,
                format!("may ask for firmware {first}{more}, and the image carries none"),
                "the node must have it, or copy it to /opt/lib/firmware and set `firmwarePath`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Facts, Kind};
    use super::super::testing::{R, Tree, codes, kmod_file};
    use super::super::{Expected, placement};
    use super::*;

    fn run(tree: Tree) -> (Vec<String>, Vec<String>) {
        let module = Facts::of(Kind::Module, "a.ko", kmod_file(62, "firmware=v/a.bin\0firmware=v/b.bin\0"));
        let root = tree.file(&format!("opt/lib/modules/{R}/a.ko"), 0o644, module).root();
        let mut report = Report::default();
        let folders = placement::check(&root, &Expected::default(), &mut report);
        check(&root, &folders[0], &mut report);
        (codes(&report.findings), codes(&report.notes))
    }

    #[test]
    fn firmware_is_whole_or_the_nodes() {
        let told = vec![format!("firmware /opt/lib/modules/{R}/a.ko")];
        assert_eq!(run(Tree::new()), (vec![], told.clone()));
        let part = Tree::new().file("opt/lib/firmware/v/a.bin", 0o644, Facts::Plain);
        assert_eq!(run(part.clone()), (told, vec![]));
        let usrmerge = part.link("lib", "usr/lib").file("usr/lib/firmware/v/b.bin.xz", 0o644, Facts::Plain);
        assert_eq!(run(usrmerge), (vec![], vec![]));
    }
}
