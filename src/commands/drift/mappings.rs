//! Rendering of mappings that the previous run does not know, and comparison of their files.

use crate::cache::{CachedMapping, FileEntry, Reuse};
use crate::checksum::Checksum;
use crate::commands::faults::Faults;
use crate::commands::project::Project;
use crate::output;
use crate::parallel::map_with;
use crate::plan::{
    BLOCK, Expansion, Identity, MappingRenderer, Plan, PlanBuilder, PlannedMapping, RenderError, RenderedMapping,
    no_thread,
};
use crate::reconcile::{Inspector, Verdict};
use crate::tree::Inaccessible;
use crate::vocabulary::Diagnostics;

/// Verdicts on the Dockerfile and the ConfigMap of a mapping.
type Verdicts = Result<Box<[Verdict; 2]>, Box<Inaccessible>>;

/// Result for a mapping.
pub(super) enum MappingResult<'c> {
    /// Mapping whose files are as the previous run left them.
    Reused(&'c CachedMapping),
    /// Its files were compared.
    Compared(Verdicts),
}

/// A mapping to render, and those of its files that are known to be ours.
struct Job<'j, 'm> {
    planned: &'j PlannedMapping<'m>,
    known: [Option<FileEntry>; 2],
}

/// Makes the plan, and compares the files of each mapping as soon as it is rendered. A mapping with the key of the
/// previous run, and with files as that run left them, is not rendered.
pub(super) fn compare_mappings<'p, 'c>(
    project: &'p Project,
    (expansion, mut faults): (&Expansion<'p>, Diagnostics),
    keys: &[Checksum],
    reuse: Option<&Reuse<'c>>,
    inspector: &Inspector<'_>,
    workers: usize,
) -> anyhow::Result<(Plan<'p>, Vec<MappingResult<'c>>)> {
    let mut sources = project.sources.clone();
    let mut plan = PlanBuilder::new(expansion);
    let mappings = expansion.mappings();
    let mut results = Vec::with_capacity(mappings.len());
    let mut first = 0;
    for block in mappings.chunks(BLOCK) {
        let numbered = (first..).zip(block);
        let reused = numbered.clone().map(|(number, _)| reuse?.mapping(number, *keys.get(number)?));
        let reused: Vec<Option<&'c CachedMapping>> = reused.collect();
        let unknown = numbered.zip(&reused).filter(|(_, reused)| reused.is_none());
        let jobs = unknown.map(|((number, planned), _)| Job {
            planned,
            known: reuse.map(|reuse| reuse.files(number)).unwrap_or_default(),
        });
        let jobs: Vec<Job<'_, '_>> = jobs.collect();
        let renderer = || MappingRenderer::new(expansion.inputs);
        let compare = |renderer: &mut MappingRenderer<'p>, job: &Job<'_, 'p>| {
            let rendered = renderer.render(job.planned)?;
            let verdicts = compare_mapping(&rendered, job.known, inspector, project);
            Ok::<(Identity, Verdicts), RenderError>((rendered.mapping.identity, verdicts))
        };
        let mut compared = match map_with(&jobs, workers, renderer, compare) {
            Ok(compared) => compared.into_iter(),
            Err(error) => {
                faults.push(no_thread(&error));
                break;
            }
        };
        for (planned, reused) in block.iter().zip(reused) {
            let identity = match reused {
                Some(cached) => {
                    results.push(MappingResult::Reused(cached));
                    Ok(cached.identity)
                }
                None => match compared.next() {
                    Some(Ok((identity, compared))) => {
                        results.push(MappingResult::Compared(compared));
                        Ok(identity)
                    }
                    Some(Err(error)) => Err(error),
                    None => continue,
                },
            };
            plan.add(planned, identity, &mut sources, &mut faults);
        }
        first += block.len();
    }
    match plan.finish(&mut faults) {
        Some(plan) => {
            project.warn(faults);
            Ok((plan, results))
        }
        None => Err(Faults::new(faults, sources).into()),
    }
}

fn compare_mapping(
    rendered: &RenderedMapping<'_>,
    known: [Option<FileEntry>; 2],
    inspector: &Inspector<'_>,
    project: &Project,
) -> Verdicts {
    let [dockerfile, config_map] = output::of_mapping(rendered, &project.manifest);
    let dockerfile = inspector.inspect(dockerfile, known[0]).map_err(Box::new)?;
    Ok(Box::new([dockerfile, inspector.inspect(config_map, known[1]).map_err(Box::new)?]))
}
