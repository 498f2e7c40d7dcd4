//! Small repositories for tests.

use super::repository::{RepositoryFiles, is_read};

pub(super) fn repository(files: &[(&str, &str)]) -> RepositoryFiles {
    let owned = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    RepositoryFiles {
        paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        texts: owned.filter(|(path, _)| is_read(path)).collect(),
        ..RepositoryFiles::default()
    }
}
