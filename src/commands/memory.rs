//! The record of the run before, and the one that is left for the next run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::project::Project;
use super::recall::Recall;
use super::survey::{FileState, MappingFiles, Survey};
use crate::adapters::fs::{self, Cached};
use crate::reconcile::Action;
use crate::record::{
    Evidence, FileRecord, MappingRecord, ModuleOutcomes, ModuleRecord, Outcome, Outcomes, Packed, Record, Unread,
};
use crate::tree::OutputFolder;
use crate::vocabulary::{Digest, TargetName};
use crate::{output, settings};

/// Where a run's record is.
pub(super) struct Memory(
    /// Its path, and whose it is; none where there is no place for records.
    Option<(PathBuf, String)>,
);

impl Memory {
    /// That of a manifest, for a target, with an output folder, where a flag names one.
    pub(super) fn of(manifest: &Path, target: Option<&TargetName>, output: Option<&PathBuf>) -> Self {
        Self::named(manifest, target, &output.map(|path| absolute(path)).unwrap_or_default())
    }

    /// That of a manifest, for a target, with something that `output` names.
    pub(super) fn named(manifest: &Path, target: Option<&TargetName>, output: &str) -> Self {
        let shown = manifest.display().to_string();
        let name = [absolute(manifest).as_str(), &shown, output, target.map_or("", TargetName::as_str)].join("\0");
        let file = format!("{}.record", Digest::of(name.as_bytes()).short(32));
        let place = settings::cache_folder().zip(settings::program());
        // A record that was put in another's place is none, either.
        Self(place.map(|(folder, program)| (folder.join(file), format!("{program}\0{name}"))))
    }

    /// The record, if there is one that is good for this program, and what it came to.
    pub(super) fn record(&self) -> Option<(Record, Unread)> {
        let (path, program) = self.0.as_ref()?;
        let file = Cached::open(path)?;
        let length = file.length;
        Record::open(Arc::new(file), length, program)
    }

    /// Leaves a record for the next run. It only saves time, so nothing is said where it cannot be
    /// written.
    pub(super) fn keep(&self, record: &Record, outcomes: &Outcomes) {
        if let Some((path, program)) = &self.0 {
            fs::write_cached(path, |out| record.write(outcomes, program, out));
        }
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_default().display().to_string()
}

/// The record of a survey whose changes are all made, in `folder`; none where something is not as it
/// should be.
///
/// Folders that changed since the run began are looked at again by the next one: their names may
/// not all be this run's doing. What is recalled comes with the record that it is of, and the newest
/// evidence.
pub(super) fn record(
    project: &Project,
    survey: &Survey<'_>,
    folder: &dyn OutputFolder,
    recalled: Option<(&Recall<'_>, &Record)>,
    since: i64,
) -> Option<(Record, Outcomes)> {
    let now = fs::now();
    let file = |state: &FileState| match state {
        FileState::NotAsked => None,
        // Looked at after the run began.
        FileState::Right(FileRecord { evidence, seal }) => {
            Some(FileRecord { evidence: evidence.settled(since), seal: *seal })
        }
        // Written by this run, and by nobody since.
        FileState::Change(at) => match (&survey.changes[*at].action, survey.changes[*at].written) {
            (Action::Create | Action::Update, Some(FileRecord { evidence, seal })) => {
                Some(FileRecord { evidence: evidence.settled(now), seal })
            }
            _ => None,
        },
    };
    let releases: Vec<String> = project.manifest.kernels.iter().map(|k| k.release.value.to_string()).collect();
    let (mut modules, mut outcomes) = (Vec::new(), Vec::new());
    let same_releases = recalled.filter(|(_, record)| record.releases == releases);
    for ((module, mappings), files) in survey.plan.modules.iter().zip(&survey.files.modules) {
        if !output::is_asked_for(module, mappings, &project.manifest) {
            continue;
        }
        if let Some((recall, record)) = same_releases.filter(|_| files.settled)
            && let Some((at, outcome)) = recall.module(module)
        {
            modules.push(record.modules.get(at)?.clone());
            outcomes.push(outcome);
            continue;
        }
        let mut groups = Vec::new();
        // Mappings are in the order of the kernels.
        let mut kernels = (0..).zip(&project.manifest.kernels);
        let rows = mappings.iter().zip(&files.mappings).map(|(mapping, files)| {
            let key = *survey.plan.groups.get(mapping.group as usize)?;
            let group = groups.iter().rposition(|group| *group == key).unwrap_or_else(|| {
                groups.push(key);
                groups.len() - 1
            });
            let (release, _) = kernels.find(|(_, kernel)| std::ptr::eq(*kernel, mapping.kernel))?;
            let files = match files {
                MappingFiles::Recalled(place) => {
                    recalled?.1.modules.get(place.module)?.mappings.get(place.mapping)?.files
                }
                MappingFiles::Inspected(files) => [file(&files[0])?, file(&files[1])?],
            };
            let outcome = Outcome { group: u32::try_from(group).ok()?, identity: mapping.identity };
            Some((MappingRecord { release, files }, outcome))
        });
        let (records, came): (Packed<_>, Packed<_>) = rows.collect::<Option<_>>()?;
        let name = module.name.value.to_string();
        let folder = folder.evidence(&name).settled(since);
        let files = files.own.iter().map(file).collect::<Option<_>>()?;
        modules.push(Arc::new(ModuleRecord { name, folder, files, mappings: records }));
        let (image, version) = (module.image.repository().to_owned(), module.version.clone());
        outcomes.push(Arc::new(ModuleOutcomes { image, version, groups, mappings: came }));
    }
    let [files, templates] = project.read();
    let settled = |(path, evidence): (String, Evidence)| (path, evidence.settled(since));
    let strangers = survey.strangers(folder).into_iter().map(settled).collect();
    let foreign = survey.foreign(folder).into_iter().map(settled).collect();
    let root = std::path::absolute(&survey.root).ok()?;
    // As long as something is left over, the folder is looked at.
    let tidy = fs::left_over(&survey.outline).next().is_none();
    let folder = if tidy { folder.evidence("").settled(since) } else { Evidence::NONE };
    let record = Record {
        inputs: project.digests(),
        files,
        templates,
        key: survey.key,
        root: root.to_str()?.to_owned(),
        said: project.said(),
        releases,
        folder,
        top: survey.files.top.iter().map(file).collect::<Option<_>>()?,
        modules,
        strangers,
        foreign,
    };
    Some((record, Outcomes { kernels: survey.plan.kernel_keys.clone(), modules: outcomes }))
}
