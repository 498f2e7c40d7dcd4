//! Comparison of one file or folder with its cached metadata.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::Hasher as _;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::{read, retry_on_intr};

use crate::adapters::fs::staging_dir::is_left_over;
use crate::adapters::fs::stat::{folder_stat, stat_from};
use crate::adapters::fs::tree::{Folder, LARGEST_OURS};
use crate::bundle::file_number;
use crate::cache::FileEntry;
use crate::checksum::ChecksumKey;
use crate::file_stat::FileStat;
use crate::tree::{Kind, OutputFolder as _, is_ours};

/// Number of bytes that are read in one go: a buffer of this size stays in the processor's cache.
const CHUNK: usize = 1 << 16;

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
    /// Returns the metadata of a folder if it has exactly the folders and bundles that are `known`, and no staging
    /// directory.
    pub(super) fn check_folder<'n>(
        self,
        path: &Path,
        before: FileStat,
        known: impl FnOnce() -> HashSet<Cow<'n, str>>,
    ) -> Option<FileStat> {
        let now = folder_stat(path);
        if before.is_some() && now == before {
            return Some(before);
        }
        let names = Folder::new(path).names("").ok()?;
        if names.iter().any(|(name, kind)| *kind == Kind::Folder && is_left_over(name)) {
            return None;
        }
        let ours = names
            .iter()
            .filter(|(name, kind)| is_ours(name, *kind) || file_number(name).is_some())
            .map(|(name, _)| Cow::from(name.as_str()));
        (ours.collect::<HashSet<Cow<'_, str>>>() == known()).then(|| now.settled(self.now))
    }

    /// Returns the metadata of the file at a path below `folder` if it has the content that it had.
    pub(super) fn check_file(self, folder: &OwnedFd, path: &str, before: &FileEntry) -> Option<FileStat> {
        if !self.reads && before.stat.is_some() {
            let now = retry_on_intr(|| statat(folder, path, AtFlags::SYMLINK_NOFOLLOW)).map(|stat| stat_from(&stat));
            if now.is_ok_and(|now| now == before.stat) {
                return Some(before.stat);
            }
        }
        self.read(folder, path).filter(|now| now.checksum == before.checksum).map(|now| now.stat)
    }

    /// Reads a file; `None` if it cannot be one that kmodgen wrote. No pipe is waited for, and no link followed.
    fn read(self, folder: &OwnedFd, path: &str) -> Option<FileEntry> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = retry_on_intr(|| openat(folder, path, flags, Mode::empty())).ok()?;
        let raw = retry_on_intr(|| fstat(&open)).ok()?;
        let stat = stat_from(&raw);
        if !FileType::from_raw_mode(raw.st_mode).is_file() || stat.size > LARGEST_OURS {
            return None;
        }
        // Room for one more than there is, so that a file that grew is noticed.
        let room = usize::try_from(stat.size).ok()?.saturating_add(1).min(CHUNK);
        let mut chunk = Vec::with_capacity(room);
        let (mut hasher, mut length) = (self.key.hasher(), 0);
        while length < stat.size && retry_on_intr(|| read(&open, spare_capacity(&mut chunk))).ok()? > 0 {
            length += chunk.len() as u64;
            hasher.write(&chunk);
            chunk.clear();
        }
        (length == stat.size).then(|| FileEntry { stat: stat.settled(self.now), checksum: hasher.checksum() })
    }
}
