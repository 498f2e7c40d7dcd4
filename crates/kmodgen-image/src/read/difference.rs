//! Differences between two builds of one image.

use std::fmt;

use serde::Serialize;

use super::words::shown;

/// First difference between two builds of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Difference {
    /// A file or folder.
    File {
        /// Path, absolute in the image.
        path: String,
        /// Aspect in which the builds differ.
        what: Aspect,
    },
    /// A field of the configuration.
    Configuration {
        /// Names of the field and of those that it is in, joined by dots.
        field: String,
        /// Value in the first build, as JSON; empty if there is none.
        first: String,
        /// Value in the second build, as JSON; empty if there is none.
        second: String,
    },
}

/// Aspect in which a file differs between two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// File of the first build alone.
    OnlyInFirst,
    /// File of the second build alone.
    OnlyInSecond,
    /// Kind of the file, such as folder or symbolic link.
    Kind,
    /// Content of a regular file, or target of a link.
    Bytes,
    /// Permissions.
    Mode,
    /// User or group.
    Owner,
    /// Extended attributes.
    Attributes,
    /// Date of the last change.
    Time,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, what } => {
                let what = match what {
                    Aspect::OnlyInFirst => "is in the first build only",
                    Aspect::OnlyInSecond => "is in the second build only",
                    Aspect::Kind => "is of another kind",
                    Aspect::Bytes => "has other bytes",
                    Aspect::Mode => "has another mode",
                    Aspect::Owner => "has another owner",
                    Aspect::Attributes => "has other extended attributes",
                    Aspect::Time => "has another time",
                };
                write!(f, "`{}` {what}", shown(path))
            }
            Self::Configuration { field, first, second } => {
                let [first, second] =
                    [first, second].map(|value| if value.is_empty() { "nothing".into() } else { shown(value) });
                write!(f, "`{}` of the configuration was {first}, then {second}", shown(field))
            }
        }
    }
}
