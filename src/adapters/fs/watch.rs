//! Telling from outside whether files are as they were.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::hash::Hash;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, Stat, openat, statat};
use rustix::io::retry_on_intr;

use super::again::again;
use super::leftover::is_left_over;
use super::tree::{Folder, LARGEST_OURS};
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE, TOP};
use crate::parallel::in_parts;
use crate::record::{Evidence, FileRecord, MappingRecord, ModuleRecord, Record, SealKey};
use crate::tree::{Kind, OutputFolder as _, is_ours};

/// By how much a file's times may be behind the clock: the longest tick of a kernel, twice.
const TICK: i64 = 20_000_000;

/// How many mappings one thread looks at in one go.
const SHARE: usize = 250;

/// How a file looks.
pub(super) fn evidence(metadata: &Metadata) -> Evidence {
    Evidence {
        inode: metadata.ino(),
        size: metadata.size(),
        modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    }
}

fn evidence_at(stat: &Stat) -> Evidence {
    let signed = |part: u64| i64::try_from(part).unwrap_or(0);
    Evidence {
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: nanoseconds(stat.st_mtime, signed(stat.st_mtime_nsec)),
        changed: nanoseconds(stat.st_ctime, signed(stat.st_ctime_nsec)),
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// The clock by which files are changed, in nanoseconds since 1970, at the latest.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX).saturating_sub(TICK)
}

/// What tells a file from what else may stand in its place; `None` where it cannot be told.
pub fn fingerprint(path: &Path) -> Option<String> {
    again(|| fs::metadata(path)).ok().map(|metadata| format!("{:?}", evidence(&metadata)))
}

/// How what is at a path looks; not at all where there is nothing. No link is followed.
pub(super) fn path_evidence(path: &Path) -> Evidence {
    again(|| fs::symlink_metadata(path)).map_or(Evidence::NONE, |metadata| evidence(&metadata))
}

/// How a folder looks; not at all where there is none.
pub(super) fn folder_evidence(path: &Path) -> Evidence {
    let metadata = again(|| fs::symlink_metadata(path)).ok().filter(Metadata::is_dir);
    metadata.map_or(Evidence::NONE, |metadata| evidence(&metadata))
}

/// Which files of a record are as they were.
#[derive(Debug, Default)]
pub struct Standing {
    /// Of each module, in the record's order.
    pub modules: Vec<ModuleStanding>,
    /// Of each module, in the record's order: of each mapping, whether both of its files are.
    pub mappings: Vec<Vec<bool>>,
    /// Whether everything is, folders included.
    pub whole: bool,
    /// Whether any evidence is newer than the record's.
    pub fresh: bool,
}

/// How a module stands, its mappings left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModuleStanding {
    /// Whether its folder is as it was, and has no folder that was not there.
    pub folder: bool,
    /// Whether its Module is as it was.
    pub object: bool,
    /// Whether all its files are.
    pub files: bool,
}

