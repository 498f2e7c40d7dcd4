//! Reading of the paths of installed files: what is at a path is known in the build alone, and its name
//! tells most of it.

/// Folders above a path, from the first on.
pub(super) fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// Last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Checks whether a shell expands a path.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Checks whether a path is that of a file by its name: a name with an ending, such as `board.bin`.
pub(super) fn is_file(path: &str) -> bool {
    base_name(path)
        .rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && ending.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Checks whether a path is that of a license by its name, such as `COPYING`, `MIT` or `LICENSE-APACHE`. `LICENSES`
/// is a folder by convention (REUSE specification).
pub(super) fn is_license(path: &str) -> bool {
    let name = base_name(path);
    let lower = name.to_ascii_lowercase();
    let is_folder = ["licenses", "licences", "notices"].contains(&lower.as_str());
    let starts = ["copying", "copyright", "license", "licence", "notice"].iter().any(|start| lower.starts_with(start));
    !is_folder && (is_file(path) || starts || !name.contains(|c: char| c.is_ascii_lowercase()))
}
