//! Modules that are proprietary to the kernel: by their licence, or since they use symbols of such a module (kernel,
//! `inherit_taint` in kernel/module/main.c).

use std::collections::{BTreeSet, HashMap};

use crate::elf::Kmod;
use crate::exports::Exports;
use crate::placement::{Folder, Module};
use crate::symbols::Import;

/// Licences that the kernel takes for compatible with the GPL (kernel, `license_is_gpl_compatible` in
/// include/linux/license.h).
pub(crate) const GPL_COMPATIBLE: [&str; 6] =
    ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

/// First version of Linux in which modules inherit.
const FIRST: [u32; 2] = [5, 9];

/// Reason why a module is proprietary to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taint {
    /// The module's licence is not GPL-compatible, or there is none.
    Licence,
    /// The module uses a symbol of a proprietary module.
    Inherited {
        /// Number of the import.
        at: usize,
        /// Name of the symbol.
        symbol: String,
        /// Name of the module that exports the symbol.
        owner: String,
    },
}

impl Taint {
    /// Checks whether the kernel refuses the module for an import, number `at`, of a symbol that is for GPL-compatible
    /// modules only. A weak one is not found from where the module became proprietary, and the module loads without it.
    pub(crate) fn refuses(&self, at: usize, import: &Import) -> bool {
        !import.is_weak || matches!(self, Self::Inherited { at: first, .. } if at <= *first)
    }
}

/// Finds out for each module of a folder, in order, whether it is proprietary to the kernel.
pub(crate) fn of(folder: &Folder<'_>, exports: &Exports<'_>) -> Vec<Option<Taint>> {
    let used: Vec<Vec<(usize, usize)>> = match inherits(exports.release) {
        true => folder
            .modules
            .iter()
            .map(|module| module.kmod().map_or_else(Vec::new, |kmod| used(kmod, exports)))
            .collect(),
        false => vec![Vec::new(); folder.modules.len()],
    };
    let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
    for (user, used) in used.iter().enumerate() {
        for (_, owner) in used {
            users.entry(*owner).or_default().push(user);
        }
    }
    let modules = folder.modules.iter().map(Module::kmod).enumerate();
    let mut proprietary: BTreeSet<usize> =
        modules.filter(|(_, kmod)| kmod.is_some_and(|kmod| !is_gpl_compatible(kmod))).map(|(at, _)| at).collect();
    let mut new: Vec<usize> = proprietary.iter().copied().collect();
    while let Some(owner) = new.pop() {
        for user in users.get(&owner).into_iter().flatten() {
            if proprietary.insert(*user) {
                new.push(*user);
            }
        }
    }
    folder
        .modules
        .iter()
        .zip(used)
        .map(|(module, used)| {
            let kmod = module.kmod()?;
            if !is_gpl_compatible(kmod) {
                return Some(Taint::Licence);
            }
            let (at, owner) = used.into_iter().find(|(_, owner)| proprietary.contains(owner))?;
            let symbol = kmod.symbols.imports.get(at)?.name.clone();
            Some(Taint::Inherited { at, symbol, owner: folder.modules.get(owner)?.kernel_name() })
        })
        .collect()
}

/// Lists the imports of a module that other modules of the image export: numbers of the import and of the module.
///
/// A weak import of a proprietary module's symbol stays unresolved after a symbol that is for GPL-compatible modules.
fn used(kmod: &Kmod, exports: &Exports<'_>) -> Vec<(usize, usize)> {
    let mut uses_gpl_only = false;
    let mut used = Vec::new();
    for (at, import) in kmod.symbols.imports.iter().enumerate() {
        uses_gpl_only |= exports.get(&import.name).is_some_and(|export| export.is_gpl_only);
        if let Some((owner, _)) = exports.own(&import.name)
            && !(import.is_weak && uses_gpl_only)
        {
            used.push((at, owner));
        }
    }
    used
}

/// Checks whether modules inherit in a release; true if the release is not one of Linux.
fn inherits(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(u32::MAX));
    [numbers.next().unwrap_or(u32::MAX), numbers.next().unwrap_or(u32::MAX)] >= FIRST
}

/// Checks the licence. A module without one is proprietary to the kernel.
fn is_gpl_compatible(kmod: &Kmod) -> bool {
    license(kmod).is_some_and(|license| GPL_COMPATIBLE.contains(&license))
}

