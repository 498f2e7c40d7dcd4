//! Firmware that the modules name, and the folders that KMM copies it from.

use std::collections::BTreeSet;

use crate::placement::Folder;
use crate::root::{Node, Root, clean};
use crate::{Firmware, Report, shown};

const CODE: &str = "firmware-path";

/// Folder that kmodgen installs firmware into.
const INSTALLED: &str = "opt/lib/firmware";

/// Folders that images keep firmware in, unless `firmwarePath` says so: base images have `/lib/firmware`.
const PLACES: [&str; 2] = [INSTALLED, "lib/firmware"];

/// Suffixes that the kernel's loader tries after a name (kernel, drivers/base/firmware_loader).
const SUFFIXES: [&str; 3] = ["", ".xz", ".zst"];

/// Checks that KMM finds what it copies before it loads modules.
///
/// Its worker runs `cp -R PATH/*` in the image, which fails if nothing matches
/// (rh-ecosystem-edge/kernel-module-management, `LoaderPodTemplate`).
pub(crate) fn check_paths(root: &Root, firmware: &Firmware, report: &mut Report) {
    for path in &firmware.paths {
        let shown = clean(path);
        match root.resolve(path).map(|at| root.get(&at).map(|node| (at.clone(), node))) {
            Ok(Some((at, Node::Folder))) => {
                if !root.children(&at).any(|(name, _)| !name.starts_with('.')) {
                    report.find(
                        CODE,
                        &shown,
                        "has no files, so KMM cannot copy it and every load fails",
                        "put the firmware there, or remove `firmwarePath`",
                    );
                } else if firmware.installed && !has_files(root, &at) {
                    report.find(
                        CODE,
                        &shown,
                        "has none of the firmware that the manifest installs",
                        "check in the build log to which folder `install.firmware` was copied",
                    );
                }
            }
            Ok(_) => report.find(
                CODE,
                &shown,
                "is not a folder; KMM copies its contents before it loads modules",
                "set `firmwarePath` to the folder with the firmware",
            ),
            Err(why) => report.find(
                CODE,
                &shown,
                format!("cannot be copied by KMM before it loads modules: {why}"),
                match PLACES.iter().find(|place| root.resolve(place).is_ok_and(|at| has_files(root, &at))) {
                    Some(place) => format!("write `firmwarePath: /{place}`, the folder with the image's firmware"),
                    None => "put the firmware there, or remove `firmwarePath`".to_owned(),
                },
            ),
        }
    }
    if firmware.paths.is_empty() && root.resolve(INSTALLED).is_ok_and(|at| has_files(root, &at)) {
        report.find(
            CODE,
            INSTALLED,
            "has firmware, but KMM does not copy it to nodes without a `firmwarePath`",
            format!("write `modprobe: {{firmwarePath: /{INSTALLED}}}` under `kmm`, or leave the firmware out"),
        );
    }
}

fn has_files(root: &Root, folder: &str) -> bool {
    root.below(folder).any(|(_, node)| match node {
        Node::File(file) => file.size > 0,
        Node::Link(_) => true,
        Node::Folder | Node::Other => false,
    })
}

/// Checks the firmware of one kernel's modules.
pub(crate) fn check(root: &Root, folder: &Folder<'_>, expected: Option<&Firmware>, report: &mut Report) {
    let everywhere: Vec<String> = PLACES.iter().filter_map(|place| root.resolve(place).ok()).collect();
    let paths = expected.map(|firmware| firmware.paths.as_slice()).filter(|paths| !paths.is_empty());
    // Of a path that is not there, `check_paths` tells.
    let copied: Option<Vec<String>> =
        paths.map(|paths| paths.iter().filter_map(|path| root.resolve(path).ok()).collect());
    let places = copied.as_ref().unwrap_or(&everywhere);
    let carries = places.iter().any(|place| has_files(root, place));

    for module in &folder.modules {
        let Some(info) = module.kmod().and_then(|kmod| kmod.info.as_ref()) else { continue };
        let wanted: BTreeSet<&str> = info.firmware.iter().map(String::as_str).collect();
        let missing: Vec<&str> = wanted.into_iter().filter(|name| find(root, places, name).is_none()).collect();
        let Some(name) = missing.first() else { continue };
        let more = match missing.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let first = shown(name);
        let elsewhere = find(root, &everywhere, name).filter(|_| copied.is_some());
        if let (Some(elsewhere), Some(paths)) = (elsewhere, paths) {
            report.find(
                "firmware",
                &module.path,
                format!(
                    "may request firmware {first}{more}, which is not in {}, the only folder that KMM copies: it is /{}",
                    paths.join(", "),
                    shown(&elsewhere)
                ),
                "set `firmwarePath` to the folder that the module's firmware names are relative to",
            );
        } else if carries {
            report.find(
                "firmware",
                &module.path,
                format!("may request firmware {first}{more}, which is not in the image"),
                format!("copy it to {} with the rest", paths.map_or(format!("/{INSTALLED}"), |paths| paths.join(", "))),
            );
        } else {
            report.note(
                "firmware",
                &module.path,
                format!("may request firmware {first}{more}, and the image has no firmware"),
                "make sure that the nodes have it, or copy it to /opt/lib/firmware and set `firmwarePath`",
            );
        }
    }
}

