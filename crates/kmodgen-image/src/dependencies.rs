//! depmod's files: there, made by kmod's depmod, and in agreement with the modules.
//!
//! modprobe reads the `.bin` files alone. busybox's depmod writes none, and kmod's modprobe then
//! finds no module. A depmod that ran without the kernel's own tree silently drops dependencies
//! on modules of that tree. (All three tried; see also modules.dep(5).)

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::index::Index;
use crate::placement::{Folder, Module, name};
use crate::root::{Node, Root, Unresolved, join};
use crate::siblings::is_duplicate;
use crate::{Report, shown};

/// The indexes that modprobe opens.
const INDEXES: [&str; 3] = ["modules.dep.bin", "modules.alias.bin", "modules.symbols.bin"];

/// Advice for most of the findings about depmod's files.
pub(crate) const RUN_DEPMOD: &str =
    "run kmod's `depmod -b /opt <release>` after installing the last module, and copy the whole folder";

/// Checks depmod's files of one kernel.
pub(crate) fn check(root: &Root, folder: &Folder<'_>, report: &mut Report) {
    if folder.modules.is_empty() {
        return;
    }
    check_indexes(root, folder, report);
    let path = join(&folder.path, "modules.dep");
    let Some(text) = text(root, &path) else {
        report.find("depmod", &path, "is missing or not a text file", RUN_DEPMOD);
        return;
    };
    check_agreement(root, folder, &text, report);
    let lists = Lists::parse(&text);
    let built_in = text_names(root, &join(&folder.path, "modules.builtin"));
    let by_name: BTreeSet<String> = folder.modules.iter().map(Module::name).collect();
    let host = has_host_link(root, folder);
    for module in &folder.modules {
        let rel = module.path.strip_prefix(&folder.path).unwrap_or_default().trim_start_matches('/');
        let Some(line) = lists.0.get(rel) else {
            // depmod lists one file of a module; that there are two is told.
            if is_duplicate(folder, module) {
                continue;
            }
            report.find(
                "depmod-unlisted",
                &module.path,
                "is not in modules.dep, so modprobe does not find it",
                RUN_DEPMOD,
            );
            continue;
        };
        let depends = module.kmod().and_then(|kmod| kmod.info.as_ref()).map_or(&[][..], |info| &info.depends);
        for depend in depends {
            let wanted = name(depend);
            if line.contains(&wanted) || built_in.contains(&wanted) {
                continue;
            }
            if by_name.contains(&wanted) {
                report.find(
                    "depmod-dependency",
                    &module.path,
                    format!("depends on {}, but modules.dep does not list it", shown(depend)),
                    RUN_DEPMOD,
                );
            } else if host {
                report.find(
                    "depmod-dependency",
                    &module.path,
                    format!("depends on the in-tree module {}, but modules.dep does not list it", shown(depend)),
                    "run depmod in the builder, which has /lib/modules/<release>, and copy the result",
                );
            } else {
                report.note(
                    "in-tree-dependency",
                    &module.path,
                    format!(
                        "depends on {}, which is not in the image: it must be an in-tree module of the node's kernel",
                        shown(depend)
                    ),
                    "load it first, or add a link `host` to /lib/modules/<release> in the folder",
                );
            }
        }
    }
    check_listed(root, folder, &lists, report);
}

/// Every index that is there must be one that modprobe reads. Of modules.builtin, which an image of
/// modules lacks, kmod's depmod writes empty ones (tried).
fn check_indexes(root: &Root, folder: &Folder<'_>, report: &mut Report) {
    for index in INDEXES {
        let path = join(&folder.path, index);
        if root.file(&path).is_none() {
            report.find(
                "depmod",
                &path,
                "is missing, and modprobe reads no other file",
                format!("{RUN_DEPMOD}; busybox's depmod does not write it"),
            );
        }
    }
    for (name, _) in root.children(&folder.path) {
        let path = join(&folder.path, name);
        let Some(file) = root.file(&path) else { continue };
        if file.size == 0 && name.starts_with("modules.builtin") {
            continue;
        }
        if let Facts::Index(Err(error)) = file.facts.as_ref() {
            report.find("depmod", &path, error.to_string(), RUN_DEPMOD);
        }
    }
}

