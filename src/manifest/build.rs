//! The steps that compile the kmods.

use std::collections::BTreeMap;

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use super::when::{Circumstances, WHEN, When};
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, RelPath, nearest};
use crate::yaml::Node;

/// How a module is built.
#[derive(Debug, Clone)]
pub enum Build {
    /// One step; an override that is one step of the same kind adds to it.
    Step(Step),
    /// Several steps in order, each perhaps for some kernels only.
    Steps(Vec<(Step, Option<When>)>),
}

/// One step.
#[derive(Debug, Clone, Hash)]
pub struct Step {
    /// Which tool runs.
    pub tool: Tool,
    /// What it is asked to make; the tool's default where `None`.
    pub targets: Option<Vec<String>>,
    /// Variables on make's command line; may contain `${KERNEL_VERSION}`.
    pub vars: BTreeMap<String, String>,
    /// Environment variables; may contain `${KERNEL_VERSION}`.
    pub env: BTreeMap<String, String>,
    /// The folder to run in, below the source's own `dir`.
    pub dir: Option<RelPath>,
}

/// The tool of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// The source's own Makefile.
    Make,
    /// The kernel's build system on the source: `make -C /lib/modules/…/build M=…`.
    Kbuild,
}

impl Tool {
    /// The tool's name in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Kbuild => "kbuild",
        }
    }
}

impl Default for Build {
    fn default() -> Self {
        Self::Step(Step { tool: Tool::Kbuild, targets: None, vars: BTreeMap::new(), env: BTreeMap::new(), dir: None })
    }
}

const MAKE_FIELD: Field = Field { key: "make", takes: Shape::Record(&MAKE), says: "the source's own Makefile" };
const KBUILD_FIELD: Field = Field {
    key: "kbuild",
    takes: Shape::Record(&MAKE),
    says: "`make -C /lib/modules/<release>/build M=<folder>`, with the target `modules` where none is named",
};

/// One step, or a list of them.
pub(super) const STEPS: &[Shape] = &[Shape::Record(&ONLY_STEP), Shape::List(&Shape::Record(&STEP))];

static ONLY_STEP: Record = Record { name: "a build step", fields: &[MAKE_FIELD, KBUILD_FIELD] };

static STEP: Record = Record {
    name: "a build step of a list",
    fields: &[
        MAKE_FIELD,
        KBUILD_FIELD,
        Field { key: "when", takes: Shape::Record(&WHEN), says: "the kernels it is for" },
    ],
};

static MAKE: Record = Record {
    name: "a make step",
    fields: &[
        Field { key: "targets", takes: Shape::List(&Shape::Text), says: "what to make" },
        Field { key: "vars", takes: Shape::TextMap, says: "variables on make's command line" },
        Field { key: "env", takes: Shape::TextMap, says: "variables in its environment" },
        Field { key: "dir", takes: Shape::Text, says: "the folder to run in, below the source's `dir`" },
    ],
};

const LATER: [&str; 5] = ["kconfig", "configure", "dkms", "rpmbuild", "run"];

impl Build {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        if node.as_sequence().is_none() {
            return decode_step(node, false, faults).map(|(step, _)| Self::Step(step));
        }
        let items = decode::items(node, "`build`", faults);
        Some(Self::Steps(items.iter().filter_map(|item| decode_step(item, true, faults)).collect()))
    }

    /// The steps for `kernel`, in order.
    pub fn steps_on<'b>(&'b self, kernel: &'b Circumstances<'_>) -> impl Iterator<Item = &'b Step> {
        let (one, many) = match self {
            Self::Step(step) => (Some(step), [].as_slice()),
            Self::Steps(steps) => (None, steps.as_slice()),
        };
        let holds = |when: &Option<When>| when.as_ref().is_none_or(|when| kernel.allow(when));
        one.into_iter().chain(many.iter().filter(move |(_, when)| holds(when)).map(|(step, _)| step))
    }

    /// This, with what `over` says instead: one step adds to one step of the same tool, anything
    /// else replaces.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        match (self, over) {
            (Self::Step(base), Self::Step(over)) if base.tool == over.tool => {
                let mut step = base.clone();
                step.vars.extend(over.vars.clone());
                step.env.extend(over.env.clone());
                step.targets = over.targets.clone().or(step.targets);
                step.dir = over.dir.clone().or(step.dir);
                Self::Step(step)
            }
            _ => over.clone(),
        }
    }
}

