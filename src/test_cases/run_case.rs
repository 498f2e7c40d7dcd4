//! Trying a case: everything that comes out is looked at as it comes by, and none of it is kept.

use std::collections::HashSet;

use super::assertion::{Assertion, Claim};
use super::case::Case;
use super::check::Check;
use super::output_part::OutputPart;
use super::snapshots;
use super::subject::TestEnvironment;
use super::verdict::{Difference, Verdict};
use super::{compare_revision, refusal};
use crate::manifest::Manifest;
use crate::output::{self, ConfigMapFiles, Output};
use crate::plan::{Mapping, Plan, RenderedMapping};
use crate::tree::{Inaccessible, OutputFolder};
use crate::vocabulary::{Diagnostic, Diagnostics, KernelRelease, RelPath, Severity, SourceMap};

/// Tries a case; `sources` has its text.
///
/// # Errors
/// A snapshot that cannot be looked at.
pub fn run_case(
    case: &Case,
    environment: &TestEnvironment<'_>,
    mut sources: SourceMap,
) -> Result<Verdict, Inaccessible> {
    let mut faults = Diagnostics::default();
    let mut outcome = CaseProgress::of(case);
    let came_out = expand(case, environment, &mut outcome, &mut sources, &mut faults)?;
    let (mut broken, mut trouble) = (Vec::new(), Vec::new());
    if case.expects_error() {
        broken = refusal::check(&case.expect, &faults.into_sorted());
        outcome = CaseProgress::of(case);
    } else if came_out {
        if outcome.is_empty(case) {
            trouble.push(
                Diagnostic::error("selects-nothing", "this case produces no output")
                    .at(case.span, "")
                    .help("none of its modules matches one of its kernels; if this is intended, expect `mappings: 0`"),
            );
        }
        let about = case.expect.iter().zip(&outcome.checks);
        broken = about.filter_map(|(assertion, check)| check.told(assertion)).collect();
        trouble.append(&mut outcome.trouble);
    } else {
        trouble = faults.into_sorted();
        trouble.retain(|fault| fault.severity == Severity::Error);
    }
    let CaseProgress { mappings, right, differences, referenced, .. } = outcome;
    let name = case.name.clone();
    let refused = case.expects_error() && broken.is_empty();
    Ok(Verdict { name, mappings, refused, right, differences, broken, trouble, referenced, sources })
}

/// Plans the case for each of its clusters; whether it could be planned.
fn expand(
    case: &Case,
    environment: &TestEnvironment<'_>,
    outcome: &mut CaseProgress,
    sources: &mut SourceMap,
    faults: &mut Diagnostics,
) -> Result<bool, Inaccessible> {
    let Some(varied) = environment.subject.of_case(case, true, sources, faults) else { return Ok(false) };
    for manifest in &varied.manifests {
        let checker = MappingChecker { case, manifest, folder: environment.folder };
        let planned = Plan::make_with(varied.inputs(manifest), environment.workers, sources, faults, |rendered| {
            checker.look_at_mapping(rendered)
        });
        let Some((plan, seen)) = planned else { return Ok(false) };
        for (mapping, seen) in plan.mappings().zip(seen) {
            outcome.mappings += 1;
            outcome.add(seen?, || compare_revision::name(mapping, manifest));
        }
        let mut lengths = Vec::new();
        for (module, mappings) in &plan.modules {
            let Some([object, _]) = output::of_module(module, mappings, plan.inputs, &ConfigMapFiles::Own) else {
                continue;
            };
            lengths.push((*module, object.text.len()));
            let seen = checker.look_at(&[(OutputPart::Module, object)], None)?;
            outcome.add(seen, || format!("`{}`", module.name.value));
        }
        output::check_sizes(&lengths, faults);
        if faults.has_errors() {
            return Ok(false);
        }
        for (assertion, check) in case.expect.iter().zip(&mut outcome.checks) {
            let Claim::UnchangedSince(revision) = &assertion.claim else { continue };
            match compare_revision::compare(assertion, revision, (case, environment), (manifest, &plan), sources) {
                Ok(found) => check.join(found),
                Err(why) => {
                    check.give_up();
                    outcome.trouble.push(why);
                }
            }
        }
    }
    Ok(true)
}

