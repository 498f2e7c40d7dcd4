//! Content of an image, and its paths.

use crate::fingerprint::Sink;
use crate::manifest::{BuilderFolder, Circumstances, Compression, Install, InstalledFiles, InstalledPackage, Kmod};
use crate::vocabulary::RelPath;

/// A package whose files are installed.
#[derive(Debug, Clone, Hash)]
pub struct Package {
    /// Its name, or a pattern of it.
    pub name: String,
    /// The folder with its RPM, if that is not where a source or an `rpmbuild` step leaves it.
    pub from: Option<BuilderFolder>,
}

/// Layout of the results of a build, with nothing left open.
#[derive(Debug, Clone, Hash)]
pub struct Layout {
    /// The folder below `/opt/lib/modules/<release>` that the kmods are put into.
    pub mod_dir: RelPath,
    /// Set if debugging symbols are stripped.
    pub strip: bool,
    /// Compression of the kmods.
    pub compress: Option<Compression>,
    /// Set if the image has a link `host` to the kernel's own modules.
    pub link_in_tree: bool,
    /// Files in `/opt/lib/firmware`; `None` if there is no such folder.
    pub firmware: Option<Vec<InstalledFiles>>,
    /// Files in `/licenses`.
    pub licenses: Vec<InstalledFiles>,
    /// Files at other places.
    pub files: Vec<InstalledFiles>,
    /// The packages whose files are installed.
    pub rpms: Vec<Package>,
}

impl Package {
    fn of(InstalledPackage { name, from }: &InstalledPackage) -> Self {
        Self { name: name.value.clone(), from: from.clone() }
    }
}

impl Layout {
    /// Collects what `install` asks for. With `firmware` there is a folder for it on every kernel of the module: KMM
    /// copies it on all of them.
    pub(super) fn of(install: &Install, firmware: bool, kernel: &Circumstances<'_>) -> Option<Self> {
        Some(Self {
            mod_dir: install.mod_dir.clone().or_else(|| RelPath::parse("extra").ok())?,
            strip: install.strip.unwrap_or(true),
            compress: install.compress.as_ref().map(|compress| compress.value),
            link_in_tree: install.link_in_tree.unwrap_or_default(),
            firmware: install.firmware.as_ref().map(|all| kernel.choose(all)).or_else(|| firmware.then(Vec::new)),
            licenses: install.licenses.as_ref().map(|all| kernel.choose(all)).unwrap_or_default(),
            files: install.files.as_ref().map(|all| kernel.choose(all)).unwrap_or_default(),
            rpms: install.rpms.iter().flatten().filter_map(|rpm| rpm.on(kernel)).map(Package::of).collect(),
        })
    }

    /// Returns the files of sources in the image, each with the name of its kind.
    pub(super) fn installed(&self) -> impl Iterator<Item = (&'static str, &InstalledFiles)> {
        let firmware = self.firmware.iter().flatten().map(|files| ("firmware", files));
        let licenses = self.licenses.iter().map(|files| ("license", files));
        firmware.chain(licenses).chain(self.files.iter().map(|files| ("installed files", files)))
    }

    /// The file of a kmod in the image.
    pub(super) fn file(&self, kmod: &Kmod, release: &str) -> String {
        format!("/opt/lib/modules/{release}/{}/{}.ko", self.mod_dir, kmod.name)
    }

    /// Passes the parts of the layout that decide the image to a sink; options that are not set are left out.
    pub(super) fn traverse(&self, sink: &mut dyn Sink) {
        let mut text = |name: &str, value: &str| sink.field(name, value.as_bytes());
        text("install folder", self.mod_dir.as_str());
        if !self.strip {
            text("stripped", "false");
        }
        if let Some(compress) = self.compress {
            text("compression", compress.name());
        }
        if self.link_in_tree {
            text("link to the node's modules", "host");
        }
        for (name, InstalledFiles { from, to, source }) in self.installed() {
            let source = source.as_ref().map(|source| format!(" of {}", source.value)).unwrap_or_default();
            text(name, &format!("{}{source} to {to}", from.value));
        }
        for Package { name, from } in &self.rpms {
            let from = from.iter().map(|from| format!(" from {from}")).collect::<String>();
            text("installed package", &format!("{name}{from}"));
        }
    }
}
