//! The tools that a build step may run, and what each is told.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::script::script_path;
use super::values::{named, variables, words};
use crate::manifest::decode::{self, Fields};
use crate::manifest::expansion::Expands;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, RelPath};

/// The tool of a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// A script of the source.
    Run(Run),
}

/// Options of a make or kbuild step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Make {
    /// Targets of make; the tool's default if `None`.
    pub targets: Option<Vec<String>>,
    /// Variables on its command line; may contain `${KERNEL_VERSION}`.
    pub vars: BTreeMap<String, String>,
    /// Number of parallel jobs; one if `None`.
    pub jobs: Option<Jobs>,
}

/// Number of parallel jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Jobs {
    /// One job for each processor of the machine that builds.
    All,
    /// Fixed number of jobs.
    Number(u16),
}

/// Options of the kernel's configuration system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Kconfig {
    /// The target that makes the first `.config`.
    pub defconfig: Option<String>,
    /// Options by name, without `CONFIG_`: `y`, `m`, `n`, a number or a text.
    pub options: BTreeMap<String, String>,
    /// Variables on make's command line.
    pub vars: BTreeMap<String, String>,
}

/// Options of a `configure` step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Configure {
    /// Set if autoreconf generates the script first.
    pub autoreconf: bool,
    /// Its arguments; may contain `${KERNEL_VERSION}`.
    pub args: Vec<String>,
}

/// Options of a dkms step, besides what `dkms.conf` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Dkms {
    /// Parallel jobs of make; one per processor if `None`, as dkms does.
    pub jobs: Option<Jobs>,
}

/// Options of an rpmbuild step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rpmbuild {
    /// The spec file.
    pub spec: RelPath,
    /// Macros by name; may contain `${KERNEL_VERSION}`.
    pub defines: BTreeMap<String, String>,
}

