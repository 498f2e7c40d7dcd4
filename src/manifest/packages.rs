//! Packages that a builder gets before it builds.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::declare::declare;
use super::decode;
use super::expansion::Expands;
use super::schema::{Field, Record, Shape};
use super::when::{Circumstances, Conditional, WHEN, conditionals};
use crate::vocabulary::{Diagnostics, Invalid, written_out};

/// Packages of the builder for one kernel, by what installs them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Packages {
    /// With dnf or microdnf.
    pub rpm: Vec<String>,
    /// With apt-get.
    pub deb: Vec<String>,
    /// With zypper.
    pub zypper: Vec<String>,
    /// With apk.
    pub apk: Vec<String>,
}

declare! {
    /// Packages of the builder for all kernels, by what installs them.
    #[derive(Debug, Clone)]
    pub struct PackageLists: PACKAGES, "packages by family" {
        default rpm: Vec<Conditional<String>> {
            takes: LIST,
            says: "for builders with dnf or microdnf",
            decode: list,
        }
        default deb: Vec<Conditional<String>> {
            takes: LIST,
            says: "for builders with apt-get",
            decode: list,
        }
        default zypper: Vec<Conditional<String>> {
            takes: LIST,
            says: "for builders with zypper",
            decode: list,
        }
        default apk: Vec<Conditional<String>> {
            takes: LIST,
            says: "for builders with apk",
            decode: list,
        }
    }
}

/// A list for one family, or for all.
pub(super) const LIST: Shape = Shape::List(&Shape::TextOr(&PACKAGE));

static PACKAGE: Record = Record {
    name: "a package",
    fields: &[
        Field { key: "package", takes: Shape::Text, says: "the package" },
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels whose builds need it" },
    ],
};

impl PackageLists {
    /// Decodes a list for whatever the builder has, or lists by family.
    pub(super) fn read(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<Self> {
        if node.as_mapping().is_some() {
            return Self::decode(node, faults);
        }
        let all = list(node, key, faults)?;
        Some(Self { rpm: all.clone(), deb: all.clone(), zypper: all.clone(), apk: all })
    }

    /// Returns the packages for a kernel.
    pub fn on(&self, kernel: &Circumstances<'_>) -> Packages {
        let [rpm, deb, zypper, apk] = [&self.rpm, &self.deb, &self.zypper, &self.apk].map(|all| kernel.choose(all));
        Packages { rpm, deb, zypper, apk }
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
        .help("write one name an item, such as `elfutils-libelf-devel`"))
}
