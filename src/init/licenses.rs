//! Licence files of a repository.

use super::repository::{RepositoryFiles, folder_of};

/// Most files that are installed.
const MOST: usize = 6;

/// Endings of licence files; others, such as `.c` and `.py`, are programs.
const ENDINGS: [&str; 8] = ["txt", "md", "rst", "gpl", "gplv2", "mit", "bsd", "lgpl"];

/// Folder of licences in a repository whose files name theirs by `SPDX-License-Identifier`.
const FOLDER: &str = "LICENSES";

/// The licence files at the top of a repository, else the folder of licences.
pub(super) fn licenses(repository: &RepositoryFiles) -> Vec<&str> {
    let paths = repository.paths.iter().map(String::as_str);
    let files: Vec<&str> = paths.clone().filter(|path| is_license(path)).take(MOST).collect();
    if files.is_empty() && paths.clone().any(|path| folder_of(path) == FOLDER) { vec![FOLDER] } else { files }
}

fn is_license(path: &str) -> bool {
    if path.len() > 60 || !path.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        return false;
    }
    let name = path.to_ascii_lowercase();
    let named = ["copying", "license", "licence"].iter().find_map(|word| name.strip_prefix(word));
    named.is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with(['-', '_']) && !rest.contains('.')
            || rest.rsplit_once('.').is_some_and(|(_, ending)| {
                ENDINGS.contains(&ending) || ending.starts_with("gpl") || ending.starts_with("lgpl")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::repository;

    #[test]
    fn licences_are_found_by_their_names() {
        let names = [
            "COPYING",
            "COPYING.LIB.txt",
            "LICENSE-MIT",
            "LICENSE.GPL",
            "LICENSE.py",
            "License.md",
            "LICENSES/x",
            "licensed.c",
            "COPYING x",
        ];
        let repository = repository(&names.map(|name| (name, "")));
        assert_eq!(licenses(&repository), ["COPYING", "COPYING.LIB.txt", "LICENSE-MIT", "LICENSE.GPL", "License.md"]);
    }

    #[test]
    fn the_folder_of_licences_counts_if_no_file_does() {
        assert_eq!(licenses(&repository(&[("LICENSES/GPL-2.0-only.txt", ""), ("a.c", "")])), ["LICENSES"]);
        assert_eq!(licenses(&repository(&[("src/LICENSES/GPL-2.0-only.txt", "")])), [""; 0]);
    }
}
