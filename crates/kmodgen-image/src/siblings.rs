//! The modules of one kernel side by side: each name once, and the same options of the kernel.

use std::collections::BTreeMap;

use crate::placement::{Folder, Module};
use crate::{Report, absolute, shown};

/// Checks the modules of one kernel against each other.
pub(crate) fn check(folder: &Folder<'_>, report: &mut Report) {
    for (name, files) in by_name(folder) {
        let [first, others @ ..] = files.as_slice() else { continue };
        for other in others {
            report.find(
                "duplicate",
                &other.path,
                format!(
                    "is the module {}, and so is {}; depmod uses only one of them",
                    shown(&name),
                    absolute(&first.path)
                ),
                "keep the intended file, and remove the other one",
            );
        }
    }
    check_flags(folder, report);
}

/// The files by the name that the kernel has for their module.
fn by_name<'f>(folder: &'f Folder<'_>) -> BTreeMap<String, Vec<&'f Module<'f>>> {
    let mut names: BTreeMap<String, Vec<&Module<'_>>> = BTreeMap::new();
    for module in &folder.modules {
        names.entry(module.kernel_name()).or_default().push(module);
    }
    names
}

/// Returns whether another file has the module's name.
pub(crate) fn is_duplicate(folder: &Folder<'_>, module: &Module<'_>) -> bool {
    folder.modules.iter().any(|other| {
        other.path != module.path && (other.name() == module.name() || other.kernel_name() == module.kernel_name())
    })
}

/// A kernel takes modules only with its own options in vermagic, so those of one kernel agree.
fn check_flags(folder: &Folder<'_>, report: &mut Report) {
    let mut groups: BTreeMap<String, Vec<&Module<'_>>> = BTreeMap::new();
    for module in &folder.modules {
        let info = module.kmod().and_then(|kmod| kmod.info.as_ref());
        // Of a module for another kernel the release is told already.
        let info = info.filter(|info| info.release() == Some(folder.release.as_str()));
        if let Some(flags) = info.and_then(|info| info.flags()) {
            groups.entry(flags).or_default().push(module);
        }
    }
    let Some(usual) = groups.iter().max_by_key(|(_, modules)| modules.len()).map(|(flags, _)| flags.clone()) else {
        return;
    };
    let witness = absolute(&groups[&usual][0].path);
    for (flags, modules) in groups.iter().filter(|(flags, _)| **flags != usual) {
        for module in modules {
            report.find(
                "vermagic-flags",
                &module.path,
                format!(
                    "was built with `{}` in vermagic, but {witness} with `{}`: no kernel loads both",
                    shown(flags),
                    shown(&usual)
                ),
                "build all modules against the same headers, with the same configuration",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{R, Tree, codes, kmod, kmod_file};
    use crate::{Expected, placement};

    fn run(modules: &[(&str, &str)]) -> Vec<String> {
        let tree = modules.iter().fold(Tree::new(), |tree, (file, info)| {
            tree.file(&format!("opt/lib/modules/{R}/{file}"), 0o644, kmod(kmod_file(62, info)))
        });
        let root = tree.root();
        let mut report = Report::default();
        let folders = placement::check(&root, &Expected::default(), &mut report);
        check(&folders[0], &mut report);
        codes(&report.findings)
    }

    #[test]
    fn a_module_is_there_once() {
        assert!(run(&[("a.ko", "name=a\0"), ("b.ko", "name=b\0")]).is_empty());
        for modules in [
            &[("a-x.ko", "name=a_x\0"), ("sub/a_x.ko", "name=a_x\0")][..],
            &[("a-x.ko", ""), ("sub/a_x.ko", "")],
            &[("a.ko", "name=x\0"), ("sub/b.ko", "name=x\0")],
            &[("a.ko", "name=x\0"), ("sub/x.ko", "")],
        ] {
            let path = format!("duplicate /opt/lib/modules/{R}/{}", modules[1].0);
            assert_eq!(run(modules), [path], "{modules:?}");
        }
    }

    #[test]
    fn modules_have_the_options_of_one_kernel() {
        let flags = ["SMP preempt mod_unload ", "SMP mod_unload modversions "];
        let [usual, other] = flags.map(|flags| format!("vermagic={R} {flags}\0"));
        assert!(run(&[("a.ko", &usual), ("b.ko", &usual)]).is_empty());
        let found = [format!("vermagic-flags /opt/lib/modules/{R}/c.ko")];
        assert_eq!(run(&[("a.ko", &usual), ("b.ko", &usual), ("c.ko", &other)]), found);
        assert!(run(&[("a.ko", &usual), ("b.ko", "vermagic=6.1.0 SMP\0")]).is_empty());
    }
}
