//! Folders that the user named for files of a run, with a folder for each module.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::Ended;

/// Checks the folder that an option names. A link is refused in its place, and on the way to it from one of
/// `checkouts`: it may have come with a checkout.
///
/// # Errors
/// A link.
pub(super) fn check(option: &str, named: &Path, checkouts: &[PathBuf]) -> Result<(), Ended> {
    let path = std::path::absolute(named).map_err(Ended::machine("cannot determine the current folder"))?;
    let mut steps = path.ancestors().filter(|step| {
        *step == path || checkouts.iter().any(|checkout| step.starts_with(checkout) && *step != checkout)
    });
    match steps.find(|step| is_link(step)) {
        Some(link) => Err(Ended::Refused(format!(
            "{option}: `{}` is a symbolic link; name the folder that it leads to",
            link.display()
        ))),
        None => Ok(()),
    }
}

/// Creates the file `name` of a module in a folder, and returns its path, too. No link is followed below the folder.
/// `noun` names the file in messages.
///
/// # Errors
/// Why it cannot be written.
pub(super) fn create(top: &Path, module: &str, name: &str, noun: &str) -> Result<(PathBuf, File), Ended> {
    let folder = top.join(module);
    let path = folder.join(name);
    fs::create_dir_all(top).map_err(cannot_write(noun, &path))?;
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if is_link(&folder) {
                return Err(Ended::Refused(format!("the {noun} folder `{}` is a symbolic link", folder.display())));
            }
        }
        made => made.map_err(cannot_write(noun, &path))?,
    }
    if is_link(&path) {
        return Err(Ended::Refused(format!("the {noun} `{}` is a symbolic link", path.display())));
    }
    // A pipe is not waited for.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).custom_flags(flags);
    let file = options.open(&path).map_err(cannot_write(noun, &path))?;
    if !file.metadata().map_err(cannot_write(noun, &path))?.is_file() {
        return Err(Ended::Refused(format!("the {noun} `{}` is not a regular file", path.display())));
    }
    Ok((path, file))
}

/// Names the file that cannot be written.
pub(super) fn cannot_write(noun: &str, path: &Path) -> impl FnOnce(io::Error) -> Ended + use<> {
    Ended::machine(format!("cannot write the {noun} `{}`", path.display()))
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}
