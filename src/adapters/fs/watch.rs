//! Telling from outside whether files are as they were.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::hash::Hash;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, Stat, openat, statat};
use rustix::io::retry_on_intr;

use super::again::again;
use super::leftover::is_left_over;
use super::tree::{Folder, LARGEST_OURS};
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE, TOP};
use crate::parallel::in_parts;
use crate::record::{Evidence, FileRecord, MappingRecord, ModuleRecord, Record};
use crate::render::header::is_exactly;
use crate::tree::{Kind, OutputFolder as _, is_ours};

/// By how much a file's times may be behind the clock: the longest tick of a kernel, twice.
const TICK: i64 = 20_000_000;

/// How many mappings one thread looks at in one go.
const SHARE: usize = 512;

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
    /// Of each module, in the record's order: whether its folder is, and has no folder that was
    /// not there; and whether its Module is.
    pub modules: Vec<[bool; 2]>,
    /// Of each module, in the record's order: of each mapping, whether both of its files are.
    pub mappings: Vec<Vec<bool>>,
    /// Whether everything is, folders included.
    pub whole: bool,
    /// Whether any evidence is newer than the record's.
    pub fresh: bool,
}

/// Compares an output folder with `record`, and brings the record's evidence up to date. Files are
/// read where there is no evidence that they are as they were, and all of them if `read` says so.
pub fn compare(root: &Path, record: &mut Record, read: bool, workers: usize) -> Standing {
    let now = now();
    let path = OFlags::PATH | OFlags::DIRECTORY;
    let Ok(folder) = retry_on_intr(|| openat(rustix::fs::CWD, root, path, Mode::empty())) else {
        return Standing::default();
    };
    let eye = Eye { now, read };
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
    let (mut folders, mut real) = (Vec::new(), Vec::new());
    for module in modules.iter_mut() {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let inside = retry_on_intr(|| openat(&folder, module.name.as_str(), flags, Mode::empty())).ok();
        match &inside {
            Some(inside) => {
                let ModuleRecord { name, mappings, .. } = module;
                let known = || {
                    let inside = |path: &'_ str| path.strip_prefix(name.as_str())?.strip_prefix('/').map(str::to_owned);
                    let strangers = strangers.iter().filter_map(|(path, _)| inside(path));
                    let wanted = mappings.iter().filter_map(|mapping| releases.get(mapping.release as usize).cloned());
                    strangers.chain(wanted).collect()
                };
                let whole = eye.check_folder(&root.join(&*name), &mut module.folder, known);
                let named = [MODULE, KUSTOMIZATION].into_iter().zip(&mut module.files);
                let seen: Vec<Seen> = named.map(|(name, file)| eye.check(inside, name, file)).collect();
                [whole].iter().chain(&seen).for_each(|seen| seen.count(&mut standing));
                let object = seen.first().is_none_or(|object| *object != Seen::Changed);
                standing.modules.push([whole != Seen::Changed, object]);
                // What is no folder of a kernel any more may be a link to one.
                real.push((whole == Seen::Changed).then(|| folders_in(&root.join(&*name))));
            }
            None => {
                standing.whole = false;
                standing.modules.push([false; 2]);
                real.push(None);
            }
        }
        folders.push(inside);
    }
    let mut shares: Vec<(&OwnedFd, usize, &mut [MappingRecord])> = Vec::new();
    for (at, (module, folder)) in modules.iter_mut().zip(&folders).enumerate() {
        standing.mappings.push(vec![false; module.mappings.len()]);
        let ModuleRecord { mappings, .. } = module;
        if let Some(folder) = folder {
            shares.extend(mappings.chunks_mut(SHARE).map(|share| (folder, at, share)));
        }
    }
    let parts = in_parts(shares, workers, |(folder, at, share)| {
        let is_real = |release: &str| real[at].as_ref().is_none_or(|real| real.contains(release));
        let look = |mapping: &mut MappingRecord| match releases.get(mapping.release as usize) {
            Some(release) if is_real(release) => eye.check_mapping(folder, release, mapping),
            _ => Seen::Changed,
        };
        let seen: Vec<Seen> = share.iter_mut().map(look).collect();
        (at, seen)
    });
    let mut done = vec![0; standing.mappings.len()];
    for (at, seen) in parts {
        for one in seen {
            standing.mappings[at][done[at]] = one != Seen::Changed;
            done[at] += 1;
            one.count(&mut standing);
        }
    }
    standing
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
        if !is_exactly(&bytes, &file.digest) {
            return None;
        }
        let evidence = evidence(&metadata).settled(self.now);
        let seen = if evidence == file.evidence { Seen::Same } else { Seen::Anew };
        file.evidence = evidence;
        Some(seen)
    }
}