/// A script and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// The script, in the folder of the step.
    pub script: RelPath,
    /// Its arguments; may contain `${KERNEL_VERSION}`.
    pub args: Vec<String>,
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

    /// Takes what is told to the tool of that name.
    pub(super) fn decode(name: &str, fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Option<Self> {
        Some(match name {
            "make" => Self::Make(Make::decode(fields, faults)),
            "kbuild" => Self::Kbuild(Make::decode(fields, faults)),
            "kconfig" => Self::Kconfig(Kconfig::decode(fields, faults)),
            "configure" => Self::Configure(Configure {
                autoreconf: fields
                    .take("autoreconf", faults)
                    .and_then(|n| decode::flag(n, "autoreconf", faults))
                    .unwrap_or_default(),
                args: args(fields, faults),
            }),
            "dkms" => Self::Dkms(Dkms { jobs: jobs_field(fields, faults) }),
            "rpmbuild" => {
                let spec = fields.need("spec", "write the spec file's path in the source", faults);
                let defines = fields.take("defines", faults);
                let defines = defines
                    .map(|node| named(node, "`defines`", faults, macro_name, |text| Expands::Release.line(text)));
                Self::Rpmbuild(Rpmbuild { spec: path(spec?, "`spec`", faults)?, defines: defines.unwrap_or_default() })
            }
            _ => {
                let script = fields.need("script", "write the script's path in the source", faults);
                let args = args(fields, faults);
                let script = decode::text(script?, "`script`", faults, script_path);
                Self::Run(Run { script: script?.value, args })
            }
        })
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

impl Make {
    fn decode(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Self {
        let targets = fields.take("targets", faults).map(|list| {
            let targets = decode::items(list, "`targets`", faults).iter();
            targets.filter_map(|node| decode::text(node, "a target", faults, target)).map(|t| t.value).collect()
        });
        let vars = fields
            .take("vars", faults)
            .map(|node| variables(node, "`vars`", Expands::Make, faults))
            .unwrap_or_default();
        Self { targets, vars, jobs: jobs_field(fields, faults) }
    }

    fn overridden_by(&self, over: &Self) -> Self {
        Self {
            targets: over.targets.clone().or_else(|| self.targets.clone()),
            vars: merged(&self.vars, &over.vars),
            jobs: over.jobs.or(self.jobs),
        }
    }
}

/// The variables of `base`, with those of `over` in the place of their own.
fn merged(base: &BTreeMap<String, String>, over: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    base.iter().chain(over).map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Kconfig {
    fn decode(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Self {
        let defconfig =
            fields.take("defconfig", faults).and_then(|node| decode::text(node, "`defconfig`", faults, target));
        let options =
            fields.take("options", faults).map(|node| named(node, "`options`", faults, option_name, option_value));
        let vars = fields
            .take("vars", faults)
            .map(|node| variables(node, "`vars`", Expands::Make, faults))
            .unwrap_or_default();
        let options = options.unwrap_or_default().into_iter();
        Self {
            defconfig: defconfig.map(|target| target.value),
            options: options
                .map(|(name, value)| (name.strip_prefix("CONFIG_").unwrap_or(&name).to_owned(), value))
                .collect(),
            vars,
        }
    }
}

fn args(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Vec<String> {
    fields.take("args", faults).map(|node| words(node, "`args`", faults)).unwrap_or_default()
}

pub(super) fn path(node: &Node, what: &str, faults: &mut Diagnostics) -> Option<RelPath> {
    decode::text(node, what, faults, |text| Expands::Release.path(text)).map(|path| path.value)
}

/// The environment and the folder, which every tool has.
pub(super) fn place(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> (BTreeMap<String, String>, Option<RelPath>) {
    let env =
        fields.take("env", faults).map(|node| variables(node, "`env`", Expands::Release, faults)).unwrap_or_default();
    (env, fields.take("dir", faults).and_then(|node| path(node, "`dir`", faults)))
}

/// A script without arguments, written as a text.
pub(super) fn script(node: &Node, faults: &mut Diagnostics) -> Option<Tool> {
    let script = decode::text(node, "`run`", faults, script_path)?;
    Some(Tool::Run(Run { script: script.value, args: Vec::new() }))
}

fn target(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.starts_with('-') || text.contains('=') {
        return Err(Invalid::new(format!("`{}` is not a make target", text.escape_debug()))
            .help("write a target's name; variables go under `vars`"));
    }
    Expands::Release.line(text)
}

fn jobs_field(fields: &mut Fields<'_>, faults: &mut Diagnostics) -> Option<Jobs> {
    let jobs = fields.take("jobs", faults).and_then(|node| decode::text(node, "`jobs`", faults, jobs));
    jobs.map(|jobs| jobs.value)
}

fn jobs(text: &str) -> Result<Jobs, Invalid> {
    match text.parse() {
        _ if text == "all" => Ok(Jobs::All),
        Ok(number @ 1..) => Ok(Jobs::Number(number)),
        _ => Err(Invalid::new(format!("`{}` is not a number of jobs", text.escape_debug()))
            .help("write a number from 1, or `all` for one per processor")),
    }
}

fn option_name(text: &str) -> Result<(), Invalid> {
    if !text.is_empty() && text != "CONFIG_" && decode::has_only(text, "_") {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of an option", text.escape_debug()))
        .help("write letters, digits and `_`, such as `NET_VENDOR_INTEL`"))
}

/// Checks the value of an option. In a `.config`, words and numbers stand as they are, all else in quotes.
fn option_value(text: &str) -> Result<String, Invalid> {
    if text.contains(['"', '\\']) {
        return Err(Invalid::new("an option's text has no quotes and no backslashes")
            .help("write it without quotes of its own: kmodgen adds those of `.config`"));
    }
    Expands::Nothing.line(text)
}

/// The name of an RPM macro: three characters at least, as rpm has it.
fn macro_name(text: &str) -> Result<(), Invalid> {
    variable_like(text).then_some(()).ok_or_else(|| {
        Invalid::new(format!("`{}` is not the name of a macro", text.escape_debug()))
            .help("write three or more letters, digits and `_`, not starting with a digit")
    })
}

fn variable_like(text: &str) -> bool {
    text.len() >= 3 && super::values::variable_name(text).is_ok()
}

/// The fault of a step with no tool, or several.
pub(super) fn one_tool(problem: &str, node: &Node) -> Diagnostic {
    Diagnostic::error("build-tool", format!("this build step {problem}"))
        .at(node.span, "")
        .help("write `make: {…}`, `kbuild: {…}` or another tool; several steps are a list")
}
