//! Marks in the folders of an overlay's layers (kernel, Documentation/filesystems/overlayfs.rst).

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::lgetxattr;
use rustix::io::Errno;

/// Name spaces of the attributes: of the kernel for root, of the kernel for others, of fuse-overlayfs.
const SPACES: [&str; 3] = ["trusted.overlay", "user.overlay", "user.fuseoverlayfs"];

/// Returns whether an entry hides one of the layers below.
pub(super) fn is_whiteout(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

/// Returns whether a folder hides what the layers below have in it.
///
/// # Errors
/// A folder whose content is elsewhere.
pub(super) fn is_opaque(folder: &Path) -> io::Result<bool> {
    if has(folder, "redirect")? {
        return Err(io::Error::other("it stands for a folder elsewhere"));
    }
    has(folder, "opaque")
}

/// Checks that a file has its content.
///
/// # Errors
/// A file whose content is in another layer.
pub(super) fn check_whole(file: &Path) -> io::Result<()> {
    if has(file, "metacopy")? || has(file, "redirect")? {
        return Err(io::Error::other("its content is elsewhere"));
    }
    Ok(())
}

fn has(path: &Path, attribute: &str) -> io::Result<bool> {
    for space in SPACES {
        match lgetxattr(path, format!("{space}.{attribute}"), &mut [0u8; 256]) {
            Ok(_) | Err(Errno::RANGE) => return Ok(true),
            Err(Errno::NODATA | Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::{XattrFlags, setxattr};

    use super::*;

    /// The attributes that a file's owner can set.
    const OWNERS_SPACES: [&str; 2] = [SPACES[1], SPACES[2]];

    #[test]
    fn attributes_mark_opaque_folders_and_content_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_opaque(folder.path()).unwrap());
        check_whole(folder.path()).unwrap();
        for space in OWNERS_SPACES {
            for (attribute, opaque, whole) in
                [("opaque", Some(true), true), ("redirect", None, false), ("metacopy", Some(false), false)]
            {
                let path = folder.path().join(format!("{space}.{attribute}"));
                fs::create_dir(&path).unwrap();
                match setxattr(&path, format!("{space}.{attribute}"), b"y", XattrFlags::empty()) {
                    // There is nothing to read on such a file system: tmpfs before Linux 6.6 is one.
                    Err(Errno::NOTSUP) => return,
                    set => set.unwrap(),
                }
                assert_eq!(is_opaque(&path).ok(), opaque, "{space}.{attribute}");
                assert_eq!(check_whole(&path).is_ok(), whole, "{space}.{attribute}");
            }
        }
    }
}
