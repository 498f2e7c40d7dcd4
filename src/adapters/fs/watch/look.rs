//! An output folder, compared with a record.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::retry_on_intr;

use super::evidence::{folder_evidence, now, path_evidence};
use super::eye::{Eye, Seen};
use crate::adapters::fs::tree::Folder;
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE, TOP};
use crate::parallel::Aside;
use crate::record::{MappingRecord, ModuleRecord, ModuleStanding, Part, Record, Renewal, Standing};
use crate::tree::{OutputFolder as _, is_ours};

/// How many mappings one thread looks at in one go.
const SHARE: usize = 125;

/// A look at an output folder by threads of its own.
pub struct Looking(Way);

enum Way {
    Begun(Arc<Look>, Standing, Aside<Job, Done>),
    Done(Standing),
}

impl Looking {
    /// Compares the output folder of `record` with it. Files are read where there is no evidence that
    /// they are as they were, and all of them if `reads` says so. The names in the folder itself have
    /// been looked at when this returns: what comes to it from then on is not seen.
    pub fn start(record: &Arc<Record>, reads: bool, workers: usize) -> Self {
        let look = Look {
            eye: Eye { now: now(), reads, key: record.key },
            root: PathBuf::from(&record.root),
            record: record.clone(),
            stopped: AtomicBool::new(false),
        };
        let Some(mut standing) = look.at_top() else { return Self::done(Standing::default()) };
        standing.modules.resize_with(record.modules.len(), ModuleStanding::default);
        let mappings = record.modules.iter().map(|module| Vec::with_capacity(module.mappings.len()));
        standing.mappings.extend(mappings);
        let (jobs, look) = (look.jobs(), Arc::new(look));
        let own = look.clone();
        Self(Way::Begun(look, standing, Aside::start(jobs, workers, move |job| own.at(job))))
    }

    /// One that has come to its end.
    pub fn done(standing: Standing) -> Self {
        Self(Way::Done(standing))
    }

    /// What was seen, if all has been.
    pub fn seen(&self) -> Option<&Standing> {
        match &self.0 {
            Way::Begun(..) => None,
            Way::Done(standing) => Some(standing),
        }
    }

    /// What was seen, when all has been.
    pub fn finish(self) -> Standing {
        let (mut standing, all) = match self.0 {
            Way::Begun(_, standing, all) => (standing, all),
            Way::Done(standing) => return standing,
        };
        for done in all.finish() {
            if let Some(own) = done.own {
                standing.modules[done.at] = own;
            }
            standing.mappings[done.at].extend(done.intact);
            standing.renewed.extend(done.renewed);
            standing.whole &= done.whole;
        }
        standing
    }

    /// Ends it, whatever there is left to see.
    pub fn stop(self) {
        if let Way::Begun(look, ..) = &self.0 {
            look.stopped.store(true, Ordering::Relaxed);
        }
        self.finish();
    }
}

/// Looks at an output folder.
struct Look {
    eye: Eye,
    root: PathBuf,
    record: Arc<Record>,
    stopped: AtomicBool,
}

/// Notes what was seen of a part; says whether it is as it was.
fn note(seen: Seen, part: Part, renewed: &mut Vec<Renewal>) -> bool {
    if let Seen::Anew(evidence) = seen {
        renewed.push((part, evidence));
    }
    seen != Seen::Changed
}

/// Some mappings of a module, and perhaps what it has beside them.
struct Job {
    /// The module's number.
    at: usize,
    /// Whether nothing came to its folder or went from it, as far as it shows from outside.
    same_folder: bool,
    /// The numbers of the mappings.
    mappings: Range<usize>,
}

/// What came of a job.
struct Done {
    at: usize,
    own: Option<ModuleStanding>,
    intact: Vec<bool>,
    renewed: Vec<Renewal>,
    whole: bool,
}

impl Look {
    /// What is at the top, modules left out; `None` where there is no folder.
    fn at_top(&self) -> Option<Standing> {
        let Self { eye, root, record, .. } = self;
        let folder = self.open(root)?;
        let mut standing = Standing { whole: true, ..Standing::default() };
        let strangers = record.strangers.iter().map(|(path, _)| path.as_str());
        let known = || {
            let modules = record.modules.iter().map(|module| module.name.as_str());
            modules.chain(strangers.filter(|path| !path.contains('/'))).collect::<HashSet<&str>>()
        };
        standing.whole &= note(eye.check_folder(root, record.folder, known), Part::Root, &mut standing.renewed);
        let names = TOP.get(TOP.len().saturating_sub(record.top.len())..).unwrap_or_default();
        for ((at, file), name) in record.top.iter().enumerate().zip(names) {
            standing.whole &= note(eye.check(&folder, name, file), Part::Top(at), &mut standing.renewed);
        }
        for (path, evidence) in &record.strangers {
            standing.whole &= evidence.is_some() && folder_evidence(&root.join(path)) == *evidence;
        }
        for (path, evidence) in &record.foreign {
            standing.whole &= evidence.is_some() && path_evidence(&root.join(path)) == *evidence;
        }
        Some(standing)
    }

