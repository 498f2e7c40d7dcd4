//! Comparison of one file or folder with its cached metadata.

use std::collections::HashSet;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::{read, retry_on_intr};

use crate::adapters::fs::staging_dir::is_left_over;
use crate::adapters::fs::stat::{folder_stat, stat_from};
use crate::adapters::fs::tree::{Folder, LARGEST_OURS};
use crate::cache::FileEntry;
use crate::checksum::{Checksum, ChecksumKey};
use crate::file_stat::FileStat;
use crate::tree::{Kind, OutputFolder as _, is_ours};

/// Result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    Same,
    /// Its content is the same, and this is its new metadata.
    Touched(FileStat),
    Changed,
}

/// Compares files and folders.
#[derive(Clone, Copy)]
pub(super) struct FileChecker {
    /// Time at which the check began, by the clock that stamps files.
    pub(super) now: i64,
    /// Set if all files are read, even those with unchanged metadata.
    pub(super) reads: bool,
    /// Key of all checksums.
    pub(super) key: ChecksumKey,
}

impl FileChecker {
    /// Checks whether a folder has exactly the folders that are `known`, and no staging directory.
    pub(super) fn check_folder<'n>(
        self,
        path: &Path,
        before: FileStat,
        known: impl FnOnce() -> HashSet<&'n str>,
    ) -> Compared {
        let now = folder_stat(path);
        if before.is_some() && now == before {
            return Compared::Same;
        }
        let Ok(names) = Folder::new(path).names("") else { return Compared::Changed };
        if names.iter().any(|(name, kind)| *kind == Kind::Folder && is_left_over(name)) {
            return Compared::Changed;
        }
        let known = known();
        let mut ours = names.iter().filter(|(name, kind)| is_ours(name, *kind)).map(|(name, _)| name.as_str());
        let mut count = 0;
        let all_known = ours.all(|name| {
            count += 1;
            known.contains(name)
        });
        if !all_known || count != known.len() {
            return Compared::Changed;
        }
        Compared::Touched(now.settled(self.now))
    }

    /// Checks whether the file at a path below `folder` is as it was.
    pub(super) fn check_file(self, folder: &OwnedFd, path: &str, before: &FileEntry) -> Compared {
        if !self.reads && before.stat.is_some() {
            let now = retry_on_intr(|| statat(folder, path, AtFlags::SYMLINK_NOFOLLOW)).map(|stat| stat_from(&stat));
            if now.is_ok_and(|now| now == before.stat) {
                return Compared::Same;
            }
        }
        match self.compare(folder, path, before.checksum) {
            None => Compared::Changed,
            Some(stat) if stat == before.stat => Compared::Same,
            Some(stat) => Compared::Touched(stat),
        }
    }

    /// Reads a file and returns its metadata if its checksum is this one. No pipe is waited for, and no link followed.
    fn compare(self, folder: &OwnedFd, path: &str, checksum: Checksum) -> Option<FileStat> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = retry_on_intr(|| openat(folder, path, flags, Mode::empty())).ok()?;
        let raw = retry_on_intr(|| fstat(&open)).ok()?;
        let stat = stat_from(&raw);
        if !FileType::from_raw_mode(raw.st_mode).is_file() || stat.size > LARGEST_OURS {
            return None;
        }
        let length = usize::try_from(stat.size).ok()?;
        // Room for more than there is: if some stays free, all has been read.
        let mut bytes = Vec::with_capacity(length + 1);
        while bytes.len() < length && retry_on_intr(|| read(&open, spare_capacity(&mut bytes))).ok()? > 0 {}
        let same = bytes.len() == length && self.key.checksum(&bytes) == checksum;
        same.then(|| stat.settled(self.now))
    }
}
