//! Metadata of files and folders.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

use super::again::again;
use crate::file_stat::FileStat;

/// Number of nanoseconds that a file's times may be behind the clock: the longest tick of a kernel, twice.
const TICK: i64 = 20_000_000;

/// Returns the part of a file's metadata that shows changes.
pub(super) fn stat_of(metadata: &Metadata) -> FileStat {
    FileStat {
        inode: metadata.ino(),
        size: metadata.size(),
        modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Returns the same part of what a system call returned.
pub(super) fn stat_from(stat: &Stat) -> FileStat {
    let signed = |part: u64| i64::try_from(part).unwrap_or(0);
    FileStat {
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: nanoseconds(stat.st_mtime, signed(stat.st_mtime_nsec)),
        changed: nanoseconds(stat.st_ctime, signed(stat.st_ctime_nsec)),
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// Returns the time of the clock that stamps files, in nanoseconds since 1970, at the earliest.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX).saturating_sub(TICK)
}

/// Returns a text that identifies the file at a path; `None` if it has no metadata.
pub fn fingerprint(path: &Path) -> Option<String> {
    again(|| fs::metadata(path)).ok().map(|metadata| format!("{:?}", stat_of(&metadata)))
}

/// Returns the metadata of what is at a path; none if there is nothing. No link is followed.
pub(super) fn path_stat(path: &Path) -> FileStat {
    again(|| fs::symlink_metadata(path)).map_or(FileStat::NONE, |metadata| stat_of(&metadata))
}

/// Returns the metadata of a folder; none if there is no folder.
pub(super) fn folder_stat(path: &Path) -> FileStat {
    let metadata = again(|| fs::symlink_metadata(path)).ok().filter(Metadata::is_dir);
    metadata.map_or(FileStat::NONE, |metadata| stat_of(&metadata))
}
