//! The fields of build steps, tool by tool.

use crate::manifest::schema::{Field, Record, Shape};

const VARS: Field = Field { key: "vars", takes: Shape::TextMap, says: "variables on make's command line" };
const ENV: Field = Field { key: "env", takes: Shape::TextMap, says: "variables in its environment" };
const DIR: Field = Field { key: "dir", takes: Shape::Text, says: "the folder to run in, below the source's `dir`" };
const SOURCE: Field = Field {
    key: "source",
    takes: Shape::Text,
    says: "which of the module's sources it runs in; the first where absent",
};
const ARGS: Field = Field { key: "args", takes: Shape::List(&Shape::Text), says: "arguments" };

static MAKE: Record = Record {
    name: "a make step",
    fields: &[
        Field { key: "targets", takes: Shape::List(&Shape::Text), says: "what to make" },
        VARS,
        Field {
            key: "jobs",
            takes: Shape::Text,
            says: "how many jobs at once: a number, or `all` for one per processor",
        },
        ENV,
        SOURCE,
        DIR,
    ],
};

static KCONFIG: Record = Record {
    name: "a kconfig step",
    fields: &[
        Field { key: "defconfig", takes: Shape::Text, says: "the target that makes the first `.config`" },
        Field {
            key: "options",
            takes: Shape::TextMap,
            says: "options, with or without `CONFIG_`: `y`, `m`, `n`, a number, or a text",
        },
        VARS,
        ENV,
        SOURCE,
        DIR,
    ],
};

static CONFIGURE: Record = Record {
    name: "a configure step",
    fields: &[
        Field { key: "autoreconf", takes: Shape::Bool, says: "make the script with `autoreconf -fi` first" },
        ARGS,
        ENV,
        SOURCE,
        DIR,
    ],
};

static DKMS: Record = Record {
    name: "a dkms step",
    fields: &[
        Field {
            key: "jobs",
            takes: Shape::Text,
            says: "parallel jobs of make: a number, or `all` for one per processor, the default of dkms",
        },
        ENV,
        SOURCE,
        DIR,
    ],
};

static RPMBUILD: Record = Record {
    name: "an rpmbuild step",
    fields: &[
        Field { key: "spec", takes: Shape::Text, says: "the spec file; its sources are looked for beside it" },
        Field { key: "defines", takes: Shape::TextMap, says: "macros" },
        ENV,
        SOURCE,
        DIR,
    ],
};

static RUN: Record = Record {
    name: "a run step",
    fields: &[
        Field { key: "script", takes: Shape::Text, says: "the script, in the step's folder" },
        ARGS,
        ENV,
        SOURCE,
        DIR,
    ],
};

/// The tools by their key in the manifest.
pub(super) const TOOLS: [Field; 7] = [
    Field { key: "make", takes: Shape::Record(&MAKE), says: "the source's own Makefile" },
    Field {
        key: "kbuild",
        takes: Shape::Record(&MAKE),
        says: "`make -C /lib/modules/<release>/build M=<folder>`, with the target `modules` where none is named",
    },
    Field {
        key: "kconfig",
        takes: Shape::Record(&KCONFIG),
        says: "options of a source that is configured as the kernel is; each is checked after `make olddefconfig`",
    },
    Field { key: "configure", takes: Shape::Record(&CONFIGURE), says: "a `configure` script" },
    Field {
        key: "dkms",
        takes: Shape::Record(&DKMS),
        says: "builds as dkms does by the source's `dkms.conf`, without the program dkms",
    },
    Field { key: "rpmbuild", takes: Shape::Record(&RPMBUILD), says: "RPMs, out of which the kmods are taken" },
    Field { key: "run", takes: Shape::TextOr(&RUN), says: "a script of the source" },
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
