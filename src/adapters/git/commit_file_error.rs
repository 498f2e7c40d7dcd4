//! Reasons why a file or folder of a commit cannot be read.

use crate::vocabulary::{ABSENT, InputError};

/// Reason why a file or folder of a commit cannot be read, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitFileError {
    #[error("{ABSENT}")]
    Absent,
    #[error("it is a folder")]
    IsAFolder,
    #[error("a part of the path is not a folder")]
    NotAFolder,
    #[error("it is a link that leaves the manifest's folder")]
    LeavesFolder,
    #[error("it is outside of the git repository that the manifest is in")]
    LeavesRepository,
    #[error("it is part of a cycle of links")]
    Circle,
    #[error("it is reached through a link")]
    ThroughLink,
    #[error("the name `{}` in it is not UTF-8", String::from_utf8_lossy(.0).escape_debug())]
    Name(Vec<u8>),
    #[error("it has {size} bytes; at most {most} are allowed")]
    TooLarge { size: usize, most: u64 },
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
}

impl From<CommitFileError> for InputError {
    fn from(error: CommitFileError) -> Self {
        match error {
            CommitFileError::Absent => Self::Absent,
            error => Self::Unreadable(error.to_string()),
        }
    }
}
