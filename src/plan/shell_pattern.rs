//! Patterns that a shell expands to paths.

use glob::{MatchOptions, Pattern};

const SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A pattern whose `*` and `?` stay within a folder, and whose `[…]` is a class.
pub(super) struct ShellPattern(Pattern);

impl ShellPattern {
    /// Reads a pattern; `None` if it is none that matches.
    pub(super) fn new(text: &str) -> Option<Self> {
        // The library takes `**` for folders of any depth, and `^` for itself.
        let mut text = text.replace("[^", "[!");
        while text.contains("**") {
            text = text.replace("**", "*");
        }
        Pattern::new(&text).ok().map(Self)
    }

    /// Checks whether a path matches as a whole.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.matches_with(path, SHELL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        ShellPattern::new(glob).is_some_and(|pattern| pattern.matches(path))
    }

    #[test]
    fn globs_are_a_shells() {
        let path = "/opt/lib/modules/5.14.0-1.x86_64+rt/extra/a.ko";
        for glob in
            [path, "/opt/lib/modules/*/extra/a.ko", "/opt/lib/modules/*/*/?.ko", "/opt/lib/modules/*/extra/[ab].ko"]
        {
            assert!(matches(glob, path), "{glob}");
        }
        for glob in [
            "/opt/*/a.ko",
            "/opt/lib/modules/*/a.ko",
            "/opt/lib/modules/*/extra/[!a].ko",
            "[",
            "/opt/lib/modules/5.14.0-1.x86_64_rt/extra/a.ko",
        ] {
            assert!(!matches(glob, path), "{glob}");
        }
    }

    #[test]
    fn wildcards_stay_in_their_folder() {
        assert!(matches("a/**.ko", "a/x.ko") && matches("a/**/x.ko", "a/b/x.ko") && matches("a/[^b].ko", "a/x.ko"));
        assert!(matches("a?x.ko", "a-x.ko") && !matches("a?x.ko", "a/x.ko") && !matches("a[!b]x.ko", "a/x.ko"));
        assert!(
            !matches("a/**/x.ko", "a/b/c/x.ko") && !matches("a/**/x.ko", "a/x.ko") && !matches("a/[^b].ko", "a/b.ko")
        );
    }
}
