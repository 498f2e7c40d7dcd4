//! Git's objects: their kinds, and the ids that their bytes have.

use std::fmt;

use git2::Oid;
use sha1::{Digest as _, Sha1};

/// Kind of an object. The numbers are those of packs (gitformat-pack(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// Commit.
    Commit = 1,
    /// Names of files and folders.
    Tree = 2,
    /// Bytes of a file.
    Blob = 3,
}

impl ObjectKind {
    /// Returns the name in an object's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }
}

/// Id of an object: the SHA-1 of its kind, length and bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub [u8; 20]);

impl ObjectId {
    /// Computes the id of an object with these bytes.
    pub fn of(kind: ObjectKind, bytes: &[u8]) -> Self {
        let mut hash = Sha1::new();
        hash.update(header(kind, bytes.len()));
        hash.update(bytes);
        Self(hash.finalize().into())
    }

    /// Converts an id of libgit2; `None` if it is of another kind of hash.
    pub fn from_git(oid: Oid) -> Option<Self> {
        oid.as_bytes().try_into().ok().map(Self)
    }

    /// Converts the id for libgit2.
    ///
    /// # Errors
    /// An error of libgit2, which takes any 20 bytes.
    pub fn to_git(self) -> Result<Oid, git2::Error> {
        Oid::from_bytes(&self.0)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Header that an object's id is computed over, before its bytes; loose objects begin with it.
pub(crate) fn header(kind: ObjectKind, length: usize) -> String {
    format!("{} {length}\0", kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        // `git hash-object --stdin </dev/null`, and the empty tree that every git knows.
        assert_eq!(ObjectId::of(ObjectKind::Blob, b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(ObjectId::of(ObjectKind::Tree, b"").to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let bytes = b"text\n";
        let theirs = Oid::hash_object(git2::ObjectType::Blob, bytes).unwrap();
        assert_eq!(ObjectId::from_git(theirs), Some(ObjectId::of(ObjectKind::Blob, bytes)));
        assert_eq!(ObjectId::of(ObjectKind::Blob, bytes).to_git().unwrap(), theirs);
    }
}
