//! Git's objects: their kinds, and the ids that their bytes have.

use std::fmt;

use git2::Oid;
use sha1::{Digest as _, Sha1};

/// What an object is. The numbers are those of packs (gitformat-pack).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Commit = 1,
    Tree = 2,
    Blob = 3,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }
}

/// The id of an object: the SHA-1 of its kind, length and bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ObjectId(pub(super) [u8; 20]);

impl ObjectId {
    /// That of an object with these bytes.
    pub(super) fn of(kind: Kind, bytes: &[u8]) -> Self {
        let mut hash = Sha1::new();
        hash.update(header(kind, bytes.len()));
        hash.update(bytes);
        Self(hash.finalize().into())
    }

    /// That of libgit2; `None` where it is of another kind of hash.
    pub(super) fn from_git(oid: Oid) -> Option<Self> {
        oid.as_bytes().try_into().ok().map(Self)
    }

    /// As libgit2 takes it.
    pub(super) fn to_git(self) -> Result<Oid, git2::Error> {
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

/// What an object's id is over, before its bytes; loose objects begin with it.
pub(super) fn header(kind: Kind, length: usize) -> String {
    format!("{} {length}\0", kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        // `git hash-object --stdin </dev/null`, and the empty tree that every git knows.
        assert_eq!(ObjectId::of(Kind::Blob, b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(ObjectId::of(Kind::Tree, b"").to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let bytes = b"text\n";
        let theirs = Oid::hash_object(git2::ObjectType::Blob, bytes).unwrap();
        assert_eq!(ObjectId::from_git(theirs), Some(ObjectId::of(Kind::Blob, bytes)));
        assert_eq!(ObjectId::of(Kind::Blob, bytes).to_git().unwrap(), theirs);
    }
}
