//! Checks of Dockerfiles, Modules, ManagedClusterModules and kustomizations against what KMM does.
//!
//! A rule is declared once, as a [`Rule`]: its id, its reason and its examples stand beside the function that checks it.
//! [`check`] reads the facts of each object once and lets all rules look at them. It then leaves out what comments and
//! the manifest allow.

mod allow;
mod allow_list;
mod dockerfile;
mod example;
pub mod facts;
pub mod formats;
mod generated;
mod input;
mod modules;
mod own_rules;
mod page;
mod project;
mod registry;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use generated::dockerfile_errors;
pub use input::{AllowList, LintInput, LintResult};
pub use page::{index, page};
pub use registry::{RULES, by_id};
pub use rule::{Rule, RuleCheck, RuleExample};

use allow::Allow;
use facts::ProjectFacts;
use own_rules::UNREADABLE;
use rule::RuleReport;

use crate::vocabulary::{Diagnostic, Severity, SourceId, SourceMap};

/// Most findings of one file that are reported: a file with more is none that a person wrote.
const MOST_IN_A_FILE: usize = 100;

/// Checks all inputs.
pub fn check(input: &LintInput<'_>, sources: &SourceMap) -> LintResult {
    let mut findings: Vec<Diagnostic> = input.objects.problems.iter().filter_map(unreadable).collect();
    findings.extend(input.dockerfiles().filter_map(|source| no_dockerfile(source, sources)));
    let project = ProjectFacts::of(input, sources);
    for rule in RULES {
        let mut report = RuleReport::new(rule, &mut findings);
        match rule.check {
            RuleCheck::Command => {}
            RuleCheck::Module(check) => project.modules.iter().for_each(|module| check(module, &mut report)),
            RuleCheck::Dockerfile(check) => project.dockerfiles.iter().for_each(|file| check(file, &mut report)),
            RuleCheck::Project(check) => check(&project, &mut report),
        }
    }
    let mut result = LintResult { checked: project.count(), ..LintResult::default() };
    let before = findings.len();
    allow_list::apply(&mut findings, &input.allow_list, sources);
    let mut by_source: BTreeMap<SourceId, Vec<Diagnostic>> = BTreeMap::new();
    for found in findings {
        let source = found.labels.first().map_or(SourceId(u32::MAX), |label| label.span.source);
        by_source.entry(source).or_default().push(found);
    }
    let sources_of_allows: BTreeSet<SourceId> = by_source.keys().copied().chain(input.sources()).collect();
    let mut kept = 0;
    for source in sources_of_allows {
        let mut own = by_source.remove(&source).unwrap_or_default();
        if let Some(file) = sources.get(source) {
            let mut allows: Vec<Allow> = allow::read(source, file);
            let faults = allow::apply(&mut own, &mut allows, file);
            kept += own.len();
            own.extend(faults);
        } else {
            kept += own.len();
        }
        sort(&mut own);
        result.dropped += own.len().saturating_sub(MOST_IN_A_FILE);
        own.truncate(MOST_IN_A_FILE);
        result.findings.extend(own);
    }
    result.allowed = before.saturating_sub(kept);
    result.findings.sort_by(|one, other| name(one, sources).cmp(name(other, sources)));
    result
}

/// Returns the finding of a Dockerfile that is none. Its line is not shown: it may be endless.
fn no_dockerfile(source: SourceId, sources: &SourceMap) -> Option<Diagnostic> {
    let file = sources.get(source)?;
    let why = facts::unreadable(&file.text)?;
    let found = Diagnostic::warning(UNREADABLE.id, format!("skipped `{}`: {why}", file.name.escape_debug()));
    Some(found)
}

/// Sorts the findings of one file.
fn sort(findings: &mut Vec<Diagnostic>) {
    findings.sort_by(|one, other| {
        let place = |found: &Diagnostic| found.labels.first().map(|label| (label.span.start, label.span.end));
        (place(one), one.code, &one.message).cmp(&(place(other), other.code, &other.message))
    });
    findings
        .dedup_by(|one, other| one.code == other.code && one.message == other.message && one.labels == other.labels);
}

/// Returns the name of a finding's file.
fn name<'s>(found: &Diagnostic, sources: &'s SourceMap) -> &'s str {
    let source = found.labels.first().and_then(|label| sources.get(label.span.source));
    source.map_or("", |file| file.name.as_str())
}

/// Returns the finding of a problem of reading, unless a rule finds the same.
fn unreadable(problem: &crate::objects::Problem) -> Option<Diagnostic> {
    use crate::objects::ProblemKind;
    match problem.kind {
        ProblemKind::Shape => None,
        ProblemKind::Unreadable | ProblemKind::Syntax | ProblemKind::Kustomization | ProblemKind::Limit => {
            let severity = problem.diagnostic.severity.max(UNREADABLE.severity);
            Some(Diagnostic { code: UNREADABLE.id, severity, ..problem.diagnostic.clone() })
        }
    }
}

impl LintResult {
    /// Returns the number of findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|found| found.severity == severity).count()
    }
}
