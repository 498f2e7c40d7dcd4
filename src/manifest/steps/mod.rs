//! Steps that compile the kmods.

mod changes;
mod options;
mod run;
mod script;
mod tools;
mod values;

pub(super) use changes::check as check_changes;
use kmodgen_yaml::Node;
pub(super) use options::merged;
pub use options::{Configure, Dkms, Kconfig, Make, Rpmbuild, StepPlace};
pub use run::{Run, Script};
use script::script_path;
use tools::TOOLS;
pub use tools::Tool;
pub use values::Jobs;
pub(super) use values::variable_name;

use super::conditional::Circumstances;
use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape, joined};
use super::selection::Selection;
use crate::vocabulary::{Diagnostic, Diagnostics, Spanned};

/// Steps of a build, as far as one place of the manifest states them.
#[derive(Debug, Clone)]
pub enum Steps {
    /// All steps, in order.
    All(Vec<ListedStep>),
    /// Fields that replace those of steps with these ids, which others list.
    Changes(Vec<(Spanned<String>, Step)>),
}

/// A step of a list.
#[derive(Debug, Clone)]
pub struct ListedStep {
    /// Its id, by which an override changes it.
    id: Option<Spanned<String>>,
    step: Step,
    /// Kernels that it is for.
    kernels: Selection,
}

/// One step.
#[derive(Debug, Clone, Hash)]
pub struct Step {
    /// Which tool runs, and what it is told.
    pub tool: Tool,
    /// Place and environment that it runs in.
    pub place: StepPlace,
}

impl Default for Steps {
    fn default() -> Self {
        let step = Step { tool: Tool::Kbuild(Make::default()), place: StepPlace::default() };
        Self::All(vec![ListedStep { id: None, step, kernels: Selection::default() }])
    }
}

/// A list of steps, or changes to steps by their ids.
pub(super) const STEPS: &[Shape] = &[Shape::List(&Shape::Record(&STEP)), Shape::Named(&Shape::Record(&STEP))];

static STEP: Record = Record {
    name: "a build step",
    fields: joined![
        TOOLS,
        &[Field { key: "id", takes: Shape::Text, says: "a name that overrides use to change the step" }],
        Selection::FIELDS,
    ],
};

impl Steps {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        if node.as_mapping().is_some() {
            return Some(Self::Changes(changes::decode(node, faults)));
        }
        let items = decode::items(node, "`steps`", faults);
        let steps: Vec<ListedStep> = items.iter().filter_map(|item| decode_listed(item, faults)).collect();
        changes::refuse_repeated(&steps, faults);
        Some(Self::All(steps))
    }

    /// The steps for `kernel`, in order.
    pub fn steps_on<'s>(&'s self, kernel: &'s Circumstances<'_>) -> impl Iterator<Item = &'s Step> {
        self.listed().iter().filter(|listed| kernel.allow(&listed.kernels)).map(|listed| &listed.step)
    }

    /// Returns these steps, with what `over` says instead.
    #[must_use]
    pub fn overridden_by(&self, over: &Self) -> Self {
        match over {
            Self::All(_) => over.clone(),
            Self::Changes(changes) => {
                Self::All(self.listed().iter().map(|listed| listed.changed_by(changes)).collect())
            }
        }
    }

    /// Number of steps, or of changes to steps.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::All(steps) => steps.len(),
            Self::Changes(changes) => changes.len(),
        }
    }

    fn listed(&self) -> &[ListedStep] {
        match self {
            Self::All(steps) => steps,
            Self::Changes(_) => &[],
        }
    }
}

/// Decodes a step: a mapping with one tool, and perhaps an id and the kernels that it is for.
fn decode_listed(node: &Node, faults: &mut Diagnostics) -> Option<ListedStep> {
    let mut fields = Fields::open(&STEP, node, faults)?;
    let tools: Vec<_> =
        TOOLS.iter().filter_map(|tool| fields.take(tool.key, faults).map(|node| (tool.key, node))).collect();
    let id = fields.take("id", faults).map(|node| decode::text(node, "`id`", faults, values::id));
    let kernels = Selection::take(&mut fields, faults)?;
    fields.finish(faults);
    let unknown = node.as_mapping().unwrap_or_default().iter().any(|e| STEP.field(&e.key.value).is_none());
    match tools.as_slice() {
        [(tool, body)] => {
            let step = Step::decode(tool, body, faults)?;
            // Without its id, no override knows a step that has a wrong one.
            let id = match id {
                Some(id) => Some(id?),
                None => None,
            };
            Some(ListedStep { id, step, kernels })
        }
        _ if unknown => None,
        tools => {
            let problem = if tools.is_empty() { "has no tool" } else { "has several tools" };
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
    /// Returns this, with what `over` says instead; `None` if it has another tool.
    fn overridden_by(&self, over: &Self) -> Option<Self> {
        let tool = self.tool.overridden_by(&over.tool)?;
        Some(Self { tool, place: self.place.overridden_by(&over.place) })
    }

    /// Decodes the value under a tool's name.
    fn decode(name: &str, node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        if name == "run" && node.as_scalar().is_some() {
            let script = decode::text(node, "`run`", faults, script_path)?;
            let tool = Tool::Run(Run { script: Script::InSource(script.value), args: Vec::new() });
            return Some(Self { tool, place: StepPlace::default() });
        }
        let mut fields = Fields::open(tools::record(name), node, faults)?;
        let tool = Tool::take(name, &mut fields, faults);
        let place = StepPlace::take(&mut fields, faults);
        fields.finish(faults);
        Some(Self { tool: tool?, place: place? })
    }
}
