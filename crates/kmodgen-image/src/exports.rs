//! Symbols that the modules of an image can use on a kernel.

use std::collections::BTreeMap;

use crate::kernel::Kernel;
use crate::placement::Folder;
use crate::symbols::Export;

/// Exports that the modules of a folder can use.
pub(crate) struct Exports<'e> {
    /// Release of the kernel, else of the folder.
    pub(crate) release: &'e str,
    kernel: &'e Kernel,
    own: BTreeMap<&'e str, (usize, &'e Export)>,
}

impl<'e> Exports<'e> {
    pub(crate) fn of(kernel: &'e Kernel, folder: &'e Folder<'e>) -> Self {
        let mut own = BTreeMap::new();
        for (at, module) in folder.modules.iter().enumerate() {
            let exports = module.kmod().into_iter().flat_map(|kmod| &kmod.symbols.exports);
            own.extend(exports.map(|(name, export)| (name.as_str(), (at, export))));
        }
        Self { release: kernel.release.as_deref().unwrap_or(&folder.release), kernel, own }
    }

    /// Finds an export: of the kernel itself, else of the image, whose modules may replace the kernel's, else of a
    /// module of the kernel.
    pub(crate) fn get(&self, name: &str) -> Option<&'e Export> {
        match self.own(name) {
            Some((_, export)) => Some(export),
            None => self.kernel.symvers.get(name).map(|symbol| &symbol.export),
        }
    }

    /// Finds an export of the image, with the number of its module in the folder.
    pub(crate) fn own(&self, name: &str) -> Option<(usize, &'e Export)> {
        let is_built_in = self.kernel.symvers.get(name).is_some_and(|symbol| symbol.is_built_in);
        self.own.get(name).copied().filter(|_| !is_built_in)
    }
}