/// modules.dep.bin, which modprobe reads, must say of the image's own modules what modules.dep says.
fn check_agreement(root: &Root, folder: &Folder<'_>, text: &str, report: &mut Report) {
    let path = join(&folder.path, "modules.dep.bin");
    let Some(Facts::Index(Ok(index))) = root.file(&path).map(|file| file.facts.as_ref()) else { return };
    let own: BTreeSet<&str> =
        folder.modules.iter().filter_map(|module| module.path.strip_prefix(&folder.path)?.strip_prefix('/')).collect();
    let mut lines = text.lines().filter_map(|line| Some((line.split_once(':')?.0, line)));
    if let Some((module, _)) = lines.find(|(module, line)| own.contains(module) && !has_line(index, module, line)) {
        report.find("depmod", &path, format!("has another entry for {} than modules.dep", shown(module)), RUN_DEPMOD);
    }
}

/// Checks whether an index has a module's line of modules.dep.
fn has_line(index: &Index, module: &str, line: &str) -> bool {
    let values = index.0.get(name(module).as_bytes());
    values.is_some_and(|values| values.iter().any(|value| value.trim_ascii() == line.trim().as_bytes()))
}

/// Modules that modules.dep lists must be there, unless they are behind a link to the node's tree.
fn check_listed(root: &Root, folder: &Folder<'_>, lists: &Lists, report: &mut Report) {
    const TOLD: usize = 10;
    // An absolute path is one that depmod ran without `-b` for, and is the node's.
    let own = lists.0.keys().filter(|rel| !rel.starts_with('/'));
    let gone: Vec<&String> = own.filter(|rel| is_gone(root, folder, rel)).collect();
    for rel in gone.iter().take(TOLD) {
        report.find("depmod-missing", &join(&folder.path, rel), "is in modules.dep but not in the image", RUN_DEPMOD);
    }
    if let Some(more) = gone.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let path = join(&folder.path, "modules.dep");
        report.find(
            "depmod-missing",
            &path,
            format!("lists {more} more modules that are not in the image"),
            RUN_DEPMOD,
        );
    }
}

fn is_gone(root: &Root, folder: &Folder<'_>, rel: &str) -> bool {
    match root.resolve(&join(&folder.path, rel)) {
        Ok(_) => false,
        // A link out of the folder leads to what the node has.
        Err(Unresolved::Missing(at)) => at.strip_prefix(&folder.path).is_some_and(|rest| rest.starts_with('/')),
        Err(_) => true,
    }
}

/// Returns whether the folder has a link to the node's own modules, named as KMM's worker mounts them.
fn has_host_link(root: &Root, folder: &Folder<'_>) -> bool {
    let own = format!("/lib/modules/{}", folder.release);
    root.children(&folder.path)
        .any(|(_, node)| matches!(node, Node::Link(target) if target.trim_end_matches('/') == own))
}

