//! How files and folders look without being read.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

use crate::adapters::fs::again::again;
use crate::record::Evidence;

/// By how much a file's times may be behind the clock: the longest tick of a kernel, twice.
const TICK: i64 = 20_000_000;

/// How a file looks.
pub(in crate::adapters::fs) fn evidence(metadata: &Metadata) -> Evidence {
    Evidence {
        inode: metadata.ino(),
        size: metadata.size(),
        modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    }
}

pub(super) fn evidence_at(stat: &Stat) -> Evidence {
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
pub(in crate::adapters::fs) fn path_evidence(path: &Path) -> Evidence {
    again(|| fs::symlink_metadata(path)).map_or(Evidence::NONE, |metadata| evidence(&metadata))
}

/// How a folder looks; not at all where there is none.
pub(super) fn folder_evidence(path: &Path) -> Evidence {
    let metadata = again(|| fs::symlink_metadata(path)).ok().filter(Metadata::is_dir);
    metadata.map_or(Evidence::NONE, |metadata| evidence(&metadata))
}
