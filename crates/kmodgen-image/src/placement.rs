//! Checks where the modules are: under `/opt/lib/modules/<release>`, for one kernel, and nowhere else.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::elf::Kmod;
use crate::facts::{Facts, is_module};
use crate::root::{Node, Root, join};
use crate::{Expected, Report, shown};

/// Folder in which KMM's worker looks for the folder of a kernel.
pub(crate) const MODULES: &str = "opt/lib/modules";

/// The modules of one kernel.
#[derive(Debug)]
pub(crate) struct Folder<'r> {
    /// Path of the folder that the modules are in.
    pub(crate) path: String,
    /// The kernel's release: the folder's name.
    pub(crate) release: String,
    /// The modules, by path.
    pub(crate) modules: Vec<Module<'r>>,
}

/// A module in its place.
#[derive(Debug)]
pub(crate) struct Module<'r> {
    /// Path of the module's file.
    pub(crate) path: String,
    /// Facts found in the module's file; `None` if the path is a link to nothing or no file.
    pub(crate) facts: Option<&'r Arc<Facts>>,
}

impl<'r> Module<'r> {
    /// Returns the parsed module; `None` if the file is not a module.
    pub(crate) fn kmod(&self) -> Option<&'r Kmod> {
        match self.facts?.as_ref() {
            Facts::Module(Ok(kmod)) => Some(kmod),
            _ => None,
        }
    }

    /// The name that modprobe finds it by: that of its file.
    pub(crate) fn name(&self) -> String {
        name(&self.path)
    }

    /// The name that the kernel has for it.
    pub(crate) fn kernel_name(&self) -> String {
        let own = self.kmod().and_then(|kmod| kmod.info.as_ref()?.name.as_deref());
        name(own.unwrap_or(&self.path))
    }
}

/// The name of the module in a file: without its folder and suffix, and with `_` for `-`, which
/// kmod takes for the same.
pub(crate) fn name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rfind(".ko").map_or(file, |at| &file[..at]);
    stem.replace('-', "_")
}

/// The modules of an image by their place.
pub(crate) struct Placement<'r> {
    /// Folders of kernels.
    pub(crate) folders: Vec<Folder<'r>>,
    /// Paths of modules that are in no such folder, by the tree that they are in.
    elsewhere: BTreeMap<String, Vec<&'r str>>,
}

/// Finds the modules.
pub(crate) fn find(root: &Root) -> Placement<'_> {
    let base = root.resolve(MODULES).ok();
    let mut folders: Vec<Folder<'_>> = Vec::new();
    for (name, node) in base.iter().flat_map(|base| root.children(base)) {
        if matches!(node, Node::Folder) {
            let path = join(base.as_deref().unwrap_or_default(), name);
            folders.push(Folder { path, release: name.to_owned(), modules: Vec::new() });
        }
    }
    let mut elsewhere: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (path, node) in root.below("") {
        let is_file = matches!(node, Node::File(_) | Node::Link(_));
        if !is_file || !is_module(path) {
            continue;
        }
        let home =
            folders.iter_mut().find(|folder| path.strip_prefix(&folder.path).is_some_and(|p| p.starts_with('/')));
        match home {
            Some(folder) => folder.modules.push(Module { path: path.to_owned(), facts: facts(root, path) }),
            // A link elsewhere to a module in its place harms nobody.
            None if matches!(node, Node::Link(_)) => {}
            None => elsewhere.entry(group(path)).or_default().push(path),
        }
    }
    Placement { folders, elsewhere }
}

/// Finds the modules, and tells of those that are elsewhere.
pub(crate) fn check<'r>(root: &'r Root, expected: &Expected, report: &mut Report) -> Vec<Folder<'r>> {
    let Placement { folders, elsewhere } = find(root);
    // Empty folders of other kernels, as `depmod` without a release leaves them, are told, too.
    let in_place = folders.iter().map(|folder| folder.modules.len()).sum::<usize>();
    if in_place == 0 {
        report.find(
            "no-modules",
            MODULES,
            "has no kernel module",
            "copy the .ko files to /opt/lib/modules/<release>/ in the last stage",
        );
    }
    tell_elsewhere(&elsewhere, report);
    tell_kernels(&folders, expected, report);
    folders
}

fn facts<'r>(root: &'r Root, path: &str) -> Option<&'r Arc<Facts>> {
    root.file(path).map(|file| &file.facts)
}

/// Modules elsewhere are told by the tree that they are in: whole kernels come to thousands.
fn group(path: &str) -> String {
    match path.find("lib/modules/").map(|at| at + "lib/modules/".len()) {
        Some(start) => {
            let end = path[start..].find('/').map_or(start, |at| start + at);
            path[..end].trim_end_matches('/').to_owned()
        }
        None => path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
    }
}

