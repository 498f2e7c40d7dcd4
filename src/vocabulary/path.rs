//! Relative paths that stay where they are rooted.

use std::fmt;

use super::Invalid;

/// A relative path with `/` between its components, none of which is empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelPath(String);

impl RelPath {
    /// Checks a path. A leading `./` and a trailing `/` are taken off.
    ///
    /// # Errors
    /// An absolute path, one with `..` in it, an empty one, or one with a control character or
    /// backslash.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let parts = components(text)?;
        let shown = text.escape_debug();
        if parts.contains(&"..") {
            return Err(Invalid::new(format!("path `{shown}` is outside its folder")).help("write it without `..`"));
        }
        if parts.is_empty() {
            return Err(Invalid::new(format!("path `{shown}` is empty")));
        }
        Ok(Self(parts.join("/")))
    }

    /// Checks the path of an input file, which may be outside of the folder: `..` is taken off `folder`, the folder of
    /// the file that names it, and may remain at the start. Only a reader of inputs takes such a path, and refuses one
    /// that leaves the repository.
    ///
    /// # Errors
    /// Fails like [`parse`](Self::parse), but not for `..`, and for a path that names no file.
    pub fn parse_input(folder: &str, text: &str) -> Result<Self, Invalid> {
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        let own = components(text)?;
        let names_file = own.last().is_some_and(|last| *last != "..");
        for part in own {
            match parts.last() {
                Some(last) if part == ".." && *last != ".." => {
                    parts.pop();
                }
                _ => parts.push(part),
            }
        }
        if !names_file {
            let shown = text.escape_debug();
            return Err(Invalid::new(format!("path `{shown}` is not a file")).help("write its name"));
        }
        Ok(Self(parts.join("/")))
    }

    /// Returns whether the path leaves the folder that it is relative to.
    pub fn leaves_folder(&self) -> bool {
        self.0.starts_with("../")
    }

    /// The path of names that are single components, as those of modules and kernels are.
    pub fn of_names(names: &[&str]) -> Self {
        debug_assert!(names.iter().all(|name| Self::parse(name).is_ok_and(|path| path.as_str() == *name)));
        Self(names.join("/"))
    }

    /// The path, with `/` between components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.split().1
    }

    /// Returns all but the last component; empty at the top.
    pub fn parent(&self) -> &str {
        self.split().0
    }

    /// Splits the path before its last component: faster than [`str::rsplit_once`], as those of a fleet are taken apart
    /// many times.
    fn split(&self) -> (&str, &str) {
        let at = memchr::memrchr(b'/', self.0.as_bytes());
        at.and_then(|at| Some((self.0.get(..at)?, self.0.get(at + 1..)?))).unwrap_or(("", &self.0))
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the components of a relative path, of which some may be `..`.
fn components(text: &str) -> Result<Vec<&str>, Invalid> {
    let shown = text.escape_debug();
    if text.starts_with('/') {
        let help = match text.trim_matches('/') {
            "" => "write a relative path, such as `driver`".to_owned(),
            _ => "write a relative path, without the `/` at its start".to_owned(),
        };
        return Err(Invalid::new(format!("path `{shown}` is absolute")).help(help));
    }
    if let Some(bad) = text.chars().find(|c| c.is_control() || *c == '\\') {
        return Err(Invalid::new(format!("path `{shown}` contains {bad:?}")).help("write `/` between folders"));
    }
    Ok(text.split('/').filter(|part| !part.is_empty() && *part != ".").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(RelPath::parse("./a//b/").unwrap().as_str(), "a/b");
        for bad in ["", "/", ".", "/etc/passwd", "..", "a/../../b", "a\\b", "a\0b", "a\nb"] {
            assert!(RelPath::parse(bad).is_err(), "{bad}");
        }
        for (folder, text, path) in [
            ("", "../a.yaml", "../a.yaml"),
            ("", "./a/../b.yaml", "b.yaml"),
            ("../platform", "kernels/a.yaml", "../platform/kernels/a.yaml"),
            ("../platform", "../a.yaml", "../a.yaml"),
            ("../..", "../a.yaml", "../../../a.yaml"),
            ("a/b", "../../../c.yaml", "../c.yaml"),
        ] {
            assert_eq!(RelPath::parse_input(folder, text).unwrap().as_str(), path);
        }
        for bad in ["", "/a", "..", "a/..", "a/b/..", "../..", "a\\b", "../a\nb"] {
            assert!(RelPath::parse_input("", bad).is_err(), "{bad}");
        }
        let path = RelPath::parse("a/b/c").unwrap();
        assert_eq!((path.parent(), path.file_name()), ("a/b", "c"));
    }
}
