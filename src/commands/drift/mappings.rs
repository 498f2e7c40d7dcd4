//! Rendering of mappings that the previous run does not know, and comparison of their files.

use super::listed::ListedFiles;
use super::shared::{EarlierMappings, SharedMapping, SharedMappings, StoredFile};
use crate::cache::{CachedMapping, FileEntry, Reuse};
use crate::checksum::Checksum;
use crate::commands::faults::Faults;
use crate::commands::project::Project;
use crate::manifest::{Kernel, Layout, Module};
use crate::output::{self, CONFIG_MAP, DocumentFacts, KUSTOMIZATION};
use crate::plan::{Expansion, Identity, Plan, PlannedMapping, RenderedMapping};
use crate::reconcile::{Contents, Inspector, Verdict};
use crate::shared_files::{ContentHash, SharedPath};
use crate::tree::{Content, Inaccessible};
use crate::vocabulary::{Diagnostics, RelPath, Span};

/// Verdicts on the ConfigMap of a mapping and the file beside it.
type Verdicts = Result<[Verdict; 2], Box<Inaccessible>>;

/// Texts of the same two files, each with its checksum; `None` if the layout has no such file.
type MappingTexts<'t> = [Option<(Content<'t>, Checksum)>; 2];

/// The same two files, if they are known to be as they were written.
type KnownFiles = [Option<FileEntry>; 2];

/// Result for a mapping.
pub(super) enum MappingResult<'c> {
    /// Mapping whose files are as the previous run left them, and the content of its ConfigMap, if clusters share it.
    Reused(&'c CachedMapping, Option<ContentHash>),
    /// Its files were compared; the content of its ConfigMap.
    Compared(Verdicts, ContentHash),
}

impl MappingResult<'_> {
    /// Returns the facts about the ConfigMap, which is for a kernel release.
    pub(super) fn document<'m>(&self, release: &'m str) -> DocumentFacts<'m> {
        let (stat, hash) = match self {
            Self::Reused(cached, hash) => (Some(cached.files[1].stat), *hash),
            Self::Compared(verdicts, hash) => {
                let stat = match verdicts {
                    Ok([_, Verdict::Right(file)]) => Some(file.stat),
                    Ok([_, Verdict::Change(change)]) => change.written.map(|file| file.stat),
                    _ => None,
                };
                (stat, Some(*hash))
            }
        };
        let length = stat.and_then(|stat| usize::try_from(stat.size).ok()).unwrap_or_default();
        DocumentFacts { release, length, hash: hash.unwrap_or_default() }
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
    /// Those of earlier clusters.
    pub(super) earlier: Option<&'e EarlierMappings>,
    /// Files that clusters share, as the kustomizations of the modules name them.
    pub(super) listed: &'e ListedFiles,
}

