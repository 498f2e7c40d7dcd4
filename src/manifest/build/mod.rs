//! The steps that compile the kmods.

mod options;
mod script;
mod tools;
mod values;

use kmodgen_yaml::Node;
pub use options::{Configure, Dkms, Kconfig, Make, Rpmbuild, Run, StepPlace};
use script::script_path;
use tools::TOOLS;
pub use tools::Tool;
pub use values::Jobs;
pub(super) use values::variable_name;

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape, joined};
use super::when::{Circumstances, WHEN, When};
use crate::vocabulary::{Diagnostic, Diagnostics};

/// Steps that build a module.
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
    /// Which tool runs, and what it is told.
    pub tool: Tool,
    /// Place and environment that it runs in.
    pub place: StepPlace,
}

impl Default for Build {
    fn default() -> Self {
        Self::Step(Step { tool: Tool::Kbuild(Make::default()), place: StepPlace::default() })
    }
}

/// One step, or a list of them.
pub(super) const STEPS: &[Shape] = &[Shape::Record(&STEP), Shape::List(&Shape::Record(&STEP))];

static STEP: Record = Record {
    name: "a build step",
    fields: joined![
        TOOLS,
        &[Field { key: "when", takes: Shape::Record(&WHEN), says: "in a list: the kernels it is for" }],
    ],
};

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
        let many = many.iter().filter(|(_, when)| when.as_ref().is_none_or(|when| kernel.allow(when)));
        one.into_iter().chain(many.map(|(step, _)| step))
    }

    /// This, with what `over` says instead: one step adds to one step of the same tool, anything
    /// else replaces.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        let (Self::Step(base), Self::Step(step)) = (self, over) else { return over.clone() };
        let Some(tool) = base.tool.overridden_by(&step.tool) else { return over.clone() };
        Self::Step(Step { tool, place: base.place.overridden_by(&step.place) })
    }
}

/// A step: a mapping with the tool as its one key, and in a list `when` beside it.
fn decode_step(node: &Node, in_list: bool, faults: &mut Diagnostics) -> Option<(Step, Option<When>)> {
    let mut fields = Fields::open(&STEP, node, faults)?;
    let tools: Vec<_> =
        TOOLS.iter().filter_map(|tool| fields.take(tool.key, faults).map(|node| (tool.key, node))).collect();
    let when = fields.take("when", faults);
    if let Some(when) = when.filter(|_| !in_list) {
        faults.push(
            Diagnostic::error("build-when", "the only step of a build has no `when`")
                .at(when.span, "")
                .help("make `build` a list, or write an override"),
        );
    }
    let when = when.map(|node| When::decode(node, faults));
    fields.finish(faults);
    let unknown = node.as_mapping().unwrap_or_default().iter().any(|e| STEP.field(&e.key.value).is_none());
    match tools.as_slice() {
        [(tool, body)] => Step::decode(tool, body, faults).map(|step| (step, when)),
        _ if unknown => None,
        tools => {
            let problem = if tools.is_empty() { "names no tool" } else { "names several tools" };
            faults.push(
                Diagnostic::error("build-tool", format!("this build step {problem}"))
                    .at(node.span, "")
                    .help("write `make: {…}`, `kbuild: {…}` or another tool; several steps are a list"),
            );
            None
        }
    }
}

impl Step {
    /// Decodes the value under a tool's name.
    fn decode(name: &str, node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        if name == "run" && node.as_scalar().is_some() {
            let script = decode::text(node, "`run`", faults, script_path)?;
            let tool = Tool::Run(Run { script: script.value, args: Vec::new() });
            return Some(Self { tool, place: StepPlace::default() });
        }
        let mut fields = Fields::open(tools::record(name), node, faults)?;
        let tool = Tool::take(name, &mut fields, faults);
        let place = StepPlace::take(&mut fields, faults);
        fields.finish(faults);
        Some(Self { tool: tool?, place: place? })
    }
}
