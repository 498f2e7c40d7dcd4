//! The bytes of a commit (gitformat: `git cat-file commit HEAD` shows them).

use super::error::PublishError;
use super::identity::Person;
use super::object::ObjectId;
use super::signing;
use crate::adapters::git::config::GitConfig;
use crate::adapters::git::environment::GitEnvironment;

/// What a commit says.
pub(super) struct Commit<'c> {
    pub(super) tree: ObjectId,
    pub(super) parent: Option<ObjectId>,
    pub(super) message: &'c str,
}

impl Commit<'_> {
    /// The commit by who git says is at work, signed if git says so. Gives its bytes, and the committer.
    pub(super) fn made(
        &self,
        environment: &GitEnvironment,
        config: &GitConfig,
    ) -> Result<(Vec<u8>, Person), PublishError> {
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
