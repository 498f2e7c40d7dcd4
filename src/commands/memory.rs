//! The record of the run before: finding it, trusting it as far as its inputs are the same, and
//! leaving one for the next run.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::project::Project;
use super::survey::{FileState, Survey};
use crate::adapters::fs::{self, Standing};
use crate::impact::Impact;
use crate::manifest::{Kernel, Module};
use crate::plan::{self, Keys, Mapping};
use crate::previous::OldModule;
use crate::record::{Evidence, FileRecord, InputRecord, MappingRecord, ModuleRecord, Record};
use crate::settings;
use crate::vocabulary::{Digest, InputFiles, RelPath, TargetName, listing_digest, normalised};
use crate::{lock, output, reconcile::Action};

/// Where a run's record is.
pub(super) struct Memory(
    /// Its path, and whose it is; none where there is no place for records.
    Option<(PathBuf, String)>,
);

impl Memory {
    /// That of a manifest, for a target, with an output folder, where a flag names one.
    pub(super) fn of(manifest: &Path, target: Option<&TargetName>, output: Option<&PathBuf>) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_default().display().to_string();
        let shown = manifest.display().to_string();
        let output = output.map(|path| absolute(path)).unwrap_or_default();
        let name = [absolute(manifest).as_str(), &shown, &output, target.map_or("", TargetName::as_str)].join("\0");
        let file = format!("{}.record", Digest::of(name.as_bytes()).short(32));
        let place = settings::cache_folder().zip(settings::program());
        // A record that was put in another's place is none, either.
        Self(place.map(|(folder, program)| (folder.join(file), format!("{program}\0{name}"))))
    }

    /// The record, if there is one that is good for this program.
    pub(super) fn record(&self) -> Option<Record> {
        let (path, program) = self.0.as_ref()?;
        Record::from_bytes(&fs::read_cached(path)?, program)
    }

    /// Leaves `record` for the next run. It only saves time, so nothing is said where it cannot be
    /// written.
    pub(super) fn keep(&self, record: &Record) {
        if let Some((path, program)) = &self.0 {
            fs::write_cached(path, &record.to_bytes(program));
        }
    }
}

/// Which of a record's inputs are as they were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unchanged {
    /// All.
    pub(super) all: bool,
    /// The templates.
    pub(super) templates: bool,
}

impl Unchanged {
    /// Reads them. `manifest` is the manifest's path.
    pub(super) fn since(record: &Record, manifest: &Path) -> Self {
        let templates = are_as(manifest, &record.templates);
        Self { all: templates && is_as(manifest, &record.inputs) && are_as(manifest, &record.files), templates }
    }
}

/// Whether a manifest and its lock are what these digests say.
pub(super) fn is_as(manifest: &Path, digests: &[Option<Digest>; 2]) -> bool {
    let digest = |path: &Path| fs::read_text_if_any(path).ok().flatten().map(|text| Digest::of(text.as_bytes()));
    [digest(manifest), digest(&beside(manifest).join(lock::FILE_NAME))] == *digests
}

/// Whether files and folders beside a manifest are.
pub(super) fn are_as(manifest: &Path, inputs: &[InputRecord]) -> bool {
    let files = fs::ManifestFolder::new(beside(manifest));
    let now = |path: &str| {
        let parsed = RelPath::parse(path).ok()?;
        if path.ends_with('/') {
            return files.list(&parsed).ok().map(|names| listing_digest(&names));
        }
        files.read(&parsed).ok().map(|bytes| Digest::of(&bytes))
    };
    inputs.iter().all(|(path, digest)| now(path) == *digest)
}

fn beside(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new(""))
}

/// Mappings of a record whose files are as they were.
pub(super) struct Recall<'r> {
    record: &'r Record,
    standing: &'r Standing,
    releases: HashMap<&'r str, usize>,
    /// Each module, and where its mapping on each release is.
    modules: HashMap<&'r str, (usize, Vec<Option<usize>>)>,
}

impl<'r> Recall<'r> {
    /// Those of a record, in the light of what its files are now.
    pub(super) fn new(record: &'r Record, standing: &'r Standing) -> Self {
        let numbered = record.releases.iter().enumerate();
        let releases = numbered.map(|(at, release)| (release.as_str(), at)).collect();
        let modules = record.modules.iter().enumerate().map(|(number, module)| {
            let mut mappings = vec![None; record.releases.len()];
            for (at, mapping) in module.mappings.iter().enumerate() {
                if let Some(place) = mappings.get_mut(mapping.release as usize) {
                    *place = Some(at);
                }
            }
            (module.name.as_str(), (number, mappings))
        });
        Self { record, standing, releases, modules: modules.collect() }
    }

