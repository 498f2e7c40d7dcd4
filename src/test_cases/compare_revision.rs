//! Comparison of content hashes with those of a revision.

use std::collections::HashMap;
use std::fmt;

use super::assertion::{Assertion, quoted};
use super::case::Case;
use super::check::Check;
use super::subject::TestEnvironment;
use crate::fingerprint::InputChange;
use crate::manifest::Manifest;
use crate::plan::{Mapping, Plan};
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, SourceMap};

/// Compares the mappings of `plan` that `assertion` is about with those of `revision`, where the same
/// case is tried on the manifest as it was.
///
/// # Errors
/// Why nothing can be compared.
pub(super) fn compare(
    assertion: &Assertion,
    revision: &str,
    (case, environment): (&Case, &TestEnvironment<'_>),
    (manifest, plan): (&Manifest, &Plan<'_>),
    sources: &SourceMap,
) -> Result<Check, Diagnostic> {
    let subject = environment.past.at(revision).map_err(|error| no_past(assertion, revision, error))?;
    // Its messages are about texts that nobody sees: only what they say is told.
    let (mut sources, mut faults) = (sources.clone(), Diagnostics::default());
    let Some(varied) = subject.of_case(case, false, &mut sources, &mut faults) else {
        return Err(no_past(assertion, revision, refusal(faults)));
    };
    let mut check = Check::default();
    let Some(old_manifest) = varied.manifests.iter().find(|old| old.cluster == manifest.cluster) else {
        for mapping in plan.mappings().filter(|mapping| assertion.is_about(mapping.kernel)) {
            check.broken(|| name(mapping, manifest), "is new since then");
        }
        return Ok(check);
    };
    let old_plan = Plan::make(varied.inputs(old_manifest), environment.workers, &mut sources, &mut faults);
    let Some(old_plan) = old_plan else { return Err(no_past(assertion, revision, refusal(faults))) };
    let mut before: HashMap<(&str, &str), &Mapping<'_>> = old_plan.mappings().map(|m| (key(m), m)).collect();
    for mapping in plan.mappings() {
        let old = before.remove(&key(mapping));
        if !assertion.is_about(mapping.kernel) {
            continue;
        }
        match old {
            None => check.broken(|| name(mapping, manifest), "is new since then"),
            Some(old) if hash(old) == hash(mapping) => check.held(),
            Some(old) => {
                if check.is_whole() {
                    check.explain(changes((&old_plan, old), (plan, mapping)));
                }
                check.broken(|| name(mapping, manifest), "has another content hash");
            }
        }
    }
    let mut gone: Vec<&Mapping<'_>> = before.into_values().filter(|old| assertion.is_about(old.kernel)).collect();
    gone.sort_by_key(|old| key(old));
    gone.into_iter().for_each(|old| check.broken(|| name(old, manifest), "was removed since then"));
    Ok(check)
}

fn no_past(assertion: &Assertion, revision: &str, why: impl fmt::Display) -> Diagnostic {
    let message = format!("cannot compare with `{}`: {why}", revision.escape_debug());
    Diagnostic::error("no-past", message).at(assertion.span, "")
}

fn refusal(faults: Diagnostics) -> String {
    let first = faults.into_sorted().into_iter().next().map(|fault| fault.message).unwrap_or_default();
    format!("the manifest of this case was rejected there: {first}")
}

fn key<'p>(mapping: &Mapping<'p>) -> (&'p str, &'p str) {
    (mapping.module.name.as_str(), mapping.kernel.release.as_str())
}

fn hash<'p>(mapping: &'p Mapping<'_>) -> &'p Digest {
    &mapping.identity.hash
}

/// Returns the name of a mapping in messages.
pub(super) fn name(mapping: &Mapping<'_>, manifest: &Manifest) -> String {
    let cluster = manifest.cluster.as_ref().map(|cluster| format!(" of cluster `{cluster}`")).unwrap_or_default();
    format!("`{}` on kernel `{}`{cluster}", mapping.module.name.value, mapping.kernel.release.value)
}

/// The inputs that are different, for people; where it is the Dockerfile alone, its first line that
/// is.
fn changes((old_plan, old): (&Plan<'_>, &Mapping<'_>), (plan, mapping): (&Plan<'_>, &Mapping<'_>)) -> Vec<String> {
    let Some((old, new)) = old_plan.render(old).zip(plan.render(mapping)) else { return Vec::new() };
    let changes = new.explanation.changes_from(&old.explanation);
    let inputs: Vec<&InputChange> = changes.iter().filter(|change| change.input != "dockerfile").collect();
    if inputs.is_empty() {
        return first_difference(&old.dockerfile, &new.dockerfile).into_iter().collect();
    }
    let lines = inputs.iter().map(|InputChange { input, from, to }| {
        let [from, to] =
            [from, to].map(|value| value.as_ref().map_or("nothing".to_owned(), |text| format!("`{text}`")));
        format!("{input}: {from} became {to}")
    });
    lines.collect()
}

/// The first line that is different, but for the one that carries the hash of the others.
fn first_difference(old: &str, new: &str) -> Option<String> {
    let (mut old, mut new) = (old.lines().skip(1), new.lines().skip(1));
    for number in 2.. {
        let (old, new) = (old.next(), new.next());
        if old != new {
            let [old, new] = [old, new].map(|line| line.map_or("nothing".to_owned(), quoted));
            return Some(format!("line {number} of the Dockerfile: {old} became {new}"));
        }
        old?;
    }
    None
}