impl<'c> MappingComparer<'_, 'c> {
    /// Returns a mapping that is as the previous run left it.
    fn known(&self, number: usize) -> Option<(Identity, MappingResult<'c>)> {
        let reuse = self.reuse?;
        let cached = reuse.mapping(number, *self.keys.get(number)?)?;
        Some((cached.result.identity(), MappingResult::Reused(cached, reuse.content(number))))
    }

    /// Compares a mapping that another cluster has, too.
    fn shared(&self, number: usize, planned: &PlannedMapping<'_>) -> Option<(Identity, MappingResult<'c>)> {
        let mapping = self.earlier?.get(*self.keys.get(number)?)?;
        let place = MappingPlace::of(planned.module, planned.kernel, (number, mapping.hash));
        let known = self.known_files(&place);
        if self.layout() == Layout::Shared && known.contains(&None) {
            // Its texts were not kept, and the files are not there.
            return None;
        }
        let SharedMapping { beside, config_map, .. } = mapping;
        let beside = beside.as_ref().map(|file| (file.content(), file.checksum));
        let files = [beside, Some((config_map.content(), config_map.checksum))];
        let verdicts = self.compare_files(&place, files, known);
        Some((mapping.identity, MappingResult::Compared(verdicts, mapping.hash)))
    }

    /// Compares a mapping that was rendered.
    fn compare(&self, number: usize, rendered: &RenderedMapping<'_>) -> MappingResult<'c> {
        let (beside, config_map) = output::in_layout(rendered, &self.project.manifest);
        let (beside, config_map) = (beside.as_ref().map(|file| &*file.text), &*config_map.text);
        let hash = if self.layout() == Layout::Shared { ContentHash::of(config_map) } else { ContentHash::default() };
        let place = MappingPlace::of(rendered.mapping.module, rendered.mapping.kernel, (number, hash));
        let files = [beside, Some(config_map)]
            .map(|text| text.map(|text| (Content::Text(text), self.inspector.key.checksum(text.as_bytes()))));
        let verdicts = self.compare_files(&place, files, self.known_files(&place));
        if let (Some(shared), Some(key), Ok(verdicts)) = (self.shared, self.keys.get(number), &verdicts) {
            shared.add(*key, (rendered.mapping.identity, hash), (beside, config_map), verdicts, self.layout());
        }
        MappingResult::Compared(verdicts, hash)
    }

    /// Compares the file beside the ConfigMap of a mapping, if the layout has one, and its ConfigMap, with the files that
    /// are `known`.
    fn compare_files(&self, place: &MappingPlace<'_>, files: MappingTexts<'_>, known: KnownFiles) -> Verdicts {
        if self.layout() == Layout::Shared {
            return self.compare_shared_files(place, files, known);
        }
        let mut verdicts = [Verdict::Absent, Verdict::Absent];
        let paths = place.paths(self.layout());
        for (verdict, ((path, file), known)) in verdicts.iter_mut().zip(paths.into_iter().zip(files).zip(known)) {
            let (Some(path), Some(file)) = (path, file) else { continue };
            *verdict = self.inspector.inspect_content((path, place.origin), file, known).map_err(Box::new)?;
        }
        Ok(verdicts)
    }

    fn compare_shared_files(&self, place: &MappingPlace<'_>, files: MappingTexts<'_>, known: KnownFiles) -> Verdicts {
        let contents = self.contents(place);
        let mut verdicts = [Verdict::Absent, Verdict::Absent];
        let paths = place.shared_paths();
        for (verdict, ((path, file), known)) in verdicts.iter_mut().zip(paths.into_iter().zip(files).zip(known)) {
            let Some(file) = file else { continue };
            let compared = self.inspector.inspect_shared((path, place.origin), file, contents, known);
            *verdict = compared.map_err(Box::new)?;
        }
        if let Some(shared) = self.shared.filter(|_| known.contains(&None)) {
            let kinds = [StoredFile::Kustomization, StoredFile::ConfigMap];
            let found = verdicts.iter().zip(known).zip(kinds).filter(|((_, known), _)| known.is_none());
            let found = found.filter_map(|((verdict, _), kind)| Some((place.hash, kind(verdict.found_content()?))));
            shared.note_stored(found);
        }
        Ok(verdicts)
    }

    /// Returns the contents of a mapping whose files clusters share.
    fn contents(&self, place: &MappingPlace<'_>) -> Contents {
        let listed = self.listed.get(place.module).and_then(|listed| listed.get(place.release)).copied();
        let before = self.reuse.filter(|reuse| !reuse.files(place.number).contains(&None));
        let is_known = listed.is_some() && before.and_then(|reuse| reuse.content(place.number)) == listed;
        Contents { planned: place.hash, listed, is_known }
    }

    /// Returns those files of a mapping that are as the previous run left them, or as this run wrote them for another
    /// cluster.
    fn known_files(&self, place: &MappingPlace<'_>) -> KnownFiles {
        let before = self.reuse.map(|reuse| reuse.files(place.number)).unwrap_or_default();
        if self.layout() != Layout::Shared {
            return before;
        }
        let is_same = self.reuse.and_then(|reuse| reuse.content(place.number)) == Some(place.hash);
        let before = if is_same { before } else { [None; 2] };
        if !before.contains(&None) {
            return before;
        }
        let stored = self.earlier.map(|earlier| earlier.stored(place.hash)).unwrap_or_default();
        [before[0].or(stored[0]), before[1].or(stored[1])]
    }

    fn layout(&self) -> Layout {
        self.project.manifest.output.layout
    }
}

/// A mapping, and where its files are.
struct MappingPlace<'m> {
    module: &'m str,
    release: &'m str,
    origin: Span,
    /// Number of the mapping in the plan.
    number: usize,
    /// The content of its ConfigMap.
    hash: ContentHash,
}

impl<'m> MappingPlace<'m> {
    fn of(module: &'m Module, kernel: &'m Kernel, (number, hash): (usize, ContentHash)) -> Self {
        let origin = kernel.release.span;
        Self { module: module.name.as_str(), release: kernel.release.as_str(), origin, number, hash }
    }

    /// Returns the paths of the kustomization and the ConfigMap, if clusters share them.
    fn shared_paths(&self) -> [SharedPath<'m>; 2] {
        let Self { module, release, .. } = *self;
        [KUSTOMIZATION, CONFIG_MAP].map(|file| SharedPath { module, release, hash: None, file })
    }

    /// Returns the paths of the file beside the ConfigMap, and of the ConfigMap.
    fn paths(&self, layout: Layout) -> [Option<RelPath>; 2] {
        let Self { module, release, .. } = self;
        [
            output::path_beside_config_map(module, release, layout),
            Some(output::config_map_path(module, release, layout)),
        ]
    }
}
