//! Modules that a module wants loaded with it, though it uses none of their symbols: depmod
//! writes them to modules.softdep, and modprobe, which does not look into the module, reads them
//! there alone. Without that file the module loads, and what it wanted silently does not
//! (kmod, libkmod-config.c: `kmod_config_new`).

use std::collections::BTreeSet;

use crate::dependencies::{RUN_DEPMOD, text};
use crate::placement::{Folder, name};
use crate::root::{Root, join};
use crate::{Report, shown};

/// Checks the wishes of one kernel's modules.
pub(crate) fn check(root: &Root, folder: &Folder<'_>, report: &mut Report) {
    let path = join(&folder.path, "modules.softdep");
    let text = text(root, &path).unwrap_or_default();
    let lines: BTreeSet<String> = text.lines().filter_map(|line| line.strip_prefix("softdep ")).map(words).collect();
    for module in &folder.modules {
        let Some(info) = module.kmod().and_then(|kmod| kmod.info.as_ref()) else { continue };
        for wish in &info.softdeps {
            if !lines.contains(&words(&format!("{} {wish}", module.name()))) {
                report.find(
                    "depmod-softdep",
                    &module.path,
                    format!("has the soft dependency `{}`, but modules.softdep does not list it", shown(wish)),
                    RUN_DEPMOD,
                );
            }
        }
    }
}

/// A line with one space between words, and names as kmod compares them.
fn words(line: &str) -> String {
    line.split_whitespace().map(name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{R, Tree, codes, kmod, kmod_file};
    use crate::{Expected, placement};

    fn run(info: &str, softdep: Option<&str>) -> Vec<String> {
        let module = kmod(kmod_file(62, info));
        let tree = Tree::new().file(&format!("opt/lib/modules/{R}/kmm-a.ko"), 0o644, module);
        let tree = match softdep {
            Some(text) => tree.text(&format!("opt/lib/modules/{R}/modules.softdep"), text),
            None => tree,
        };
        let root = tree.root();
        let mut report = Report::default();
        let folders = placement::check(&root, &Expected::default(), &mut report);
        check(&root, &folders[0], &mut report);
        codes(&report.findings)
    }

    #[test]
    fn what_a_module_wants_with_it_is_said() {
        let told = [format!("depmod-softdep /opt/lib/modules/{R}/kmm-a.ko")];
        assert!(run("name=kmm-a\0", None).is_empty());
        assert_eq!(run("softdep=pre: kmm-b\0", None), told);
        assert_eq!(run("softdep=pre: kmm-b\0", Some("# Soft dependencies\nsoftdep kmm_b pre: kmm-b\n")), told);
        assert!(run("softdep=pre: kmm-b\0", Some("softdep kmm_a pre: kmm-b\n")).is_empty());
        let both = "softdep=pre: b \0softdep=post: c\0";
        assert!(run(both, Some("softdep kmm_a pre: b\nsoftdep kmm_a post: c\n")).is_empty());
        assert_eq!(run(both, Some("softdep kmm_a pre: b\n")), told);
    }
}
