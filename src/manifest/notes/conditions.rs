//! Conditions that no kernel meets, so that what they are on has no effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use kmodgen_yaml::Node;

use super::written::{Written, around};
use super::{Finding, grouped};
use crate::manifest::cluster::CLUSTER;
use crate::manifest::decode::Fields;
use crate::manifest::module::{MODULE, Module};
use crate::manifest::recipe::OVERRIDE;
use crate::manifest::selection::Selection;
use crate::manifest::version::VERSION;
use crate::manifest::{Kernel, Manifest};
use crate::vocabulary::{Diagnostic, Diagnostics};

/// Notes the conditions that hold for no kernel of the module that they are in; in a source, for none of the
/// manifest's. Within an override that applies to none, nothing else is noted.
pub(super) fn unmet(written: &[Written<'_>], all: &[Arc<Manifest>]) -> Option<Diagnostic> {
    let selections: Vec<Option<Selection>> = written.iter().map(selection).collect();
    let mut unmet = BTreeSet::new();
    let mut findings: Vec<Finding> = Vec::new();
    for (at, one) in written.iter().enumerate() {
        let Some(own) = &selections[at] else { continue };
        let Some(node) = one.node.get("when").or_else(|| one.node.get("unless")) else { continue };
        let outer: Vec<usize> = std::iter::successors(one.parent, |at| written[*at].parent).collect();
        if outer.iter().any(|at| unmet.contains(at)) {
            continue;
        }
        let module = around(written, at).find(|one| std::ptr::eq(one.record, &MODULE)).map(|module| &**module.node);
        let outer: Vec<&Selection> = outer.iter().filter_map(|at| selections[*at].as_ref()).collect();
        let mut kernels = kernels_of(module, all).peekable();
        if kernels.peek().is_none()
            || kernels.any(|kernel| own.selects(kernel) && outer.iter().all(|outer| outer.selects(kernel)))
        {
            continue;
        }
        unmet.insert(at);
        let kernels: Vec<Kernel> = match findings.len() {
            0..EXPLAINED => kernels_of(module, all).cloned().collect(),
            _ => Vec::new(),
        };
        let (why, help) = match kernels.iter().any(|kernel| own.selects(kernel)) {
            true => ("the enclosing condition matches other kernels".into(), None),
            false => own.why_unmet(&kernels),
        };
        let what = if std::ptr::eq(one.record, &OVERRIDE) { "override" } else { "condition" };
        let of = module.and_then(|module| module.get("name")?.as_scalar());
        let of = of.map(|name| format!(" of module `{}`", name.text.escape_debug())).unwrap_or_default();
        findings.push(Finding {
            span: node.span,
            message: format!("this {what} matches no kernel{of}: {why}"),
            label: why,
            help: help.unwrap_or_else(|| "remove it, or list a kernel that it matches".into()),
        });
    }
    grouped("unmet-condition", "conditions match no kernel", findings)
}

/// Number of findings that get a reason, which costs more than to find them.
const EXPLAINED: usize = 5;

/// Returns the kernels that an item, a step or an override is for, if it says so. Modules and clusters that are for no
/// kernel are told of elsewhere.
fn selection(written: &Written<'_>) -> Option<Selection> {
    let is_item = [&MODULE, &VERSION, &CLUSTER].into_iter().all(|record| !std::ptr::eq(record, written.record));
    written.record.field("unless").filter(|_| is_item)?;
    let faults = &mut Diagnostics::default();
    let mut fields = Fields::open(written.record, written.node, faults)?;
    Selection::take(&mut fields, faults).filter(|selection| !selection.is_all())
}

/// The kernels that a module is for, with any of its versions, for any cluster; all of the manifest's if it is
/// none.
fn kernels_of<'m>(module: Option<&'m Node>, all: &'m [Arc<Manifest>]) -> impl Iterator<Item = &'m Kernel> {
    all.iter().flat_map(move |manifest| {
        let modules = manifest.modules.iter();
        let modules: Option<Vec<&Module>> = module.map(|node| modules.filter(|module| is_in(module, node)).collect());
        manifest.kernels.iter().filter(move |kernel| {
            modules.as_ref().is_none_or(|modules| modules.iter().any(|module| module.kernels.selects(kernel)))
        })
    })
}

/// If a module, or a version of it, is written at `node`.
fn is_in(module: &Module, node: &Node) -> bool {
    let name = module.name.span;
    name.source == node.span.source && (node.span.start..node.span.end).contains(&name.start)
}