/// Compares an output folder with `record`, and brings the record's evidence up to date. Files are
/// read where there is no evidence that they are as they were, and all of them if `read` says so.
pub fn compare(root: &Path, record: &mut Record, read: bool, workers: usize) -> Standing {
    let now = now();
    let path = OFlags::PATH | OFlags::DIRECTORY;
    let Ok(folder) = retry_on_intr(|| openat(rustix::fs::CWD, root, path, Mode::empty())) else {
        return Standing::default();
    };
    let eye = Eye { now, read, key: record.key };
    let mut standing = Standing { whole: true, ..Standing::default() };
    let Record { modules, releases, strangers, foreign, .. } = record;
    let known: HashSet<&str> = modules
        .iter()
        .map(|module| module.name.as_str())
        .chain(strangers.iter().map(|(path, _)| path.as_str()).filter(|path| !path.contains('/')))
        .collect();
    eye.check_folder(root, &mut record.folder, || known).count(&mut standing);
    let names = TOP.get(TOP.len().saturating_sub(record.top.len())..).unwrap_or_default();
    for (name, file) in names.iter().zip(&mut record.top) {
        eye.check(&folder, name, file).count(&mut standing);
    }
    for (path, evidence) in strangers.iter() {
        standing.whole &= evidence.is_some() && folder_evidence(&root.join(path)) == *evidence;
    }
    for (path, evidence) in foreign.iter() {
        standing.whole &= evidence.is_some() && path_evidence(&root.join(path)) == *evidence;
    }
    let look = Look { eye, root, releases, strangers };
    let opened: Vec<Option<OwnedFd>> = modules
        .iter()
        .map(|module| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW;
            retry_on_intr(|| openat(&folder, module.name.as_str(), flags, Mode::empty())).ok()
        })
        .collect();
    let mut jobs = Vec::new();
    for (at, (module, folder)) in modules.iter_mut().map(Arc::make_mut).zip(&opened).enumerate() {
        standing.mappings.push(Vec::with_capacity(module.mappings.len()));
        standing.modules.push(ModuleStanding::default());
        let Some(folder) = folder else {
            standing.mappings[at].resize(module.mappings.len(), false);
            standing.whole = false;
            continue;
        };
        let same = look.has_same_folder(module);
        let ModuleRecord { name, folder: evidence, files, mappings } = module;
        // A folder that changed is looked at with all of its mappings.
        let share = if same { SHARE.min(mappings.len()) } else { mappings.len() };
        let (first, rest) = mappings.split_at_mut(share);
        jobs.push(Job { at, folder, own: Some(Own { name, same, evidence, files }), mappings: first });
        jobs.extend(rest.chunks_mut(SHARE).map(|mappings| Job { at, folder, own: None, mappings }));
    }
    for done in in_parts(jobs, workers, |job| look.at(job)) {
        if let Some(own) = done.own {
            standing.modules[done.at] = own;
        }
        standing.mappings[done.at].extend(done.intact);
        standing.whole &= done.whole;
        standing.fresh |= done.fresh;
    }
    standing
}

/// A part of a module: some of its mappings, and perhaps what is its own.
struct Job<'j> {
    /// Its number.
    at: usize,
    folder: &'j OwnedFd,
    own: Option<Own<'j>>,
    mappings: &'j mut [MappingRecord],
}

/// What a module has beside its mappings.
struct Own<'j> {
    name: &'j str,
    /// Whether nothing came to its folder or went from it.
    same: bool,
    evidence: &'j mut Evidence,
    files: &'j mut [FileRecord],
}

/// What came of a job.
struct Done {
    at: usize,
    own: Option<ModuleStanding>,
    intact: Vec<bool>,
    whole: bool,
    fresh: bool,
}

/// Looks at modules.
struct Look<'l> {
    eye: Eye,
    root: &'l Path,
    releases: &'l [String],
    strangers: &'l [(String, Evidence)],
}

impl Look<'_> {
    /// Whether nothing came to a module's folder or went from it, as far as it shows from outside.
    fn has_same_folder(&self, module: &ModuleRecord) -> bool {
        module.folder.is_some() && folder_evidence(&self.root.join(&module.name)) == module.folder
    }

    fn at(&self, job: Job<'_>) -> Done {
        let Job { at, folder, own, mappings } = job;
        let mut seen = Standing { whole: true, ..Standing::default() };
        let mut real = None;
        let own = own.map(|Own { name, same, evidence, files }| {
            let path = self.root.join(name);
            let same =
                if same { Seen::Same } else { self.eye.check_folder(&path, evidence, || self.known(name, mappings)) };
            let named = [MODULE, KUSTOMIZATION].into_iter().zip(files);
            let files: Vec<Seen> = named.map(|(name, file)| self.eye.check(folder, name, file)).collect();
            [same].iter().chain(&files).for_each(|one| one.count(&mut seen));
            // What is no folder of a kernel any more may be a link to one.
            real = (same == Seen::Changed).then(|| folders_in(&path));
            ModuleStanding {
                folder: same != Seen::Changed,
                object: files.first().is_none_or(|object| *object != Seen::Changed),
                files: files.iter().all(|file| *file != Seen::Changed),
            }
        });
        let is_real = |release: &str| real.as_ref().is_none_or(|real| real.contains(release));
        let look = |mapping: &mut MappingRecord| {
            let one = match self.releases.get(mapping.release as usize) {
                Some(release) if is_real(release) => self.eye.check_mapping(folder, release, mapping),
                _ => Seen::Changed,
            };
            one.count(&mut seen);
            one != Seen::Changed
        };
        let intact = mappings.iter_mut().map(look).collect();
        Done { at, own, intact, whole: seen.whole, fresh: seen.fresh }
    }

    /// The folders in a module's folder that were there, given all its mappings.
    fn known(&self, name: &str, mappings: &[MappingRecord]) -> HashSet<String> {
        let inside = |path: &str| path.strip_prefix(name)?.strip_prefix('/').map(str::to_owned);
        let strangers = self.strangers.iter().filter_map(|(path, _)| inside(path));
        let wanted = mappings.iter().filter_map(|mapping| self.releases.get(mapping.release as usize).cloned());
        strangers.chain(wanted).collect()
    }
}

