//! Packages that stages get from their package managers.

mod repository;

use std::sync::Arc;

use kmodgen_yaml::Node;
use repository::REPOSITORY;
pub use repository::{Repository, RepositoryKey, Stage};

use super::conditional::{Circumstances, Conditional, conditionals};
use super::declare::declare;
use super::decode;
use super::expansion::Expands;
use super::schema::{Field, Record, Shape, Variables, joined};
use super::selection::Selection;
use crate::vocabulary::{Diagnostics, Invalid, PackageManager, written_out};

/// Packages of a stage for one kernel, by what installs them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StagePackages {
    /// With dnf or microdnf.
    pub rpm: Vec<String>,
    /// With apt-get.
    pub deb: Vec<String>,
    /// With zypper.
    pub zypper: Vec<String>,
    /// With apk.
    pub apk: Vec<String>,
}

impl StagePackages {
    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        PackageManager::ALL.iter().all(|manager| self.of(*manager).is_empty())
    }

    /// The packages that a package manager installs.
    pub fn of(&self, manager: PackageManager) -> &[String] {
        match manager {
            PackageManager::Dnf | PackageManager::Microdnf => &self.rpm,
            PackageManager::Apt => &self.deb,
            PackageManager::Zypper => &self.zypper,
            PackageManager::Apk => &self.apk,
        }
    }
}

declare! {
    /// Packages that stages get from their package managers.
    #[derive(Debug, Clone, Default)]
    pub struct Packages: PACKAGES, "`packages`", overridable {
        optional builder: PackageLists {
            takes: Shape::Either(&[LIST, Shape::Record(&FAMILIES)]),
            says: "packages for the build: a list, or lists by family of package managers",
            decode: PackageLists::read,
        }
        optional runtime: PackageLists {
            takes: Shape::Either(&[LIST, Shape::Record(&FAMILIES)]),
            says: "packages for the image: a list, or lists by family of package managers",
            decode: PackageLists::read,
        }
        optional repositories: Vec<Conditional<Repository>> {
            takes: Shape::List(&Shape::Record(&REPOSITORY)),
            says: "more package repositories, each with its key",
            decode: |node, key, faults| Repository::list(node, key, faults),
        }
    }
}

declare! {
    /// Packages of a stage for all kernels, by what installs them.
    #[derive(Debug, Clone)]
    pub struct PackageLists: FAMILIES, "packages by family" {
        default rpm: Vec<Conditional<String>> {
            takes: LIST,
            says: "for images with dnf or microdnf",
            decode: list,
        }
        default deb: Vec<Conditional<String>> {
            takes: LIST,
            says: "for images with apt-get",
            decode: list,
        }
        default zypper: Vec<Conditional<String>> {
            takes: LIST,
            says: "for images with zypper",
            decode: list,
        }
        default apk: Vec<Conditional<String>> {
            takes: LIST,
            says: "for images with apk",
            decode: list,
        }
    }
}

/// A list for one family, or for all.
const LIST: Shape = Shape::List(&Shape::TextOr(&PACKAGE));

static PACKAGE: Record = Record {
    name: "a package",
    fields: joined![
        &[Field { key: "package", takes: Shape::Expanding(Variables::Build), says: "the package" }],
        Selection::FIELDS
    ],
};

impl PackageLists {
    /// Decodes a list for whatever the image has, or lists by family.
    pub(super) fn read(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<Self> {
        if node.as_mapping().is_some() {
            return Self::decode(node, faults);
        }
        let all = list(node, key, faults)?;
        Some(Self { rpm: all.clone(), deb: all.clone(), zypper: all.clone(), apk: all })
    }

    /// Returns the packages for a kernel.
    pub fn on(&self, kernel: &Circumstances<'_>) -> StagePackages {
        let [rpm, deb, zypper, apk] = [&self.rpm, &self.deb, &self.zypper, &self.apk].map(|all| kernel.choose(all));
        StagePackages { rpm, deb, zypper, apk }
    }
}

fn list(node: &Arc<Node>, _: &str, faults: &mut Diagnostics) -> Option<Vec<Conditional<String>>> {
    Some(conditionals(node, "`packages`", &PACKAGE, faults, |node, faults| {
        decode::text(node, "a package", faults, package).map(|name| name.value)
    }))
}

fn package(text: &str) -> Result<String, Invalid> {
    let name = Expands::Release.line(text)?;
    let plain = written_out(&name, "x");
    if plain.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@') && decode::has_only(&plain, "._-+:=~@/") {
        return Ok(name);
    }
    Err(Invalid::new(format!("`{}` is not the name of a package", text.escape_debug()))
        .help("write one name in each item, such as `elfutils-libelf-devel`"))
}