/// The text of a file of depmod's.
pub(crate) fn text(root: &Root, path: &str) -> Option<String> {
    match root.file(path)?.facts.as_ref() {
        Facts::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

fn text_names(root: &Root, path: &str) -> BTreeSet<String> {
    text(root, path).unwrap_or_default().lines().map(name).collect()
}

/// modules.dep: each module, by its path, with the names of those that must be loaded before it.
#[derive(Debug, Default)]
struct Lists(BTreeMap<String, BTreeSet<String>>);

impl Lists {
    fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let modules =
            lines.map(|(path, depends)| (path.trim().to_owned(), depends.split_whitespace().map(name).collect()));
        Self(modules.collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::FileKind;
    use crate::index;
    use crate::testing::{R, Tree, codes, kmod, kmod_file};
    use crate::{Expected, placement};

    const BASE: &str = "opt/lib/modules/5.14.0-1.el9.x86_64";

    fn module(depends: &str) -> Facts {
        kmod(kmod_file(62, &format!("vermagic={R} SMP\0depends={depends}\0")))
    }

    fn tree(modules_dep: &str) -> Tree {
        let lines: Vec<(String, &str)> = modules_dep
            .lines()
            .map(|line| (name(line.split(':').next().unwrap_or_default()), line.trim_end()))
            .collect();
        let lines: Vec<(&str, &str)> = lines.iter().map(|(name, line)| (name.as_str(), *line)).collect();
        INDEXES
            .iter()
            .fold(Tree::new(), |tree, file| {
                tree.file(&format!("{BASE}/{file}"), 0o644, Facts::of(FileKind::Index, file, index::write(&lines)))
            })
            .file(&format!("{BASE}/extra/kmm-a.ko"), 0o644, module("kmm-b,ib_core"))
            .file(&format!("{BASE}/extra/kmm_b.ko.xz"), 0o644, module(""))
            .text(&format!("{BASE}/modules.dep"), modules_dep)
    }

    fn run(tree: Tree) -> (Vec<String>, Vec<String>) {
        let root = tree.root();
        let mut report = Report::default();
        let folders = placement::check(&root, &Expected::default(), &mut report);
        check(&root, &folders[0], &mut report);
        (codes(&report.findings), codes(&report.notes))
    }

    #[test]
    fn lists_agree_with_modules() {
        let good = "extra/kmm-a.ko: extra/kmm_b.ko.xz\nextra/kmm_b.ko.xz:\n";
        let in_tree = vec![format!("in-tree-dependency /{BASE}/extra/kmm-a.ko")];
        assert_eq!(run(tree(good)), (vec![], in_tree.clone()));
        let built_in = tree(good).text(&format!("{BASE}/modules.builtin"), "kernel/drivers/ib-core.ko\n");
        assert_eq!(run(built_in), (vec![], vec![]));
        let dropped = vec![format!("depmod-dependency /{BASE}/extra/kmm-a.ko")];
        assert_eq!(run(tree("extra/kmm-a.ko:\nextra/kmm_b.ko.xz:\n")), (dropped.clone(), in_tree.clone()));
        let host = format!("/lib/modules/{R}");
        assert_eq!(run(tree(good).link(&format!("{BASE}/host"), &host)), (dropped, vec![]));
        let whole = "extra/kmm-a.ko: extra/kmm_b.ko.xz host/kernel/ib_core.ko.xz\nextra/kmm_b.ko.xz:\nhost/kernel/ib_core.ko.xz:\n";
        assert_eq!(run(tree(whole).link(&format!("{BASE}/host"), &host)), (vec![], vec![]));
        assert_eq!(
            run(tree("extra/kmm_b.ko.xz:\nextra/gone.ko: \n")).0,
            [format!("depmod-unlisted /{BASE}/extra/kmm-a.ko"), format!("depmod-missing /{BASE}/extra/gone.ko")]
        );
    }

    #[test]
    fn the_index_agrees_with_the_list() {
        let list = "extra/kmm-a.ko: extra/kmm_b.ko.xz\nextra/kmm_b.ko.xz:\n";
        for (first, second, agrees) in [
            ("extra/kmm-a.ko: extra/kmm_b.ko.xz", "extra/kmm_b.ko.xz:", true),
            ("extra/kmm-a.ko:", "extra/kmm_b.ko.xz:", false),
            ("extra/kmm-a.ko: extra/kmm_b.ko.xz", "", false),
        ] {
            let index = index::write(&[("kmm_a", first), ("kmm_b", second)]);
            let index = Facts::of(FileKind::Index, "modules.dep.bin", index);
            let found = run(tree(list).file(&format!("{BASE}/modules.dep.bin"), 0o644, index)).0;
            let expected = if agrees { vec![] } else { vec![format!("depmod /{BASE}/modules.dep.bin")] };
            assert_eq!(found, expected, "{first}, {second}");
        }
    }

    #[test]
    fn indexes_are_kmods() {
        let good = "extra/kmm-a.ko: extra/kmm_b.ko.xz\nextra/kmm_b.ko.xz:\n";
        for (file, bytes) in [
            ("modules.dep.bin", vec![]),
            ("modules.alias.bin", b"text of forty bytes or so".to_vec()),
            ("modules.symbols.bin", index::write(&[("a", "b")])[..20].to_vec()),
            ("modules.builtin.alias.bin", [0xb0, 0x07, 0xf4, 0x57, 0, 3, 0, 1, 0, 0, 0, 0].to_vec()),
        ] {
            let other = tree(good).file(&format!("{BASE}/{file}"), 0o644, Facts::of(FileKind::Index, file, bytes));
            assert_eq!(run(other).0, [format!("depmod /{BASE}/{file}")]);
        }
        let busybox = Tree::new().file(&format!("{BASE}/a.ko"), 0o644, Facts::Plain);
        let expected = INDEXES.iter().chain(&["modules.dep"]).map(|file| format!("depmod /{BASE}/{file}"));
        assert_eq!(run(busybox).0, expected.collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "[a-z:/ \n.\u{0}é-]{0,120}") {
            let _ = run(tree(&text));
        }
    }
}
