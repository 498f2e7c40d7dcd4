//! Files that only save time: whatever goes wrong with one, a run does without.

use std::fs;
use std::io::Write as _;
use std::path::Path;

/// The bytes of a cached file; `None` where there is none that can be read.
pub fn read_cached(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

/// Writes a cached file whole, making its folder where it is not there.
pub fn write_cached(path: &Path, bytes: &[u8]) {
    let write = || -> Option<()> {
        let folder = path.parent()?;
        fs::create_dir_all(folder).ok()?;
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder).ok()?;
        file.write_all(bytes).ok()?;
        file.persist(path).ok()?;
        Some(())
    };
    let _: Option<()> = write();
}
