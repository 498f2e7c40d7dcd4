//! Telling from outside whether files are as they were.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, Stat, openat, statat};

use super::tree::{Folder, LARGEST_OURS};
use crate::output::{CONFIG_MAP, DOCKERFILE, KUSTOMIZATION, MODULE};
use crate::record::{Evidence, FileRecord, MappingRecord, ModuleRecord, Record};
use crate::render::header::is_exactly;
use crate::tree::{OutputFolder as _, is_ours};

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

/// What tells a file from what else may stand in its place.
pub fn fingerprint(path: &Path) -> String {
    format!("{:?}", fs::metadata(path).ok().map(|metadata| evidence(&metadata)))
}

/// How a folder looks; not at all where there is none.
pub fn folder_evidence(path: &Path) -> Evidence {
    let metadata = fs::symlink_metadata(path).ok().filter(Metadata::is_dir);
    metadata.map_or(Evidence::NONE, |metadata| evidence(&metadata))
}

/// Which files of a record are as they were.
#[derive(Debug, Default)]
pub struct Standing {
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
    let Ok(folder) = openat(rustix::fs::CWD, root, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()) else {
        return Standing::default();
    };
    let eye = Eye { now, read };
    let mut standing = Standing { mappings: Vec::new(), whole: true, fresh: false };
    let Record { modules, releases, strangers, .. } = record;
    let known: HashSet<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    let stranger = |name: &str| strangers.iter().any(|(path, _)| path == name);
    eye.check_folder(root, &mut record.folder, |name| known.contains(name) || stranger(name)).count(&mut standing);
    eye.check(&folder, KUSTOMIZATION, &mut record.top).count(&mut standing);
    for (path, evidence) in strangers.iter() {
        standing.whole &= evidence.is_some() && folder_evidence(&root.join(path)) == *evidence;
    }
    let mut folders = Vec::new();
    for module in modules.iter_mut() {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let inside = openat(&folder, module.name.as_str(), flags, Mode::empty()).ok();
        match &inside {
            Some(inside) => {
                let release = |m: &MappingRecord| releases.get(m.release as usize).map(String::as_str);
                let stranger =
                    |name: &str| strangers.iter().any(|(p, _)| p.split_once('/') == Some((&module.name, name)));
                let known = |name: &str| module.mappings.iter().any(|m| release(m) == Some(name)) || stranger(name);
                eye.check_folder(&root.join(&module.name), &mut module.folder, known).count(&mut standing);
                for (name, file) in [MODULE, KUSTOMIZATION].into_iter().zip(&mut module.files) {
                    eye.check(inside, name, file).count(&mut standing);
                }
            }
            None => standing.whole = false,
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
        let seen: Vec<Seen> = share.iter_mut().map(|mapping| eye.check_mapping(folder, releases, mapping)).collect();
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

/// Does `work` on all items with `workers` threads; the results come in the items' order.
fn in_parts<T: Send, R: Send>(items: Vec<T>, workers: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = workers.clamp(1, items.len().max(1));
    if workers == 1 {
        return items.into_iter().map(work).collect();
    }
    let size = items.len().div_ceil(workers);
    let mut items = items.into_iter();
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let part: Vec<T> = items.by_ref().take(size).collect();
                scope.spawn(move || part.into_iter().map(work).collect::<Vec<R>>())
            })
            .collect();
        let joined = |thread: std::thread::ScopedJoinHandle<'_, Vec<R>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(joined).collect()
    })
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
    /// Whether a folder has no folders beside those that are `known`.
    fn check_folder(self, path: &Path, before: &mut Evidence, known: impl Fn(&str) -> bool) -> Seen {
        let now = folder_evidence(path);
        if before.is_some() && now == *before {
            return Seen::Same;
        }
        let Ok(names) = Folder::new(path).names("") else { return Seen::Changed };
        if names.iter().any(|(name, kind)| is_ours(name, *kind) && !known(name)) {
            return Seen::Changed;
        }
        *before = now.settled(self.now);
        Seen::Anew
    }

    fn check_mapping(self, folder: &OwnedFd, releases: &[String], mapping: &mut MappingRecord) -> Seen {
        let Some(release) = releases.get(mapping.release as usize) else { return Seen::Changed };
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
            let now = statat(folder, path, AtFlags::SYMLINK_NOFOLLOW).map(|stat| evidence_at(&stat));
            if now.is_ok_and(|now| now == file.evidence) {
                return Seen::Same;
            }
        }
        self.compare(folder, path, file).unwrap_or(Seen::Changed)
    }

    /// Reads a file. Nothing is waited for, and no link is followed.
    fn compare(self, folder: &OwnedFd, path: &str, file: &mut FileRecord) -> Option<Seen> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = fs::File::from(openat(folder, path, flags, Mode::empty()).ok()?);
        let metadata = open.metadata().ok()?;
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
