//! Packages that a builder gets before it builds.

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::expansion::Expands;
use super::schema::{Field, Record, Shape};
use super::when::{Circumstances, Conditional, WHEN, conditionals};
use crate::vocabulary::{Diagnostics, Invalid, written_out};

/// Packages of the builder, by what installs them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Packages<T = String> {
    /// With dnf or microdnf.
    pub rpm: Vec<T>,
    /// With apt-get.
    pub deb: Vec<T>,
    /// With zypper.
    pub zypper: Vec<T>,
    /// With apk.
    pub apk: Vec<T>,
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

pub(super) static PACKAGES: Record = Record {
    name: "packages by family",
    fields: &[
        Field { key: "rpm", takes: LIST, says: "for builders with dnf or microdnf" },
        Field { key: "deb", takes: LIST, says: "for builders with apt-get" },
        Field { key: "zypper", takes: LIST, says: "for builders with zypper" },
        Field { key: "apk", takes: LIST, says: "for builders with apk" },
    ],
};

impl Packages<Conditional<String>> {
    /// A list for whatever the builder has, or lists by family.
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let list = |node: &Node, faults: &mut Diagnostics| {
            conditionals(node, "`packages`", &PACKAGE, faults, |node, faults| {
                decode::text(node, "a package", faults, package).map(|name| name.value)
            })
        };
        if node.as_mapping().is_none() {
            let all = list(node, faults);
            return Some(Self { rpm: all.clone(), deb: all.clone(), zypper: all.clone(), apk: all });
        }
        let mut fields = Fields::open(&PACKAGES, node, faults)?;
        let mut family =
            |key, faults: &mut Diagnostics| fields.take(key, faults).map(|n| list(n, faults)).unwrap_or_default();
        let [rpm, deb, zypper, apk] = ["rpm", "deb", "zypper", "apk"].map(|key| family(key, faults));
        fields.finish(faults);
        Some(Self { rpm, deb, zypper, apk })
    }

    /// Returns the packages for a kernel.
    pub fn on(&self, kernel: &Circumstances<'_>) -> Packages {
        let [rpm, deb, zypper, apk] = [&self.rpm, &self.deb, &self.zypper, &self.apk].map(|all| kernel.choose(all));
        Packages { rpm, deb, zypper, apk }
    }
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
