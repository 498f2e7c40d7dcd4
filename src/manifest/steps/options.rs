//! Options of build steps, tool by tool.

use std::collections::BTreeMap;

use super::values::{
    Jobs, jobs, macro_name, option_name, option_value, path, strings, target, variables, without_prefix, word,
};
use crate::manifest::declare::declare;
use crate::manifest::decode;
use crate::manifest::expansion::Expands;
use crate::manifest::schema::{Shape, Variables};
use crate::vocabulary::{RelPath, SourceName, Spanned};

declare! {
    /// Place and environment that a step runs in, whatever its tool.
    #[derive(Debug, Clone, Default, Hash)]
    pub struct StepPlace {
        default env: BTreeMap<String, String> {
            takes: Shape::Named(&Shape::Expanding(Variables::Build)),
            says: "variables in its environment",
            decode: |node, key, faults| Some(variables(node, key, Expands::Release, faults)),
        }
        optional source: Spanned<SourceName> {
            takes: Shape::Text,
            says: "the source that it runs in; default: the module's first source",
            decode: decode::placed(SourceName::parse),
        }
        optional dir: RelPath {
            takes: Shape::Expanding(Variables::Build),
            says: "the folder to run in, below the source's `dir`",
            decode: decode::parsed(path),
        }
    }
}

declare! {
    /// Options of a make or kbuild step.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
    pub struct Make {
        optional targets: Vec<String> {
            takes: Shape::List(&Shape::Expanding(Variables::Build)),
            says: "targets of make",
            decode: |node, key, faults| Some(strings(node, key, "a target", faults, target)),
        }
        default vars: BTreeMap<String, String> {
            takes: Shape::Named(&Shape::Expanding(Variables::Build)),
            says: "variables on the command line of make",
            decode: |node, key, faults| Some(variables(node, key, Expands::Make, faults)),
        }
        optional jobs: Jobs {
            takes: Shape::Text,
            says: "parallel jobs: a number, or `all` for one per processor",
            decode: decode::parsed(jobs),
        }
    }
}

declare! {
    /// Options of the kernel's configuration system.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
    pub struct Kconfig {
        optional defconfig: String {
            takes: Shape::Expanding(Variables::Build),
            says: "the target that makes the first `.config`",
            decode: decode::parsed(target),
        }
        default options: BTreeMap<String, String> {
            takes: Shape::TextMap,
            says: "options, with or without `CONFIG_`: `y`, `m`, `n`, a number or a string",
            decode: |node, key, faults| {
                let options = decode::named(node, key, faults, option_name, option_value).into_iter();
                Some(options.map(|(name, value)| (without_prefix(&name).to_owned(), value)).collect())
            },
        }
        default vars: BTreeMap<String, String> {
            takes: Shape::Named(&Shape::Expanding(Variables::Build)),
            says: "variables on the command line of make",
            decode: |node, key, faults| Some(variables(node, key, Expands::Make, faults)),
        }
    }
}

declare! {
    /// Options of a `configure` step.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
    pub struct Configure {
        default autoreconf: bool {
            takes: Shape::Bool,
            says: "create the script with `autoreconf -fi` first",
            decode: decode::flag,
        }
        default args: Vec<String> {
            takes: Shape::List(&Shape::Expanding(Variables::Build)),
            says: "arguments",
            decode: |node, key, faults| Some(strings(node, key, &format!("`{key}`"), faults, word)),
        }
    }
}

declare! {
    /// Options of a dkms step, besides those in `dkms.conf`.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
    pub struct Dkms {
        optional jobs: Jobs {
            takes: Shape::Text,
            says: "parallel jobs of make: a number, or `all` for one per processor, as dkms does",
            decode: decode::parsed(jobs),
        }
    }
}

declare! {
    /// Options of an rpmbuild step.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    pub struct Rpmbuild {
        required spec: RelPath {
            takes: Shape::Expanding(Variables::Build),
            says: "the spec file; its sources must be beside it",
            advice: "write the spec file's path in the source",
            decode: decode::parsed(path),
        }
        default defines: BTreeMap<String, String> {
            takes: Shape::Named(&Shape::Expanding(Variables::Build)),
            says: "macros",
            decode: |node, key, faults| {
                Some(decode::named(node, key, faults, macro_name, |text| Expands::Release.line(text)))
            },
        }
    }
}

impl StepPlace {
    /// Returns this, with what `over` says instead; variables are added.
    #[must_use]
    pub(super) fn overridden_by(&self, over: &Self) -> Self {
        Self {
            env: merged(&self.env, &over.env),
            source: over.source.clone().or_else(|| self.source.clone()),
            dir: over.dir.clone().or_else(|| self.dir.clone()),
        }
    }
}

impl Make {
    /// Returns this, with what `over` says instead; variables are added.
    #[must_use]
    pub(super) fn overridden_by(&self, over: &Self) -> Self {
        Self {
            targets: over.targets.clone().or_else(|| self.targets.clone()),
            vars: merged(&self.vars, &over.vars),
            jobs: over.jobs.or(self.jobs),
        }
    }
}

/// Returns the texts of `base`, with those of `over` in place of their own.
pub(in crate::manifest) fn merged(
    base: &BTreeMap<String, String>,
    over: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    base.iter().chain(over).map(|(name, value)| (name.clone(), value.clone())).collect()
}