/// The names of the folders in a folder, links not counted.
fn folders_in(path: &Path) -> HashSet<String> {
    let names = Folder::new(path).names("").unwrap_or_default();
    names.into_iter().filter(|(name, kind)| is_ours(name, *kind)).map(|(name, _)| name).collect()
}

/// What a look at a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Same,
    /// The file is the same, and the evidence of it is new.
    Anew,
    Changed,
}

impl Seen {
    fn count(self, standing: &mut Standing) {
        standing.whole &= self != Self::Changed;
        standing.fresh |= self == Self::Anew;
    }
}

/// Looks at files.
#[derive(Clone, Copy)]
struct Eye {
    now: i64,
    /// Whether all are read.
    read: bool,
    /// What they are sealed with.
    key: SealKey,
}

impl Eye {
    /// Whether a folder has the folders that are `known`, no others, and nothing left over.
    fn check_folder<N>(self, path: &Path, before: &mut Evidence, known: impl FnOnce() -> HashSet<N>) -> Seen
    where
        N: Borrow<str> + Eq + Hash,
    {
        let now = folder_evidence(path);
        if before.is_some() && now == *before {
            return Seen::Same;
        }
        let Ok(names) = Folder::new(path).names("") else { return Seen::Changed };
        if names.iter().any(|(name, kind)| *kind == Kind::Folder && is_left_over(name)) {
            return Seen::Changed;
        }
        let known = known();
        let mut ours = names.iter().filter(|(name, kind)| is_ours(name, *kind)).map(|(name, _)| name.as_str());
        let mut count = 0;
        let all_known = ours.all(|name| {
            count += 1;
            known.contains(name)
        });
        if !all_known || count != known.len() {
            return Seen::Changed;
        }
        *before = now.settled(self.now);
        Seen::Anew
    }

    fn check_mapping(self, folder: &OwnedFd, release: &str, mapping: &mut MappingRecord) -> Seen {
        let mut all = Seen::Same;
        for (name, file) in [DOCKERFILE, CONFIG_MAP].into_iter().zip(&mut mapping.files) {
            let mut path = String::with_capacity(release.len() + 16);
            path.push_str(release);
            path.push('/');
            path.push_str(name);
            match self.check(folder, &path, file) {
                Seen::Changed => return Seen::Changed,
                Seen::Anew => all = Seen::Anew,
                Seen::Same => {}
            }
        }
        all
    }

    fn check(self, folder: &OwnedFd, path: &str, file: &mut FileRecord) -> Seen {
        if !self.read && file.evidence.is_some() {
            let now = retry_on_intr(|| statat(folder, path, AtFlags::SYMLINK_NOFOLLOW)).map(|stat| evidence_at(&stat));
            if now.is_ok_and(|now| now == file.evidence) {
                return Seen::Same;
            }
        }
        self.compare(folder, path, file).unwrap_or(Seen::Changed)
    }

    /// Reads a file. Nothing is waited for, and no link is followed.
    fn compare(self, folder: &OwnedFd, path: &str, file: &mut FileRecord) -> Option<Seen> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = fs::File::from(retry_on_intr(|| openat(folder, path, flags, Mode::empty())).ok()?);
        let metadata = again(|| open.metadata()).ok()?;
        if !metadata.is_file() || metadata.len() > LARGEST_OURS {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()? + 1);
        open.take(LARGEST_OURS).read_to_end(&mut bytes).ok()?;
        if self.key.seal(&bytes) != file.seal {
            return None;
        }
        let evidence = evidence(&metadata).settled(self.now);
        let seen = if evidence == file.evidence { Seen::Same } else { Seen::Anew };
        file.evidence = evidence;
        Some(seen)
    }
}