/// Returns the licence that a module states.
pub(crate) fn license(kmod: &Kmod) -> Option<&str> {
    kmod.info.as_ref()?.license.as_deref()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::loading::tests::{kernel, module};
    use crate::placement;
    use crate::testing::{R, Tree};

    const SYMVERS: &str = "0x00000001\tplain\tvmlinux\tEXPORT_SYMBOL\t
0x00000001\tgpl\tvmlinux\tEXPORT_SYMBOL_GPL\t
0x00000001\ttaken\tvmlinux\tEXPORT_SYMBOL\t
";

    /// Finds the taint of each module, given by name, licence, imports and exports, on a kernel of this release.
    fn taints(release: &str, modules: &[(&str, &str, &[&str], &[&str])]) -> Vec<Option<Taint>> {
        let tree = modules.iter().fold(Tree::new(), |tree, (name, license, imports, exports)| {
            let [imports, exports] =
                [imports, exports].map(|names| names.iter().map(|name| (*name, 1)).collect::<Vec<_>>());
            let (path, facts) = module(name, &format!("license={license}\0"), &imports, &exports);
            tree.file(&path.replace(R, release), 0o644, facts)
        });
        let root = tree.root();
        let folders = placement::find(&root).folders;
        of(&folders[0], &Exports::of(&kernel(SYMVERS), &folders[0]))
    }

    fn inherited(at: usize, symbol: &str, owner: &str) -> Option<Taint> {
        Some(Taint::Inherited { at, symbol: symbol.into(), owner: owner.into() })
    }

    #[test]
    fn users_of_a_proprietary_module_are_proprietary() {
        let modules: [(&str, &str, &[&str], &[&str]); 5] = [
            ("a", "GPL", &["plain", "of_b", "of_d"], &[]),
            ("b", "GPL", &["of_c"], &["of_b"]),
            ("c", "X", &["gpl?"], &["of_c", "taken"]),
            ("d", "GPL", &["taken"], &["of_d"]),
            ("e", "GPL", &["plain", "gpl", "of_nobody?"], &[]),
        ];
        let expected = [inherited(1, "of_b", "b"), inherited(0, "of_c", "c"), Some(Taint::Licence), None, None];
        for release in [R, "5.9.0-1-amd64", "6.1", "custom"] {
            assert_eq!(taints(release, &modules), expected, "{release}");
        }
        for release in ["5.8.18-1-amd64", "4.18.0-553.el8_10.x86_64", "5.4"] {
            assert_eq!(taints(release, &modules), [None, None, Some(Taint::Licence), None, None], "{release}");
        }
    }

    #[test]
    fn weak_imports_inherit_only_before_a_gpl_only_symbol() {
        let b: (&str, &str, &[&str], &[&str]) = ("b", "X", &[], &["of_b"]);
        assert_eq!(taints(R, &[("a", "GPL", &["of_b?", "gpl"], &[]), b])[0], inherited(0, "of_b", "b"));
        assert_eq!(taints(R, &[("a", "GPL", &["gpl", "of_b?"], &[]), b])[0], None);
        assert_eq!(taints(R, &[("a", "GPL", &["gpl", "of_b"], &[]), b])[0], inherited(1, "of_b", "b"));
    }

    #[test]
    fn a_weak_gpl_only_symbol_is_refused_before_the_module_inherits() {
        let weak = Import { name: "gpl".into(), is_weak: true, crc: None };
        let strong = Import { is_weak: false, ..weak.clone() };
        let taint = inherited(1, "of_b", "b").unwrap();
        assert_eq!([0, 1, 2].map(|at| taint.refuses(at, &weak)), [true, true, false]);
        assert_eq!([0, 1, 2].map(|at| taint.refuses(at, &strong)), [true; 3]);
        assert!(!Taint::Licence.refuses(0, &weak) && Taint::Licence.refuses(0, &strong));
    }

    proptest! {
        #[test]
        fn taint_goes_from_user_to_user(owners in proptest::collection::vec((proptest::collection::btree_set(0usize..8, 0..3), any::<bool>()), 8)) {
            let names: Vec<String> = (0..8).map(|at| format!("of_{at}")).collect();
            let modules: Vec<(String, &str, Vec<&str>)> = owners.iter().enumerate().map(|(at, (owners, is_free))| {
                let imports = owners.iter().filter(|owner| **owner != at).map(|owner| names[*owner].as_str()).collect();
                (format!("m{at}"), if *is_free { "GPL" } else { "X" }, imports)
            }).collect();
            let rows: Vec<(&str, &str, &[&str], Vec<&str>)> = modules.iter().zip(&names)
                .map(|((name, license, imports), export)| (name.as_str(), *license, imports.as_slice(), vec![export.as_str()])).collect();
            let rows: Vec<(&str, &str, &[&str], &[&str])> = rows.iter().map(|(name, license, imports, exports)| (*name, *license, *imports, exports.as_slice())).collect();
            let found = taints(R, &rows);
            for (at, (owners, is_free)) in owners.iter().enumerate() {
                let inherits = owners.iter().any(|owner| *owner != at && found[*owner].is_some());
                prop_assert_eq!(found[at].is_some(), !is_free || inherits);
            }
        }
    }
}
