//! Names of the files of kmods.

/// Endings of names of kmods, and of patterns of such names.
const ENDINGS: [&str; 6] = [".ko", ".ko.xz", ".ko.gz", ".ko.zst", ".ko*", ".ko.*"];

/// Checks for the path of a kmod, or a pattern of such paths.
pub fn is_kmod_file(path: &str) -> bool {
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kmods_and_patterns_of_kmods_are_known() {
        for path in ["a.ko", "/x/a.ko.xz", "*.ko", "/x/*.ko*", "a.ko.*"] {
            assert!(is_kmod_file(path), "{path}");
        }
        for path in ["a.koi", "ko", "/x/a.k*", ""] {
            assert!(!is_kmod_file(path), "{path}");
        }
    }
}