    /// What there is to look at in the folders of modules.
    fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (at, module) in self.record.modules.iter().enumerate() {
            let same_folder =
                module.folder.is_some() && folder_evidence(&self.root.join(&module.name)) == module.folder;
            let count = module.mappings.len();
            // A folder that changed is looked at with all of its mappings.
            let share = if same_folder { SHARE } else { count.max(1) };
            let shares = (0..count.max(1)).step_by(share).map(|start| start..count.min(start + share));
            jobs.extend(shares.map(|mappings| Job { at, same_folder, mappings }));
        }
        // In turns: two threads at the mappings of one module would wait for each other to read them.
        jobs.sort_by_key(|job| job.mappings.start);
        jobs
    }

    fn at(&self, job: Job) -> Done {
        let Job { at, same_folder, mappings } = job;
        let module = &self.record.modules[at];
        let (first, count) = (mappings.start, mappings.len());
        let path = self.root.join(&module.name);
        // One for each job: threads that share one are in each other's way.
        let Some(folder) = self.open(&path).filter(|_| !self.stopped.load(Ordering::Relaxed)) else {
            return Done { at, own: None, intact: vec![false; count], renewed: Vec::new(), whole: false };
        };
        let mut renewed = Vec::new();
        let mut real = None;
        let mut whole = true;
        let own = (first == 0).then(|| {
            let same = if same_folder {
                true
            } else {
                let seen = self.eye.check_folder(&path, module.folder, || self.known(module));
                note(seen, Part::Folder { module: at }, &mut renewed)
            };
            let files: Vec<bool> = [MODULE, KUSTOMIZATION]
                .into_iter()
                .zip(module.files.iter().enumerate())
                .map(|(name, (file, before))| {
                    note(self.eye.check(&folder, name, before), Part::Own { module: at, file }, &mut renewed)
                })
                .collect();
            whole &= same && files.iter().all(|same| *same);
            // What is no folder of a kernel any more may be a link to one.
            real = (!same).then(|| folders_in(&path));
            ModuleStanding {
                folder: same,
                object: files.first().is_none_or(|same| *same),
                files: files.iter().all(|same| *same),
            }
        });
        let is_real = |release: &str| real.as_ref().is_none_or(|real| real.contains(release));
        let mut name = String::new();
        let look = |(number, mapping): (usize, MappingRecord)| {
            let release = self.record.releases.get(mapping.release as usize).filter(|release| is_real(release));
            let intact = release.is_some_and(|release| {
                let mut files = [DOCKERFILE, CONFIG_MAP].into_iter().zip(&mapping.files).enumerate();
                let same = |(file, (in_folder, before))| {
                    name.clear();
                    name.extend([release, "/", in_folder]);
                    let part = Part::Mapping { module: at, mapping: number, file };
                    note(self.eye.check(&folder, &name, before), part, &mut renewed)
                };
                files.all(same)
            });
            whole &= intact;
            intact
        };
        let mut intact: Vec<bool> = (first..).zip(module.mappings.range(mappings)).map(look).collect();
        // Of what is not known, nothing can be said.
        whole &= intact.len() == count;
        intact.resize(count, false);
        Done { at, own, intact, renewed, whole }
    }

    /// The folders in a module's folder that were there.
    fn known<'l>(&'l self, module: &'l ModuleRecord) -> HashSet<&'l str> {
        let strangers = self.record.strangers.iter();
        let strangers = strangers.filter_map(|(path, _)| path.strip_prefix(&module.name)?.strip_prefix('/'));
        let release = |mapping: MappingRecord| self.record.releases.get(mapping.release as usize).map(String::as_str);
        strangers.chain(module.mappings.iter().filter_map(release)).collect()
    }

    fn open(&self, path: &Path) -> Option<OwnedFd> {
        // The output folder itself may be behind a link, what is in it may not.
        let follow = if path == self.root { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | follow;
        retry_on_intr(|| openat(rustix::fs::CWD, path, flags, Mode::empty())).ok()
    }
}

/// The names of the folders in a folder, links not counted.
fn folders_in(path: &Path) -> HashSet<String> {
    let names = Folder::new(path).names("").unwrap_or_default();
    names.into_iter().filter(|(name, kind)| is_ours(name, *kind)).map(|(name, _)| name).collect()
}
