//! Folders of the builder in which a build leaves its results.

use std::fmt;

use super::decode::{self, Fields, has_only};
use super::expansion::Expands;
use super::schema::{Field, Shape, Variables};
use crate::vocabulary::{Diagnostics, Invalid, written_out};

/// Folder that results are taken from: an absolute path in the builder, or a folder of the first source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BuilderFolder(String);

/// The field for it.
pub(super) const FROM: Field = Field {
    key: "from",
    takes: Shape::Expanding(Variables::Build),
    says: "the folder that contains it after the build, at any depth: an absolute path in the builder, or a path in the first source",
};

/// Folders that the kernel and the engine fill, with logins among them.
const MOUNTED: [&str; 4] = ["dev", "proc", "run", "sys"];

impl BuilderFolder {
    /// Checks a folder, in which the release expands.
    ///
    /// # Errors
    /// A path that is the whole builder, leaves its folder or is a pattern, and a folder that does not keep files.
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let Some(below) = text.strip_prefix('/') else {
            return Expands::Release.path(text).and_then(|path| Self::checked(path.as_str().to_owned()));
        };
        let path =
            Expands::Release.path(below.trim_start_matches('/')).map_err(|invalid| match below.trim_matches('/') {
                "" => Invalid::new(format!("`from` cannot be `{}`, the whole builder", text.escape_debug()))
                    .help("write the folder that contains the files, such as `/lib/modules/${KERNEL_VERSION}/extra`"),
                _ => invalid,
            })?;
        let top = path.as_str().split('/').next().unwrap_or_default();
        if MOUNTED.contains(&top) {
            return Err(Invalid::new(format!(
                "`from` cannot be in `/{top}`, which does not keep the files of a build"
            ))
            .help("write the folder that a step writes to, such as `/lib/modules/${KERNEL_VERSION}/extra`"));
        }
        Self::checked(format!("/{path}"))
    }

    /// Takes the folder of an item of a list, and puts it into the item.
    pub(super) fn take<T>(
        fields: &mut Fields<'_>,
        item: Option<T>,
        faults: &mut Diagnostics,
        put: impl FnOnce(T, Self) -> T,
    ) -> Option<T> {
        let Some(node) = fields.take("from", faults) else { return item };
        let folder = decode::text(node, "`from`", faults, Self::parse)?;
        item.map(|item| put(item, folder.value))
    }

    fn checked(path: String) -> Result<Self, Invalid> {
        if has_only(&written_out(&path, "R"), "._-+@~/") {
            return Ok(Self(path));
        }
        Err(Invalid::new(format!(
            "the folder `{}` has characters other than letters, digits, `.`, `_`, `-`, `+`, `@`, `~`",
            path.escape_debug()
        )))
    }

    /// Returns whether it is a path of the builder, and in no source by its form.
    pub fn is_absolute(&self) -> bool {
        self.0.starts_with('/')
    }

    /// The absolute path, if the first source is built in `folder`.
    pub fn path_in(&self, folder: &str) -> String {
        if self.is_absolute() { self.0.clone() } else { format!("{folder}/{}", self.0) }
    }
}

impl fmt::Display for BuilderFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_absolute_or_in_the_source() {
        for (text, path) in [
            ("/lib/modules/${KERNEL_VERSION}/extra/", "/lib/modules/${KERNEL_VERSION}/extra"),
            ("//root/./rpms", "/root/rpms"),
            ("./build/", "/src/build"),
            ("RPMS/${KERNEL_VERSION}", "/src/RPMS/${KERNEL_VERSION}"),
        ] {
            assert_eq!(BuilderFolder::parse(text).unwrap().path_in("/src"), path);
        }
        for bad in [
            "",
            "/",
            "//",
            ".",
            "../x",
            "/a/../b",
            "/a/*",
            "a b",
            "/a;b",
            "/$HOME",
            "/a\nb",
            "/proc/1",
            "/run/secrets/x",
        ] {
            assert!(BuilderFolder::parse(bad).is_err(), "{bad:?}");
        }
    }
}