/// Looks at each output while it is at hand.
struct MappingChecker<'e> {
    case: &'e Case,
    manifest: &'e Manifest,
    folder: &'e dyn OutputFolder,
}

/// Generated files of a mapping or a module.
struct CheckedFiles {
    right: Vec<RelPath>,
    differences: Vec<Difference>,
    /// Of each expectation, whether it holds; `None` where it is not about this.
    held: Vec<Option<bool>>,
}

impl MappingChecker<'_> {
    fn look_at_mapping(&self, rendered: &RenderedMapping<'_>) -> Result<CheckedFiles, Inaccessible> {
        let [dockerfile, config_map] = output::of_mapping(rendered, self.manifest);
        let outputs = [(OutputPart::Dockerfile, dockerfile), (OutputPart::ConfigMap, config_map)];
        self.look_at(&outputs, Some(&rendered.mapping))
    }

    fn look_at(
        &self,
        outputs: &[(OutputPart, Output<'_>)],
        on: Option<&Mapping<'_>>,
    ) -> Result<CheckedFiles, Inaccessible> {
        let mut seen = CheckedFiles { right: Vec::new(), differences: Vec::new(), held: Vec::new() };
        for (part, output) in outputs.iter().filter(|(part, _)| self.case.snapshot.contains(part)) {
            let path = snapshots::path_of(&self.case.name, self.manifest.cluster.as_ref(), &output.path);
            let release: Option<&KernelRelease> = on.map(|mapping| &mapping.kernel.release.value);
            match snapshots::compare(self.folder, path.clone(), release, &output.text)? {
                None => seen.right.push(path),
                Some(difference) => seen.differences.push(difference),
            }
            debug_assert_eq!(output.path.file_name(), part.file_name());
        }
        seen.held = self.case.expect.iter().map(|assertion| holds(assertion, outputs, on)).collect();
        Ok(seen)
    }
}

/// Checks files of a mapping, or of a Module if there is none; `None` if the assertion is not about them.
fn holds(assertion: &Assertion, outputs: &[(OutputPart, Output<'_>)], on: Option<&Mapping<'_>>) -> Option<bool> {
    if on.is_some_and(|mapping| !assertion.is_about(mapping.kernel)) {
        return None;
    }
    if let Claim::Mappings(_) = assertion.claim {
        return on.map(|_| true);
    }
    let (_, output) = outputs.iter().find(|(part, _)| *part == assertion.part)?;
    assertion.holds_of(&output.text)
}

/// Result of a case so far.
#[derive(Default)]
struct CaseProgress {
    mappings: usize,
    right: usize,
    differences: Vec<Difference>,
    referenced: HashSet<RelPath>,
    /// Result of each expectation.
    checks: Vec<Check>,
    trouble: Vec<Diagnostic>,
}

impl CaseProgress {
    fn of(case: &Case) -> Self {
        Self { checks: case.expect.iter().map(|_| Check::default()).collect(), ..Self::default() }
    }

    fn add(&mut self, seen: CheckedFiles, name: impl Fn() -> String) {
        self.right += seen.right.len();
        self.referenced.extend(seen.right);
        self.referenced.extend(seen.differences.iter().map(|difference| difference.path.clone()));
        self.differences.extend(seen.differences);
        for (check, held) in self.checks.iter_mut().zip(seen.held) {
            match held {
                Some(true) => check.held(),
                Some(false) => check.broken(&name, ""),
                None => {}
            }
        }
    }

    /// Checks whether the case expects nothing at all, and does not require an empty output either.
    fn is_empty(&self, case: &Case) -> bool {
        let counts = case.expect.iter().any(|assertion| matches!(assertion.claim, Claim::Mappings(_)));
        self.referenced.is_empty() && !counts && self.checks.iter().all(Check::is_untouched)
    }
}
