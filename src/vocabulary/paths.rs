//! Paths and the folders that they are in, by their text.

/// Returns whether a path is below a folder.
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns whether a path is a folder itself, or below it.
pub fn is_within(path: &str, folder: &str) -> bool {
    path == folder || is_below(path, folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_count() {
        for (path, folder, below, within) in [
            ("/usr/lib/x", "/usr/lib", true, true),
            ("/usr/lib", "/usr/lib", false, true),
            ("/usr/libx", "/usr/lib", false, false),
            ("/usr", "/usr/lib", false, false),
        ] {
            assert_eq!((is_below(path, folder), is_within(path, folder)), (below, within), "{path} {folder}");
        }
    }
}