/// A step: a mapping with the tool as its one key, and in a list `when` beside it.
fn decode_step(node: &Node, in_list: bool, faults: &mut Diagnostics) -> Option<(Step, Option<When>)> {
    let mut fields = Fields::open(if in_list { &STEP } else { &ONLY_STEP }, node, faults)?;
    let tools: Vec<(Tool, &std::sync::Arc<Node>)> = [("make", Tool::Make), ("kbuild", Tool::Kbuild)]
        .into_iter()
        .filter_map(|(key, tool)| fields.take(key, faults).map(|node| (tool, node)))
        .collect();
    let when = if in_list { fields.take("when", faults).map(|node| When::decode(node, faults)) } else { None };
    fields.later(&LATER);
    let unknown = node
        .as_mapping()
        .unwrap_or_default()
        .iter()
        .any(|e| !["make", "kbuild", "when"].contains(&e.key.value.as_str()));
    fields.finish(faults);
    let [(tool, body)] = tools.as_slice() else {
        if !unknown {
            let problem = if tools.is_empty() { "names no tool" } else { "names several tools" };
            faults.push(
                Diagnostic::error("build-tool", format!("this build step {problem}"))
                    .at(node.span, "")
                    .help("write `make: {…}` or `kbuild: {…}`; several steps are a list"),
            );
        }
        return None;
    };
    decode_make(*tool, body, faults).map(|step| (step, when))
}

fn decode_make(tool: Tool, node: &Node, faults: &mut Diagnostics) -> Option<Step> {
    let mut fields = Fields::open(&MAKE, node, faults)?;
    let mut step = Step { tool, targets: None, vars: BTreeMap::new(), env: BTreeMap::new(), dir: None };
    if let Some(list) = fields.take("targets", faults) {
        let targets = decode::items(list, "`targets`", faults);
        step.targets = Some(
            targets.iter().filter_map(|node| decode::text(node, "a target", faults, target)).map(|t| t.value).collect(),
        );
    }
    if let Some(node) = fields.take("vars", faults) {
        step.vars = variables(node, "`vars`", faults);
    }
    if let Some(node) = fields.take("env", faults) {
        step.env = variables(node, "`env`", faults);
    }
    step.dir =
        fields.take("dir", faults).and_then(|n| decode::text(n, "`dir`", faults, RelPath::parse)).map(|d| d.value);
    fields.later(&["source", "jobs"]);
    fields.finish(faults);
    Some(step)
}

fn target(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.starts_with('-') || text.contains('=') {
        return Err(Invalid::new(format!("`{}` is not a make target", text.escape_debug()))
            .help("write a target's name; variables go under `vars`"));
    }
    decode::line(text)
}

/// Variables by name; each value is one line in which the build's own variables expand.
fn variables(node: &Node, what: &str, faults: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for entry in decode::entries(node, what, faults) {
        if let Err(invalid) = variable_name(&entry.key.value) {
            faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid));
        } else if let Some(value) = decode::text(&entry.value, "a variable's value", faults, expandable) {
            variables.insert(entry.key.value.clone(), value.value);
        }
    }
    variables
}

/// Checks the name of a shell or make variable.
pub(super) fn variable_name(text: &str) -> Result<(), Invalid> {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_';
    if text.starts_with(start) && text.chars().all(|c| start(c) || c.is_ascii_digit()) {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of a variable", text.escape_debug()))
        .help("write letters, digits and `_`, not starting with a digit"))
}

/// The build arguments that expand in values: those that every KMM build has.
pub const EXPANDING: [&str; 2] = ["KERNEL_VERSION", "KERNEL_FULL_VERSION"];

/// Checks a value in which `${KERNEL_VERSION}` and `${KERNEL_FULL_VERSION}` expand. Any other
/// `${…}` would quietly be empty in the build.
fn expandable(text: &str) -> Result<String, Invalid> {
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        rest = &rest[at + 2..];
        let name = rest.split('}').next().unwrap_or_default();
        if !EXPANDING.contains(&name) {
            let near = nearest(name, EXPANDING).unwrap_or(EXPANDING[0]);
            return Err(Invalid::new(format!("`${{{}}}` is no variable of a build", name.escape_debug()))
                .help(format!("write `${{{near}}}`; for a variable of make's own write `$({name})`")));
        }
    }
    decode::line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_builds_own_variables_expand() {
        assert!(expandable("/lib/modules/${KERNEL_VERSION}/build").is_ok());
        assert!(expandable("$(CURDIR)/x $HOME 1.10").is_ok());
        let error = expandable("${KERNEL_VERSON}").unwrap_err();
        assert!(error.help.unwrap().contains("`${KERNEL_VERSION}`"));
        assert!(expandable("a\nb").is_err());
    }
}