fn tell_elsewhere(elsewhere: &BTreeMap<String, Vec<&str>>, report: &mut Report) {
    for (folder, paths) in elsewhere {
        let (path, message) = match paths.as_slice() {
            [path] => (*path, "is a kernel module outside /opt/lib/modules/<release>".to_owned()),
            paths => {
                let count = paths.len();
                (folder.as_str(), format!("has {count} kernel modules outside /opt/lib/modules/<release>"))
            }
        };
        report.find(
            "module-elsewhere",
            path,
            message,
            "KMM ignores it there: copy only your own modules, to /opt/lib/modules/<release>/",
        );
    }
}

fn tell_kernels(folders: &[Folder<'_>], expected: &Expected, report: &mut Report) {
    let wanted = expected.release.as_deref();
    if let Some(wanted) = wanted
        && !folders.iter().any(|folder| folder.release == wanted)
    {
        report.find(
            "no-release",
            &join(MODULES, wanted),
            format!("is missing{}", others(folders, wanted)),
            format!("build the image for kernel {wanted}, or verify it with another --release"),
        );
    }
    let strangers = folders.iter().filter(|folder| wanted.is_some_and(|wanted| wanted != folder.release));
    for folder in strangers {
        report.find(
            "other-kernel",
            &folder.path,
            "is the folder of another kernel",
            "run `depmod -b /opt <release>`, and copy only the folder of that release",
        );
    }
    if wanted.is_none() && folders.len() > 1 {
        report.find(
            "several-kernels",
            MODULES,
            format!("has the folders of {} kernels{}", folders.len(), others(folders, "")),
            "run `depmod -b /opt <release>`, and copy only the folder of that release",
        );
    }
    for folder in folders {
        if let Some(Err(breach)) = expected.check_release.map(|check| check(&folder.release)) {
            report.find("release", &folder.path, breach.message, breach.help);
        }
    }
}

/// Names up to five folders for other kernels than `wanted`, as the end of a message.
fn others(folders: &[Folder<'_>], wanted: &str) -> String {
    let names: Vec<String> =
        folders.iter().filter(|folder| folder.release != wanted).take(5).map(|folder| shown(&folder.release)).collect();
    if names.is_empty() { String::new() } else { format!("; there is {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Breach;
    use crate::testing::{R, Tree, codes};

    fn find(tree: Tree, release: Option<&str>) -> Vec<String> {
        let expected =
            Expected { release: release.map(str::to_owned), check_release: Some(no_plus), ..Expected::default() };
        let mut report = Report::default();
        check(&tree.root(), &expected, &mut report);
        codes(&report.findings)
    }

    fn no_plus(release: &str) -> Result<(), Breach> {
        if release.ends_with('+') {
            return Err(Breach { message: "ends with `+`".into(), help: "rename it".into() });
        }
        Ok(())
    }

    fn module(path: &str) -> Tree {
        Tree::new().file(path, 0o644, Facts::Plain)
    }

    #[test]
    fn modules_have_one_place() {
        let good = module(&format!("opt/lib/modules/{R}/extra/a.ko.xz"));
        assert!(find(good.clone(), None).is_empty());
        assert!(find(good.clone(), Some(R)).is_empty());
        let linked = Tree::new()
            .link("opt/lib", "../srv")
            .file(&format!("srv/modules/{R}/a.ko"), 0o644, Facts::Plain)
            .link("a.ko", &format!("/opt/lib/modules/{R}/a.ko"));
        assert!(find(linked, None).is_empty());
        assert_eq!(find(Tree::new(), None), ["no-modules /opt/lib/modules"]);
        let other = good.clone().file("opt/lib/modules/6.1.0-2-amd64/b.ko", 0o644, Facts::Plain);
        assert_eq!(find(other.clone(), None), ["several-kernels /opt/lib/modules"]);
        assert_eq!(find(other, Some(R)), ["other-kernel /opt/lib/modules/6.1.0-2-amd64"]);
        assert_eq!(
            find(good, Some("5.14.0-9.x86_64")),
            ["no-release /opt/lib/modules/5.14.0-9.x86_64".to_owned(), format!("other-kernel /opt/lib/modules/{R}")]
        );
        assert_eq!(find(module("opt/lib/modules/6.1.0-1+/a.ko"), None), ["release /opt/lib/modules/6.1.0-1+"]);
    }

    #[test]
    fn modules_elsewhere_are_told_by_tree() {
        let tree = module(&format!("opt/lib/modules/{R}/a.ko"))
            .file("opt/x.ko", 0o644, Facts::Plain)
            .file("opt/lib/modules/stray.ko", 0o644, Facts::Plain)
            .file("usr/lib/modules/6.1/kernel/a.ko.zst", 0o644, Facts::Plain)
            .file("usr/lib/modules/6.1/kernel/net/b.ko.zst", 0o644, Facts::Plain);
        assert_eq!(
            find(tree, None),
            [
                "module-elsewhere /opt/x.ko",
                "module-elsewhere /opt/lib/modules/stray.ko",
                "module-elsewhere /usr/lib/modules/6.1"
            ]
        );
    }

    #[test]
    fn names_are_the_kernels() {
        assert_eq!(name("extra/kmm-ci-a.ko.xz"), "kmm_ci_a");
        assert_eq!(name("b.ko"), "b");
    }
}