/// Returns the path of a firmware file in the first of these folders that has it.
fn find(root: &Root, folders: &[String], name: &str) -> Option<String> {
    let mut paths = folders.iter().flat_map(|folder| SUFFIXES.map(|suffix| format!("{folder}/{name}{suffix}")));
    paths.find(|path| root.file(path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, FileKind};
    use crate::testing::{R, Tree, codes, kmod_file};
    use crate::{Expected, placement};

    fn run(tree: Tree, firmware: Option<&Firmware>) -> (Vec<String>, Vec<String>) {
        let module = Facts::of(FileKind::Module, "a.ko", kmod_file(62, "firmware=v/a.bin\0firmware=v/b.bin\0"));
        let root = tree.file(&format!("opt/lib/modules/{R}/a.ko"), 0o644, module).root();
        let mut report = Report::default();
        let folders = placement::check(&root, &Expected::default(), &mut report);
        firmware.inspect(|firmware| check_paths(&root, firmware, &mut report));
        check(&root, &folders[0], firmware, &mut report);
        (codes(&report.findings), codes(&report.notes))
    }

    fn copied(paths: &[&str]) -> Firmware {
        Firmware { paths: paths.iter().map(ToString::to_string).collect(), installed: true }
    }

    fn module() -> Vec<String> {
        vec![format!("firmware /opt/lib/modules/{R}/a.ko")]
    }

    #[test]
    fn firmware_is_whole_or_the_nodes() {
        assert_eq!(run(Tree::new(), None), (vec![], module()));
        let part = Tree::new().file("opt/lib/firmware/v/a.bin", 0o644, Facts::Plain);
        assert_eq!(run(part.clone(), None), (module(), vec![]));
        let usrmerge = part.link("lib", "usr/lib").file("usr/lib/firmware/v/b.bin.xz", 0o644, Facts::Plain);
        assert_eq!(run(usrmerge, None), (vec![], vec![]));
    }

    fn in_folder(folder: &str) -> Tree {
        let names = ["a.bin", "b.bin.zst"];
        names.iter().fold(Tree::new(), |tree, name| tree.file(&format!("{folder}/v/{name}"), 0o644, Facts::Plain))
    }

    #[test]
    fn copied_paths_hold_the_firmware() {
        for path in ["/firmware", "/firmware/", "//firmware/."] {
            assert_eq!(run(in_folder("firmware"), Some(&copied(&[path]))), (vec![], vec![]), "{path}");
        }
        assert_eq!(
            run(in_folder("srv/fw").link("firmware", "srv/fw"), Some(&copied(&["/firmware"]))),
            (vec![], vec![])
        );
        // Without its folder, no name of the firmware is right.
        assert_eq!(run(in_folder("firmware"), Some(&copied(&["/firmware/v"]))), (module(), vec![]));
        assert_eq!(run(in_folder("opt/lib/firmware"), Some(&copied(&["/opt/lib/firmware/v"]))), (module(), vec![]));
        let both = copied(&["/opt/lib/firmware", "/opt/lib/firmware/v"]);
        assert_eq!(run(in_folder("opt/lib/firmware"), Some(&both)), (vec![], vec![]));
    }

    #[test]
    fn copied_paths_are_folders_with_files() {
        let path = vec!["firmware-path /firmware".to_owned()];
        for (tree, expected) in [
            (Tree::new(), path.clone()),
            (Tree::new().text("firmware", "x"), path.clone()),
            (Tree::new().text("firmware/.hidden", "x"), [path.clone(), module()].concat()),
            (Tree::new().link("firmware", "nowhere"), path),
        ] {
            assert_eq!(run(tree.clone(), Some(&copied(&["/firmware"]))).0, expected);
            assert_eq!(run(tree, Some(&copied(&["/firmware/"]))).0, expected);
        }
        let unused = Tree::new().text("opt/lib/firmware/v/a.bin", "x").text("opt/lib/firmware/v/b.bin", "x");
        assert_eq!(run(unused, Some(&copied(&[]))), (vec!["firmware-path /opt/lib/firmware".into()], vec![]));
    }

    #[test]
    fn folders_without_firmware_are_the_nodes_on_some_kernels() {
        let empty = Tree::new().empty("opt/lib/firmware/kmodgen-no-firmware");
        let installed = copied(&["/opt/lib/firmware"]);
        let none = Firmware { installed: false, ..installed.clone() };
        assert_eq!(run(empty.clone(), Some(&none)), (vec![], module()));
        assert_eq!(run(empty, Some(&installed)), (vec!["firmware-path /opt/lib/firmware".into()], module()));
    }
}
