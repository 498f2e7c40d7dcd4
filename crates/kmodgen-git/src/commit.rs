//! The bytes of a commit (gitformat: `git cat-file commit HEAD` shows them).

use super::commit_error::CommitError;
use super::config::GitConfig;
use super::environment::GitEnvironment;
use super::identity::Person;
use super::object::ObjectId;
use super::signing;

/// Content of a commit that is about to be made.
pub struct Commit<'c> {
    /// Tree of all its files.
    pub tree: ObjectId,
    /// Commit before it; `None` for the first one.
    pub parent: Option<ObjectId>,
    /// Message, which ends in a line end.
    pub message: &'c str,
}

impl Commit<'_> {
    /// Returns the bytes of the commit and its committer. Variables and settings of git say who and when, and
    /// whether to sign.
    ///
    /// # Errors
    /// No name or address, a date in an unknown form, or a signature that cannot be made.
    pub fn made(&self, environment: &GitEnvironment, config: &GitConfig) -> Result<(Vec<u8>, Person), CommitError> {
        let [author, committer] = Person::both(environment, config)?;
        let unsigned = self.bytes(&author, &committer, None);
        let signature = signing::signature(&unsigned, &committer, environment, config)?;
        let bytes = match signature {
            Some(signature) => self.bytes(&author, &committer, Some(&signature)),
            None => unsigned,
        };
        Ok((bytes, committer))
    }

    fn bytes(&self, author: &Person, committer: &Person, signature: Option<&str>) -> Vec<u8> {
        let mut text = format!("tree {}\n", self.tree);
        if let Some(parent) = self.parent {
            text.push_str(&format!("parent {parent}\n"));
        }
        text.push_str(&format!("author {author}\ncommitter {committer}\n"));
        if let Some(signature) = signature {
            // A header's further lines begin with a space.
            text.push_str(&format!("gpgsig {}\n", signature.trim_end().replace('\n', "\n ")));
        }
        text.push('\n');
        text.push_str(self.message);
        text.into_bytes()
    }
}
