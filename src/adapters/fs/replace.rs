//! Replacing a file: its next text is written beside it, and then takes its place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::{Errno, retry_on_intr};

use super::again::again;
use super::failure::fail;
use super::guard::{PAUSE, has_no_locks, is_at};
use crate::tree::Inaccessible;

/// Replaces a file, or makes it. Someone who is at it already has `patience` to end.
///
/// # Errors
/// The path, and why it could not be written; a file that stood there is as it was.
pub(super) fn replace(path: &Path, bytes: &[u8], patience: Duration) -> Result<(), Inaccessible> {
    // Outputs are for everyone, whatever the umask.
    replace_by(path, patience, 0o644, |file| file.write_all(bytes), Next::put)
}

/// Replaces a file with what `write` writes, for its user alone, where it may be lost when the machine stops: file systems
/// that write out at once what takes another file's place, as ext4 does, need not do it here.
///
/// # Errors
/// As [`replace`].
pub(super) fn replace_lightly(
    path: &Path,
    patience: Duration,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), Inaccessible> {
    replace_by(path, patience, 0o600, write, Next::change_places)
}

fn replace_by(
    path: &Path,
    patience: Duration,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
    put: impl FnOnce(&mut Next, &Path) -> io::Result<()>,
) -> Result<(), Inaccessible> {
    let Some(mut next) = Next::of(path, patience, mode)? else {
        return write_through_a_stranger(path, mode, write).map_err(fail("write", path));
    };
    next.fill(write).and_then(|()| put(&mut next, path)).map_err(fail("write", path))
}

/// Removes what a run that was killed left beside a file, unless another run is at it. Says whether
/// it could tell.
pub(super) fn tidy(path: &Path) -> bool {
    let beside = beside(path);
    let left = match OpenOptions::new().read(true).custom_flags(flags()).open(&beside) {
        Ok(left) => left,
        Err(error) => return error.kind() == io::ErrorKind::NotFound,
    };
    match retry_on_intr(|| flock(&left, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => match is_at(&left, &beside) {
            Ok(true) => again(|| fs::remove_file(&beside)).is_ok(),
            other => other.is_ok(),
        },
        Err(error) => error == Errno::WOULDBLOCK,
    }
}

/// The one place for a file's next text. Whoever has it locked writes it, so that a run that is
/// killed leaves one such file at most, which the next run takes over.
struct Next {
    file: File,
    path: PathBuf,
    /// Permission bits of the file.
    mode: u32,
    /// Set once nothing is left at `path` that this run has to remove.
    done: bool,
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".tmp");
    path.with_file_name(name)
}

/// No link is followed, and no pipe waited for.
fn flags() -> i32 {
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0)
}

impl Next {
    /// Opens and locks the next text of a file; returns `None` if the file system has no locks.
    fn of(path: &Path, patience: Duration, mode: u32) -> Result<Option<Self>, Inaccessible> {
        let start = Instant::now();
        let path = beside(path);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(mode).custom_flags(flags());
            let file = options.open(&path).map_err(fail("write", &path))?;
            match retry_on_intr(|| flock(&file, FlockOperation::NonBlockingLockExclusive)) {
                Ok(()) if is_at(&file, &path).map_err(fail("write", &path))? => {
                    return Ok(Some(Self { file, path, mode, done: false }));
                }
                // It was put in place before we had it.
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) if start.elapsed() < patience => thread::sleep(PAUSE),
                Err(Errno::WOULDBLOCK) => {
                    let why = format!("another run of kmodgen has been writing it for {} s", patience.as_secs());
                    return Err(Inaccessible { verb: "write", path: path.display().to_string(), why });
                }
                Err(error) => {
                    let _: io::Result<()> = again(|| fs::remove_file(&path));
                    return if has_no_locks(error) { Ok(None) } else { Err(fail("lock", &path)(error.into())) };
                }
            }
        }
    }

    fn fill(&mut self, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        // Whoever cuts off what is empty has ext4 write the file out as soon as it is closed.
        if again(|| self.file.metadata())?.len() > 0 {
            again(|| self.file.set_len(0))?;
        }
        // The file of an earlier run may be for others to read.
        again(|| self.file.set_permissions(Permissions::from_mode(self.mode)))?;
        write(&mut self.file)
    }

    fn put(&mut self, path: &Path) -> io::Result<()> {
        again(|| fs::rename(&self.path, path))?;
        self.done = true;
        Ok(())
    }

    /// Puts it where the file is, and the file where it was, from where that is removed.
    fn change_places(&mut self, path: &Path) -> io::Result<()> {
        let changed = retry_on_intr(|| renameat_with(CWD, &self.path, CWD, path, RenameFlags::EXCHANGE));
        if changed.is_err() {
            // There is no file, or the file system cannot do it.
            return self.put(path);
        }
        // What is there now is the old file, unless another run has it already.
        self.done = tidy(path);
        Ok(())
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        if !self.done {
            let _: io::Result<()> = again(|| fs::remove_file(&self.path));
        }
    }
}

/// Without locks, everyone has a file of their own, which stays behind where a run is killed.
fn write_through_a_stranger(path: &Path, mode: u32, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = again(|| tempfile::Builder::new().prefix(".kmodgen-").suffix(".tmp").tempfile_in(folder))?;
    write(file.as_file_mut())?;
    again(|| file.as_file().set_permissions(Permissions::from_mode(mode)))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(folder.path().join(".file.tmp"), "a half that is longer than the whole").unwrap();
        replace(&path, b"text", Duration::ZERO).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"text");
        assert_eq!(names(folder.path()), ["file"]);
        fs::write(folder.path().join(".file.tmp"), "").unwrap();
        tidy(&path);
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn what_changed_places_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for text in ["a text", "one", "another"] {
            replace_lightly(&path, Duration::ZERO, |file| file.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(folder.path()), ["file"]);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn one_writes_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut other = Next::of(&path, Duration::ZERO, 0o644).unwrap().unwrap();
        other.fill(|file| file.write_all(b"theirs")).unwrap();
        let error = replace(&path, b"ours", Duration::ZERO).unwrap_err();
        assert!(error.why.starts_with("another run of kmodgen has been writing it"), "{error}");
        tidy(&path);
        assert_eq!(names(folder.path()), [".file.tmp"]);
        other.put(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        replace(&path, b"ours", Duration::ZERO).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"ours");
    }

    #[test]
    fn no_link_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(folder.path().join("precious"), "mine").unwrap();
        std::os::unix::fs::symlink("precious", folder.path().join(".file.tmp")).unwrap();
        let error = replace(&path, b"text", Duration::ZERO).unwrap_err();
        assert!(error.path.ends_with("/.file.tmp"), "{error}");
        assert_eq!(fs::read(folder.path().join("precious")).unwrap(), b"mine");
    }
}
