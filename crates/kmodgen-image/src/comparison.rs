//! Compares two kernels by the symbols that the modules of an image import.

use crate::Image;
use crate::exports::Exports;
use crate::kernel::Kernel;
use crate::loading::{Refusal, refusal};
use crate::placement;
use crate::symbols::Import;
use crate::taint;

/// Symbols that a module imports and that another kernel does not resolve as the first one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolChanges {
    /// Path of the module's file, absolute in the image.
    pub path: String,
    /// Symbols that the other kernel does not export.
    pub vanished: Vec<String>,
    /// Symbols that the other kernel exports in another version, or on terms that the module does not meet.
    pub changed: Vec<String>,
}

/// Compares two kernels for each module of an image, which is built for the old one.
pub fn compare(image: &Image, old: &Kernel, new: &Kernel) -> Vec<SymbolChanges> {
    let mut compared = Vec::new();
    for folder in placement::find(&image.root).folders {
        let exports = [old, new].map(|kernel| Exports::of(kernel, &folder));
        for (module, taint) in folder.modules.iter().zip(taint::of(&folder, &exports[1])) {
            let Some(kmod) = module.kmod() else { continue };
            let mut changes = SymbolChanges { path: crate::absolute(&module.path), vanished: vec![], changed: vec![] };
            for (at, import) in kmod.symbols.imports.iter().enumerate() {
                // A symbol that the old kernel lacks, too, is of another image.
                let Some(before) = exports[0].get(&import.name) else { continue };
                let import = Import { crc: before.crc, ..import.clone() };
                match refusal(module, (at, &import), &exports[1], taint.as_ref()) {
                    None => {}
                    Some(Refusal::Unknown) => changes.vanished.push(import.name),
                    Some(_) => changes.changed.push(import.name),
                }
            }
            compared.push(changes);
        }
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loading::tests::{kernel, module};
    use crate::testing::{R, Tree};

    #[test]
    fn symbols_vanish_and_change() {
        let old = kernel(
            "0x00000001\tkept\tvmlinux\tEXPORT_SYMBOL\t
0x00000002\tgone\tvmlinux\tEXPORT_SYMBOL\t
0x00000003\tother\tvmlinux\tEXPORT_SYMBOL\t
0x00000004\tfreed\tvmlinux\tEXPORT_SYMBOL\t
0x00000005\tweak\tvmlinux\tEXPORT_SYMBOL\t
",
        );
        let new = kernel(
            "0x00000001\tkept\tvmlinux\tEXPORT_SYMBOL\t
0x00000009\tother\tvmlinux\tEXPORT_SYMBOL\t
0x00000004\tfreed\tvmlinux\tEXPORT_SYMBOL_GPL\t
",
        );
        let imports =
            [("kept", 1), ("gone", 2), ("other", 3), ("freed", 4), ("weak?", 5), ("elsewhere", 6), ("own", 7)];
        let (a, b) = (module("a", "license=X\0", &imports, &[]), module("b", "license=GPL\0", &[], &[("own", 8)]));
        let tree = Tree::new().file(&a.0, 0o644, a.1).file(&b.0, 0o644, b.1);
        let compared = compare(&Image { root: tree.root(), ..Image::default() }, &old, &new);
        let expected = [("a", vec!["gone"], vec!["other", "freed"]), ("b", vec![], vec![])];
        let expected = expected.map(|(name, vanished, changed)| SymbolChanges {
            path: format!("/opt/lib/modules/{R}/{name}.ko"),
            vanished: vanished.into_iter().map(str::to_owned).collect(),
            changed: changed.into_iter().map(str::to_owned).collect(),
        });
        assert_eq!(compared, expected);
    }
}
