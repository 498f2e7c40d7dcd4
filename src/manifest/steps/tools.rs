//! The tools that a build step may run.

use super::options::{Configure, Dkms, Kconfig, Make, Rpmbuild, StepPlace, merged};
use super::run::{Run, RunFields};
use crate::manifest::decode::Fields;
use crate::manifest::schema::{Field, Record, Shape, joined};
use crate::vocabulary::Diagnostics;

/// The tool of a step.
#[derive(Debug, Clone, Hash)]
pub enum Tool {
    /// The source's own Makefile.
    Make(Make),
    /// The kernel's build system on the source: `make -C /lib/modules/…/build M=…`.
    Kbuild(Make),
    /// The options of a source that is configured as the kernel is.
    Kconfig(Kconfig),
    /// A `configure` script, as autotools make it.
    Configure(Configure),
    /// Build that the source's `dkms.conf` describes.
    Dkms(Dkms),
    /// RPMs, of which the kmods are taken.
    Rpmbuild(Rpmbuild),
    /// A script.
    Run(Run),
}

static MAKE: Record = Record { name: "a make step", fields: joined![Make::FIELDS, StepPlace::FIELDS] };
static KCONFIG: Record = Record { name: "a kconfig step", fields: joined![Kconfig::FIELDS, StepPlace::FIELDS] };
static CONFIGURE: Record = Record { name: "a configure step", fields: joined![Configure::FIELDS, StepPlace::FIELDS] };
static DKMS: Record = Record { name: "a dkms step", fields: joined![Dkms::FIELDS, StepPlace::FIELDS] };
static RPMBUILD: Record = Record { name: "an rpmbuild step", fields: joined![Rpmbuild::FIELDS, StepPlace::FIELDS] };
static RUN: Record = Record { name: "a run step", fields: joined![RunFields::FIELDS, StepPlace::FIELDS] };

/// The tools by their key in the manifest.
pub(super) const TOOLS: &[Field] = &[
    Field { key: "make", takes: Shape::Record(&MAKE), says: "the source's own Makefile" },
    Field {
        key: "kbuild",
        takes: Shape::Record(&MAKE),
        says: "`make -C /lib/modules/<release>/build M=<folder>`, with the target `modules` unless others are named",
    },
    Field {
        key: "kconfig",
        takes: Shape::Record(&KCONFIG),
        says: "options of a source with a Kconfig like the kernel's; each is checked after `make olddefconfig`",
    },
    Field { key: "configure", takes: Shape::Record(&CONFIGURE), says: "a `configure` script" },
    Field {
        key: "dkms",
        takes: Shape::Record(&DKMS),
        says: "builds like dkms, from the source's `dkms.conf`, without dkms itself",
    },
    Field { key: "rpmbuild", takes: Shape::Record(&RPMBUILD), says: "RPMs that contain the kmods" },
    Field { key: "run", takes: Shape::TextOr(&RUN), says: "a script in the source, by its path, or your own script" },
];

/// Finds the fields of a tool.
pub(super) fn record(name: &str) -> &'static Record {
    match name {
        "make" | "kbuild" => &MAKE,
        "kconfig" => &KCONFIG,
        "configure" => &CONFIGURE,
        "dkms" => &DKMS,
        "rpmbuild" => &RPMBUILD,
        _ => &RUN,
    }
}

impl Tool {
    /// The tool's name in the manifest.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Make(_) => "make",
            Self::Kbuild(_) => "kbuild",
            Self::Kconfig(_) => "kconfig",
            Self::Configure(_) => "configure",
            Self::Dkms(_) => "dkms",
            Self::Rpmbuild(_) => "rpmbuild",
            Self::Run(_) => "run",
        }
    }

    /// Takes the options of the tool of that name.
    pub(super) fn take(name: &str, fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Option<Self> {
        match name {
            "make" => Make::take(fields, faults).map(Self::Make),
            "kbuild" => Make::take(fields, faults).map(Self::Kbuild),
            "kconfig" => Kconfig::take(fields, faults).map(Self::Kconfig),
            "configure" => Configure::take(fields, faults).map(Self::Configure),
            "dkms" => Dkms::take(fields, faults).map(Self::Dkms),
            "rpmbuild" => Rpmbuild::take(fields, faults).map(Self::Rpmbuild),
            _ => Run::take(fields, faults).map(Self::Run),
        }
    }

    /// This, with what `over`, the same tool, says instead; `None` for another tool.
    pub(super) fn overridden_by(&self, over: &Self) -> Option<Self> {
        Some(match (self, over) {
            (Self::Make(base), Self::Make(over)) => Self::Make(base.overridden_by(over)),
            (Self::Kbuild(base), Self::Kbuild(over)) => Self::Kbuild(base.overridden_by(over)),
            (Self::Kconfig(base), Self::Kconfig(over)) => Self::Kconfig(Kconfig {
                defconfig: over.defconfig.clone().or_else(|| base.defconfig.clone()),
                options: merged(&base.options, &over.options),
                vars: merged(&base.vars, &over.vars),
            }),
            (Self::Dkms(base), Self::Dkms(over)) => Self::Dkms(Dkms { jobs: over.jobs.or(base.jobs) }),
            (Self::Rpmbuild(base), Self::Rpmbuild(over)) => {
                Self::Rpmbuild(Rpmbuild { spec: over.spec.clone(), defines: merged(&base.defines, &over.defines) })
            }
            (base, over) if base.name() == over.name() => over.clone(),
            _ => return None,
        })
    }
}