    /// The templates that its mappings were made of.
    pub(super) fn templates(&self) -> &'r [InputRecord] {
        &self.record.templates
    }

    /// The folders in a module's folder, where they are known to be those of the record.
    pub(super) fn folders(&self, module: &str) -> Option<Vec<String>> {
        let (at, _) = self.modules.get(module)?;
        let strangers = self.record.strangers.iter().any(|(path, _)| path.split('/').next() == Some(module));
        let [unchanged, _] = self.standing.modules.get(*at)?;
        let release = |mapping: &MappingRecord| self.record.releases.get(mapping.release as usize).cloned();
        (*unchanged && !strangers).then(|| self.record.modules.get(*at)?.mappings.iter().map(release).collect())?
    }

    /// A module as it is on disk, and what becomes of it with `mappings`, if its Module is as it was. It
    /// has no further Modules on its images: no record has them.
    pub(super) fn impact(&self, module: &Module, mappings: &[Mapping<'_>]) -> Option<(OldModule, Impact)> {
        // No record has images that somebody else builds, or that nobody is told of.
        let recorded = module.is_built() && module.has_objects();
        let (number, places) = self.modules.get(module.name.as_str()).filter(|_| recorded)?;
        let old =
            self.record.modules.get(*number).filter(|_| self.standing.modules.get(*number).is_some_and(|s| s[1]))?;
        let same_image = old.image == module.image.repository();
        let mut impact = Impact::default();
        let mut images = HashMap::new();
        let mut kept = vec![false; old.mappings.len()];
        let mut note = |release: &str, before: &MappingRecord| {
            let image = plan::image_name(&old.image, &normalised(release), &before.identity.hash);
            images.insert(release.to_owned(), image);
            release.to_owned()
        };
        for mapping in mappings {
            let release = mapping.kernel.release.as_str();
            let place = self.releases.get(release).and_then(|at| *places.get(*at)?);
            let Some((at, before)) = place.and_then(|at| Some((at, old.mappings.get(at)?))) else {
                impact.loads.push(release.to_owned());
                continue;
            };
            kept[at] = true;
            if !same_image || before.identity.hash != mapping.identity.hash {
                impact.reloads.push(note(release, before));
            }
        }
        for (before, _) in old.mappings.iter().zip(kept).filter(|(_, kept)| !kept) {
            impact.unloads.push(note(self.record.releases.get(before.release as usize)?, before));
        }
        impact.unloads.sort();
        Some((
            OldModule { version: old.version.clone(), mappings: old.mappings.len(), images, others: BTreeMap::new() },
            impact,
        ))
    }

    /// Whether it is of the output folder at `root`.
    pub(super) fn is_of(&self, root: &Path) -> bool {
        std::path::absolute(root).is_ok_and(|root| root == Path::new(&self.record.root))
    }

    /// A mapping with these keys, whose files are as they were.
    pub(super) fn mapping(&self, module: &Module, kernel: &Kernel, keys: &Keys) -> Option<&MappingRecord> {
        let (number, mappings) = self.modules.get(module.name.as_str())?;
        let at = (*mappings.get(*self.releases.get(kernel.release.as_str())?)?)?;
        let module = self.record.modules.get(*number)?;
        let mapping = module.mappings.get(at)?;
        let same = mapping.kernel == keys.kernel && module.groups.get(mapping.group as usize) == Some(&keys.group);
        (same && *self.standing.mappings.get(*number)?.get(at)?).then_some(mapping)
    }
}

/// The record of a survey whose changes are all made; none where something is not as it should be.
/// Folders that changed since the run began are looked at again by the next one: their names may
/// not all be this run's doing.
pub(super) fn record(project: &Project, survey: &Survey<'_>, since: i64) -> Option<Record> {
    let now = fs::now();
    let mut files = survey.files.iter().map(|state| match state {
        // Looked at after the run began.
        FileState::Right(FileRecord { evidence, digest }) => {
            Some(FileRecord { evidence: evidence.settled(since), digest: *digest })
        }
        // Written by this run, and by nobody since.
        FileState::Change(at) => match (&survey.changes[*at].action, survey.changes[*at].written) {
            (Action::Create | Action::Update, Some(FileRecord { evidence, digest })) => {
                Some(FileRecord { evidence: evidence.settled(now), digest })
            }
            _ => None,
        },
    });
    let mut two = || Some([files.next()??, files.next()??]);
    let releases: Vec<String> = project.manifest.kernels.iter().map(|k| k.release.value.to_string()).collect();
    let numbers: HashMap<&str, u32> = releases.iter().map(String::as_str).zip(0..).collect();
    let mut modules = Vec::new();
    let asked_for = |module: &Module, mappings: &[_]| output::is_asked_for(module, mappings, &project.manifest);
    for (module, mappings) in survey.plan.modules.iter().filter(|(module, mappings)| asked_for(module, mappings)) {
        let mut groups = Vec::new();
        let mut records = Vec::with_capacity(mappings.len());
        for mapping in mappings {
            let group = groups.iter().rposition(|group| *group == mapping.keys.group).unwrap_or_else(|| {
                groups.push(mapping.keys.group);
                groups.len() - 1
            });
            records.push(MappingRecord {
                release: *numbers.get(mapping.kernel.release.as_str())?,
                group: u32::try_from(group).ok()?,
                kernel: mapping.keys.kernel,
                identity: mapping.identity,
                files: two()?,
            });
        }
        let name = module.name.value.to_string();
        let folder = fs::folder_evidence(&survey.root.join(&name)).settled(since);
        modules.push(ModuleRecord {
            name,
            image: module.image.repository().to_owned(),
            version: module.version.clone(),
            folder,
            files: if module.has_objects() { two()?.into() } else { Vec::new() },
            groups,
            mappings: records,
        });
    }
    let top = files.by_ref().collect::<Option<Vec<_>>>()?;
    let [files, templates] = project.read();
    let stranger = |path: String| {
        let evidence = fs::folder_evidence(&survey.root.join(&path)).settled(since);
        (path, evidence)
    };
    let root = std::path::absolute(&survey.root).ok()?;
    // As long as something is left over, the folder is looked at.
    let tidy = fs::left_over(&survey.outline).next().is_none();
    let folder = if tidy { fs::folder_evidence(&survey.root).settled(since) } else { Evidence::NONE };
    Some(Record {
        inputs: project.digests(),
        files,
        templates,
        root: root.to_str()?.to_owned(),
        said: project.said(),
        releases,
        folder,
        top,
        modules,
        strangers: survey.strangers().into_iter().map(stranger).collect(),
        foreign: survey.foreign().into_iter().map(|(path, evidence)| (path, evidence.settled(since))).collect(),
    })
}
