//! Sources that nothing is built from.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Finding, grouped};
use crate::manifest::Manifest;
use crate::vocabulary::Diagnostic;

/// Notes the sources that no module has, for any cluster.
pub(super) fn unused(all: &[Arc<Manifest>]) -> Option<Diagnostic> {
    let recipes = all.iter().flat_map(|manifest| &manifest.modules).flat_map(|module| module.recipes());
    let used: BTreeSet<&str> = recipes.flat_map(|recipe| recipe.all_sources()).map(|name| name.as_str()).collect();
    let sources = all.first()?.sources.values().filter(|source| !used.contains(source.name.as_str()));
    let findings = sources.map(|source| {
        let name = &source.name.value;
        Finding {
            span: source.name.span,
            message: format!("no module uses the source `{name}`"),
            label: String::new(),
            help: "remove it, or use it as `source` of a module".into(),
        }
    });
    let mut findings: Vec<Finding> = findings.collect();
    findings.sort_by_key(|finding| finding.span);
    grouped("unused-source", "sources are not used by a module", findings)
}
