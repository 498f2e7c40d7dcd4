//! Small repositories for tests.

use super::makefile::Makefile;
use super::repository::{RepositoryFiles, is_read, may_be_included};

pub(super) fn repository(files: &[(&str, &str)]) -> RepositoryFiles {
    let owned = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    RepositoryFiles {
        paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        texts: owned.filter(|(path, _)| is_read(path) || may_be_included(path)).collect(),
        ..RepositoryFiles::default()
    }
}

/// A Makefile at the top of a repository without other files.
pub(super) fn makefile(text: &str) -> Makefile {
    Makefile::read("Makefile", &repository(&[("Makefile", text)]).texts)
}
