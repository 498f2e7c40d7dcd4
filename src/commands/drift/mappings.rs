//! Rendering of mappings that the previous run does not know, and comparison of their files.

use super::shared::{SharedMapping, SharedMappings};
use crate::cache::{CachedMapping, FileEntry, Reuse};
use crate::checksum::Checksum;
use crate::commands::faults::Faults;
use crate::commands::project::Project;
use crate::output;
use crate::plan::{Expansion, Identity, Plan, PlannedMapping, RenderedMapping};
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
/// previous run, and with files as that run left them, is not rendered; nor is one that another cluster has, too.
pub(super) fn compare_mappings<'p, 'c>(
    (expansion, mut faults): (&Expansion<'p>, Diagnostics),
    comparer: &MappingComparer<'_, 'c>,
    workers: usize,
) -> anyhow::Result<(Plan<'p>, Vec<MappingResult<'c>>)> {
    let project = comparer.project;
    let mut sources = project.sources.clone();
    let planned = expansion.render(
        workers,
        |number| comparer.known(number),
        |number, planned| comparer.shared(number, planned),
        |number, rendered| comparer.compare(number, rendered),
        &mut sources,
        &mut faults,
    );
    let Some(planned) = planned else { return Err(Faults::new(faults, sources).into()) };
    project.warn(faults);
    if let Some(shared) = comparer.shared {
        shared.note_templates(project);
    }
    Ok(planned)
}

/// Compares the files of mappings.
pub(super) struct MappingComparer<'e, 'c> {
    pub(super) project: &'e Project,
    pub(super) inspector: &'e Inspector<'e>,
    /// Keys of all mappings, in the order of the plan.
    pub(super) keys: &'e [Checksum],
    pub(super) reuse: Option<&'e Reuse<'c>>,
    /// Mappings of all clusters.
    pub(super) shared: Option<&'e SharedMappings>,
}

impl<'c> MappingComparer<'_, 'c> {
    /// Returns a mapping that is as the previous run left it.
    fn known(&self, number: usize) -> Option<(Identity, MappingResult<'c>)> {
        let cached = self.reuse?.mapping(number, *self.keys.get(number)?)?;
        Some((cached.result.identity(), MappingResult::Reused(cached)))
    }

    /// Compares a mapping that another cluster has, too.
    fn shared(&self, number: usize, planned: &PlannedMapping<'_>) -> Option<(Identity, MappingResult<'c>)> {
        let mapping = self.shared?.get(*self.keys.get(number)?)?;
        Some((mapping.identity, MappingResult::Compared(self.compare_shared(number, planned, &mapping))))
    }

    fn compare_shared(&self, number: usize, planned: &PlannedMapping<'_>, mapping: &SharedMapping) -> Verdicts {
        let (module, release) = (planned.module.name.as_str(), planned.kernel.release.as_str());
        let SharedMapping { dockerfile, config_map, .. } = mapping;
        let known = self.known_files(number);
        let origin = planned.kernel.release.span;
        let verdict = match dockerfile {
            Some(file) => {
                let path = output::dockerfile_path(module, release);
                let content = (file.content(), file.checksum);
                self.inspector.inspect_content((path, origin), content, known[0]).map_err(Box::new)?
            }
            None => Verdict::Absent,
        };
        let path = output::config_map_path(module, release, self.project.manifest.output.layout);
        let content = (config_map.content(), config_map.checksum);
        Ok(Box::new([verdict, self.inspector.inspect_content((path, origin), content, known[1]).map_err(Box::new)?]))
    }

    /// Compares a mapping that was rendered.
    fn compare(&self, number: usize, rendered: &RenderedMapping<'_>) -> MappingResult<'c> {
        MappingResult::Compared(self.compare_rendered(number, rendered))
    }

    fn compare_rendered(&self, number: usize, rendered: &RenderedMapping<'_>) -> Verdicts {
        let known = self.known_files(number);
        let (dockerfile, config_map) = output::in_layout(rendered, &self.project.manifest);
        let verdict = dockerfile.as_ref().map(|dockerfile| self.inspector.inspect(dockerfile, known[0]));
        let verdict = verdict.unwrap_or(Ok(Verdict::Absent)).map_err(Box::new)?;
        let verdicts = Box::new([verdict, self.inspector.inspect(&config_map, known[1]).map_err(Box::new)?]);
        if let Some((shared, key)) = self.shared.zip(self.keys.get(number)) {
            let dockerfile = dockerfile.as_ref().map(|dockerfile| &*dockerfile.text);
            shared.add(*key, rendered.mapping.identity, (dockerfile, &config_map.text), &verdicts);
        }
        Ok(verdicts)
    }

    /// Returns those files of a mapping that are as the previous run left them.
    fn known_files(&self, number: usize) -> [Option<FileEntry>; 2] {
        self.reuse.map(|reuse| reuse.files(number)).unwrap_or_default()
    }
}
