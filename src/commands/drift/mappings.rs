//! Rendering of mappings that the previous run does not know, and comparison of their files.

use crate::cache::{CachedMapping, FileEntry, Reuse};
use crate::checksum::Checksum;
use crate::commands::faults::Faults;
use crate::commands::project::Project;
use crate::output;
use crate::plan::{Expansion, Plan, RenderedMapping};
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

impl MappingResult<'_> {
    /// Returns the length of the ConfigMap's document in a bundle.
    pub(super) fn document_length(&self) -> usize {
        let stat = match self {
            Self::Reused(cached) => Some(cached.files[1].stat),
            Self::Compared(Ok(verdicts)) => match &verdicts[1] {
                Verdict::Right(file) => Some(file.stat),
                Verdict::Change(change) => change.written.map(|file| file.stat),
                Verdict::NotAsked | Verdict::Absent => None,
            },
            Self::Compared(Err(_)) => None,
        };
        stat.and_then(|stat| usize::try_from(stat.size).ok()).unwrap_or_default()
    }
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
    let known = |number: usize| {
        let cached = reuse?.mapping(number, *keys.get(number)?)?;
        Some((cached.result.identity(), MappingResult::Reused(cached)))
    };
    let compare = |number: usize, rendered: &RenderedMapping<'_>| {
        let known = reuse.map(|reuse| reuse.files(number)).unwrap_or_default();
        MappingResult::Compared(compare_mapping(rendered, known, inspector, project))
    };
    match expansion.render(workers, known, compare, &mut sources, &mut faults) {
        Some(planned) => {
            project.warn(faults);
            Ok(planned)
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
    let (dockerfile, config_map) = output::in_layout(rendered, &project.manifest);
    let dockerfile = dockerfile.map(|dockerfile| inspector.inspect(dockerfile, known[0]).map_err(Box::new));
    let dockerfile = dockerfile.unwrap_or(Ok(Verdict::Absent))?;
    Ok(Box::new([dockerfile, inspector.inspect(config_map, known[1]).map_err(Box::new)?]))
}
