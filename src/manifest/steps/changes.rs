//! Changes that overrides make to steps, which they name by id.

use kmodgen_yaml::{Entry, Node};

use super::{ListedStep, Step, Steps, decode_listed, values};
use crate::manifest::decode;
use crate::vocabulary::{Diagnostic, Diagnostics, Spanned, nearest};

/// Decodes steps by id.
pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Vec<(Spanned<String>, Step)> {
    let mut changes = Vec::new();
    for Entry { key, value } in decode::entries(node, "`steps`", faults) {
        if let Err(invalid) = values::id(&key.value) {
            faults.push(Diagnostic::invalid("invalid-value", key.span, invalid));
            continue;
        }
        let Some(ListedStep { id, step, kernels }) = decode_listed(value, faults) else { continue };
        if id.is_some() || !kernels.is_all() {
            faults.push(
                Diagnostic::error("step-change", "a change to a step can contain only its tool")
                    .at(value.span, "")
                    .help("the override selects the kernels, and the key selects the step"),
            );
        }
        changes.push((key.clone(), step));
    }
    changes
}

impl ListedStep {
    /// Returns the step, with the change that has its id.
    pub(super) fn changed_by(&self, changes: &[(Spanned<String>, Step)]) -> Self {
        let change = self.id.as_ref().and_then(|id| changes.iter().find(|(of, _)| of.value == id.value));
        let mut listed = self.clone();
        if let Some(step) = change.and_then(|(_, over)| self.step.overridden_by(over)) {
            listed.step = step;
        }
        listed
    }
}

/// Reports steps of one list that have one id.
pub(super) fn refuse_repeated(steps: &[ListedStep], faults: &mut Diagnostics) {
    let ids: Vec<&Spanned<String>> = steps.iter().filter_map(|listed| listed.id.as_ref()).collect();
    for (at, id) in ids.iter().enumerate() {
        if let Some(first) = ids[..at].iter().find(|other| other.value == id.value) {
            faults.push(
                Diagnostic::error("repeated-id", format!("two steps have the id `{}`", id.value))
                    .at(id.span, "")
                    .context(first.span, "first here"),
            );
        }
    }
}

/// Checks the steps of a module and of its overrides: the module lists its steps, and each change is to a step that one
/// of them lists, with the same tool.
pub(in super::super) fn check<'s>(
    own: Option<&'s Steps>,
    overrides: impl Iterator<Item = &'s Steps> + Clone,
    faults: &mut Diagnostics,
) {
    if let Some(Steps::Changes(changes)) = own {
        for (id, _) in changes {
            faults.push(
                Diagnostic::error("wrong-kind", "the steps of a module are a list")
                    .at(id.span, "")
                    .help(format!("write `- {{id: {}, make: {{…}}}}`; only overrides change steps by id", id.value)),
            );
        }
    }
    let listed: Vec<&ListedStep> = own.into_iter().chain(overrides.clone()).flat_map(Steps::listed).collect();
    for steps in overrides {
        let Steps::Changes(changes) = steps else { continue };
        for (id, change) in changes {
            let mut same = listed.iter().filter(|listed| listed.id.as_ref().is_some_and(|of| of.value == id.value));
            let Some(first) = same.clone().next() else {
                let ids = listed.iter().filter_map(|listed| listed.id.as_ref()).map(|id| id.value.as_str());
                let fault = Diagnostic::error("unknown-step", format!("no step has the id `{}`", id.value));
                faults.push(fault.at(id.span, "").help(match nearest(&id.value, ids) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write `id: {}` beside the step that it changes", id.value),
                }));
                continue;
            };
            if !same.any(|listed| listed.step.tool.name() == change.tool.name()) {
                let (name, other) = (change.tool.name(), first.step.tool.name());
                let fault = Diagnostic::error("step-tool", format!("step `{}` is `{other}`, not `{name}`", id.value));
                let help = format!("write `{other}: {{…}}`, or list all steps");
                faults.push(fault.at(id.span, "").help(help));
            }
        }
    }
}
