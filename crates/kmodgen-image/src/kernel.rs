//! Kernels that modules are to load into, found in images with kernel headers.

use std::collections::BTreeMap;

use crate::Image;
use crate::facts::Facts;
use crate::read::{self, SymversFileError};
use crate::root::{Node, Root, join};
use crate::symvers::Symvers;

/// A kernel that modules are to load into.
#[derive(Debug, Clone, Default)]
pub struct Kernel {
    /// Symbols that the kernel exports.
    pub symvers: Symvers,
    /// Release of the kernel, if it is known.
    pub release: Option<String>,
    /// Words of vermagic after the release, if a module of the kernel's own tree is known.
    pub flags: Option<String>,
}

/// Reason why no kernel of an image can be used.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// No file has exported symbols.
    #[error(
        "has no Module.symvers at /usr/src/kernels/RELEASE, /usr/src/linux-headers-RELEASE or \
         /lib/modules/RELEASE/build, and no /lib/modules/RELEASE/symvers.gz or symvers.xz"
    )]
    NoKernel,
    /// Several kernels, none of which is the wanted one.
    #[error("has the symbols of several kernels, and {}: {}", match wanted {
        Some(wanted) => format!("none is {wanted}"),
        None => "cannot choose one".to_owned(),
    }, releases.join(", "))]
    SeveralKernels {
        /// Release of the wanted kernel.
        wanted: Option<String>,
        /// Releases of the image's kernels, escaped.
        releases: Vec<String>,
    },
    /// The file of exported symbols cannot be read.
    #[error("/{path}: {error}")]
    Symvers {
        /// Path in the image.
        path: String,
        /// Reason.
        error: SymversFileError,
    },
}

impl Kernel {
    /// Finds the kernel of an image: the one with this release if there are several.
    ///
    /// # Errors
    /// No kernel, several kernels without the wanted one, or a damaged file.
    pub fn of(image: &Image, wanted: Option<&str>) -> Result<Self, KernelError> {
        let files = symvers_files(&image.root);
        let only = if files.len() == 1 { files.first_key_value() } else { None };
        let chosen = wanted.and_then(|wanted| files.get_key_value(wanted)).or(only);
        let Some((release, path)) = chosen else {
            let releases: Vec<String> = files.keys().map(|release| read::shown(release)).collect();
            let wanted = wanted.map(str::to_owned);
            return Err(match releases.is_empty() {
                true => KernelError::NoKernel,
                false => KernelError::SeveralKernels { wanted, releases },
            });
        };
        let symvers = match image.root.file(path).map(|file| file.facts.as_ref()) {
            Some(Facts::Text(bytes)) => read::symvers(bytes),
            Some(Facts::Unread(why)) => Err(SymversFileError::Unread(why.clone())),
            _ => Err(SymversFileError::Unread("is not a regular file".into())),
        };
        let symvers = symvers.map_err(|error| KernelError::Symvers { path: path.clone(), error })?;
        Ok(Self { symvers, flags: flags(&image.root, release), release: Some(release.clone()) })
    }
}

/// Finds the files of exported symbols by their kernel's release.
fn symvers_files(root: &Root) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut add = |release: &str, path: String| {
        if root.resolve(&path).is_ok_and(|real| matches!(root.get(&real), Some(Node::File(_)))) {
            files.entry(release.to_owned()).or_insert(path);
        }
    };
    for (release, _) in children(root, "usr/src/kernels") {
        add(&release, format!("usr/src/kernels/{release}/Module.symvers"));
    }
    for (name, _) in children(root, "usr/src") {
        if let Some(release) = name.strip_prefix("linux-headers-") {
            add(release, format!("usr/src/{name}/Module.symvers"));
        }
    }
    for (release, folder) in children(root, "lib/modules") {
        for name in ["build/Module.symvers", "symvers.gz", "symvers.xz", "symvers.zst"] {
            add(&release, join(&folder, name));
        }
    }
    files
}

/// Lists the names in a folder, with their paths. Links to the folder are followed.
fn children(root: &Root, folder: &str) -> Vec<(String, String)> {
    let Ok(folder) = root.resolve(folder) else { return Vec::new() };
    root.children(&folder).map(|(name, _)| (name.to_owned(), join(&folder, name))).collect()
}

/// Returns vermagic's words after the release, of any module in a kernel's own tree.
fn flags(root: &Root, release: &str) -> Option<String> {
    let folder = root.resolve(&format!("lib/modules/{release}/kernel")).ok()?;
    root.below(&folder).find_map(|(_, node)| {
        let Node::File(file) = node else { return None };
        let Facts::Module(Ok(kmod)) = file.facts.as_ref() else { return None };
        let info = kmod.info.as_ref().filter(|info| info.release() == Some(release))?;
        info.flags()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, kmod, kmod_file};

    fn symvers(name: &str) -> String {
        format!("0x00000001\t{name}\tvmlinux\tEXPORT_SYMBOL\t\n")
    }

    fn kernel(tree: Tree, wanted: Option<&str>) -> Result<Kernel, String> {
        Kernel::of(&Image { root: tree.root(), ..Image::default() }, wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn a_kernel_is_found_where_distributions_have_it() {
        for path in [
            "usr/src/kernels/6.1/Module.symvers",
            "usr/src/linux-headers-6.1/Module.symvers",
            "usr/lib/modules/6.1/symvers.gz",
        ] {
            let tree = Tree::new().link("lib", "usr/lib").text(path, &symvers("a"));
            assert!(kernel(tree, Some("6.2")).unwrap().symvers.get("a").is_some(), "{path}");
        }
        let linked =
            Tree::new().link("lib/modules/6.1/build", "/srv/build").text("srv/build/Module.symvers", &symvers("a"));
        let vermagic = kmod(kmod_file(62, "vermagic=6.1 SMP mod_unload \0"));
        let found = kernel(linked.file("lib/modules/6.1/kernel/fs/a.ko", 0o644, vermagic), None).unwrap();
        assert_eq!((found.symvers.get("a").is_some(), found.flags.as_deref()), (true, Some("SMP mod_unload")));
    }

    #[test]
    fn of_several_kernels_the_wanted_one_is_chosen() {
        let tree = || {
            let tree = Tree::new().text("usr/src/kernels/6.1/Module.symvers", &symvers("a"));
            tree.text("usr/src/kernels/6.2/Module.symvers", &symvers("b"))
        };
        assert!(kernel(tree(), Some("6.2")).unwrap().symvers.get("b").is_some());
        assert_eq!(
            kernel(tree(), Some("6.3")).unwrap_err(),
            "has the symbols of several kernels, and none is 6.3: 6.1, 6.2"
        );
        let said = kernel(tree(), None).unwrap_err();
        assert_eq!(said, "has the symbols of several kernels, and cannot choose one: 6.1, 6.2");
        assert!(kernel(Tree::new(), None).unwrap_err().starts_with("has no Module.symvers at"));
        let broken = Tree::new().text("usr/src/kernels/6.1/Module.symvers", "x\n");
        assert!(kernel(broken, None).unwrap_err().starts_with("/usr/src/kernels/6.1/Module.symvers: is not a"));
    }
}
