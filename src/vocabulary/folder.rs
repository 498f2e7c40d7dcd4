//! A folder in a git repository, such as one that is published to.

use std::fmt;
use std::ops::RangeInclusive;

use super::{Invalid, RelPath};

/// A folder in a repository; perhaps all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderPath(Option<RelPath>);

impl FolderPath {
    /// Checks a path; `.` is the whole repository.
    ///
    /// # Errors
    /// A path that leaves the repository, or that git keeps for itself.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if matches!(text, "." | "./") {
            return Ok(Self(None));
        }
        let path = RelPath::parse(text)?;
        if let Some(name) = path.as_str().split('/').find(|name| is_gits_own(name)) {
            return Err(Invalid::new(format!(
                "path `{}` goes through `{}`, which belongs to git",
                path,
                name.escape_debug()
            ))
            .help("choose another folder"));
        }
        Ok(Self(Some(path)))
    }

    /// Checks the path of a folder that is not the whole repository.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and `.`.
    pub fn parse_below(text: &str) -> Result<RelPath, Invalid> {
        Self::parse(text).and_then(|_| RelPath::parse(text))
    }

    /// The path below the repository's top; `None` for the top itself.
    pub fn as_rel_path(&self) -> Option<&RelPath> {
        self.0.as_ref()
    }

    /// The path; empty for the top.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", RelPath::as_str)
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or(".", RelPath::as_str))
    }
}

/// Checks whether some file system takes a name for `.git`, so that `git fsck --strict` refuses a tree which
/// has it: letter case, what Windows leaves out at the end, its short names, and characters that macOS does not see.
pub fn is_gits_own(name: &str) -> bool {
    const IGNORED: [RangeInclusive<char>; 4] =
        ['\u{200c}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{206a}'..='\u{206f}', '\u{feff}'..='\u{feff}'];
    let seen: String = name.chars().filter(|c| !IGNORED.iter().any(|range| range.contains(c))).collect();
    let seen = seen.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']).to_ascii_lowercase();
    seen == ".git" || seen == "git~1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_repository() {
        assert_eq!(FolderPath::parse(".").unwrap().as_str(), "");
        assert_eq!(FolderPath::parse("./a/b/").unwrap().as_str(), "a/b");
        assert_eq!(FolderPath::parse(".github/kmm").unwrap().as_str(), ".github/kmm");
        for bad in
            ["", "..", "a/../../b", "/a", "a\nb", ".git", "a/.GIT/b", ".git./x", "GIT~1", ".g\u{200c}it", ".git::$DATA"]
        {
            assert!(FolderPath::parse(bad).is_err(), "{bad:?}");
        }
    }
}
