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
