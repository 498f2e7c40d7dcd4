//! One file or folder, compared with how it looked before.

use std::collections::HashSet;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::{read, retry_on_intr};

use super::evidence::{evidence_at, folder_evidence};
use crate::adapters::fs::leftover::is_left_over;
use crate::adapters::fs::tree::{Folder, LARGEST_OURS};
use crate::record::{Evidence, FileRecord, SealKey};
use crate::tree::{Kind, OutputFolder as _, is_ours};

/// What a look tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Same,
    /// It is the same, and this is new evidence of it.
    Anew(Evidence),
    Changed,
}

/// Looks at files and folders.
#[derive(Clone, Copy)]
pub(super) struct Eye {
    pub(super) now: i64,
    /// Whether all files are read.
    pub(super) reads: bool,
    /// What they are sealed with.
    pub(super) key: SealKey,
}

impl Eye {
    /// Whether a folder has the folders that are `known`, no others, and nothing left over.
    pub(super) fn check_folder<'n>(
        self,
        path: &Path,
        before: Evidence,
        known: impl FnOnce() -> HashSet<&'n str>,
    ) -> Seen {
        let now = folder_evidence(path);
        if before.is_some() && now == before {
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
        Seen::Anew(now.settled(self.now))
    }

    /// Whether the file at a path below `folder` is as it was.
    pub(super) fn check(self, folder: &OwnedFd, path: &str, before: &FileRecord) -> Seen {
        if !self.reads && before.evidence.is_some() {
            let now = retry_on_intr(|| statat(folder, path, AtFlags::SYMLINK_NOFOLLOW)).map(|stat| evidence_at(&stat));
            if now.is_ok_and(|now| now == before.evidence) {
                return Seen::Same;
            }
        }
        self.compare(folder, path, before).unwrap_or(Seen::Changed)
    }

    /// Reads a file. Nothing is waited for, and no link is followed.
    fn compare(self, folder: &OwnedFd, path: &str, before: &FileRecord) -> Option<Seen> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = retry_on_intr(|| openat(folder, path, flags, Mode::empty())).ok()?;
        let stat = retry_on_intr(|| fstat(&open)).ok()?;
        let evidence = evidence_at(&stat);
        if !FileType::from_raw_mode(stat.st_mode).is_file() || evidence.size > LARGEST_OURS {
            return None;
        }
        let length = usize::try_from(evidence.size).ok()?;
        // Room for more than there is: where it stays free, all has been read.
        let mut bytes = Vec::with_capacity(length + 1);
        while bytes.len() < length && retry_on_intr(|| read(&open, spare_capacity(&mut bytes))).ok()? > 0 {}
        if bytes.len() != length || self.key.seal(&bytes) != before.seal {
            return None;
        }
        let evidence = evidence.settled(self.now);
        Some(if evidence == before.evidence { Seen::Same } else { Seen::Anew(evidence) })
    }
}
