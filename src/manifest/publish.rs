//! `publish`: the branch of a GitOps repository that the files are committed to.

use super::decode::{self, Fields};
use super::schema::{Field, Record, Shape};
use crate::vocabulary::{
    Diagnostics, FolderPath, GitBranch, GitUrl, Invalid, Located, PUBLISH_LOGIN, Spanned, refuse_bare_login,
};

/// Schema of `publish`.
pub(super) static PUBLISH: Record = Record {
    name: "`publish`",
    fields: &[
        Field { key: "repo", takes: Shape::Text, says: "the repository: a URL, or a path from the manifest's folder" },
        Field { key: "branch", takes: Shape::Text, says: "the branch, which is made where it is not there" },
        Field { key: "path", takes: Shape::Text, says: "the folder in the repository; `.` is all of it" },
        Field {
            key: "base",
            takes: Shape::Text,
            says: "the branch that a new one begins at; what the repository's `HEAD` is where absent",
        },
        Field { key: "push", takes: Shape::Bool, says: "push, too" },
        Field { key: "message", takes: Shape::Text, says: "a template of the commit message" },
    ],
};

/// Place to publish to, as far as the manifest states it; the command line may override it.
#[derive(Debug, Clone, Default)]
pub struct Publish {
    /// A URL, or a path from the manifest's folder.
    pub repo: Option<Spanned<String>>,
    /// The branch.
    pub branch: Option<GitBranch>,
    /// The folder in the repository.
    pub path: Option<FolderPath>,
    /// The branch that a new one begins at.
    pub base: Option<GitBranch>,
    /// Set if the commit is also pushed.
    pub push: bool,
    /// A template of the commit message.
    pub message: Option<Spanned<String>>,
}

impl Publish {
    pub(super) fn decode(node: &kmodgen_yaml::Node, faults: &mut Diagnostics) -> Self {
        let Some(mut fields) = Fields::open(&PUBLISH, node, faults) else { return Self::default() };
        let repo = fields.take("repo", faults).and_then(|node| decode::text(node, "`repo`", faults, repository));
        let mut branch = |key, faults: &mut Diagnostics| {
            let node = fields.take(key, faults)?;
            decode::text(node, &format!("`{key}`"), faults, GitBranch::parse).map(|branch| branch.value)
        };
        let (name, base) = (branch("branch", faults), branch("base", faults));
        let path = fields.take("path", faults).and_then(|node| decode::text(node, "`path`", faults, FolderPath::parse));
        let push = fields.take("push", faults).and_then(|node| decode::flag(node, "push", faults)).unwrap_or_default();
        let message = fields.take("message", faults);
        let message =
            message.and_then(|node| decode::text(node, "`message`", faults, |text| Ok::<_, Invalid>(text.to_owned())));
        fields.finish(faults);
        Self { repo, branch: name, path: path.map(|path| path.value), base, push, message }
    }
}

/// Checks a URL or path of a repository that is published to.
///
/// # Errors
/// An empty text, control characters, or a login.
pub fn repository(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err(Invalid::new("the repository is no URL and no path")
            .help("write `https://HOST/PATH.git`, `USER@HOST:PATH.git` or a path"));
    }
    refuse_bare_login(text, PUBLISH_LOGIN)?;
    if let Some(Located { url, reference, folder }) = GitUrl::located(text).filter(|_| text.contains("://")) {
        let branch = reference.unwrap_or("…");
        let path = folder.map(|folder| format!(", and `path: {folder}`")).unwrap_or_default();
        return Err(Invalid::new(format!("`{}` names more than a repository", text.escape_debug()))
            .help(format!("write `repo: {url}` with `branch: {branch}`{path}")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_holds_no_password() {
        for good in ["git@h:a", "../fleet.git", "/srv/a", "ssh://git@h:22/a"] {
            repository(good).unwrap();
        }
        for bad in ["", "a\nb", "https://me:secret@h/a", "https://secret@h/a", "ssh://me:secret@h/a"] {
            let error = repository(bad).unwrap_err();
            assert!(!error.message.contains("secret"), "{bad:?}");
        }
        let error = repository("https://h/fleet.git#main:clusters").unwrap_err();
        assert_eq!(error.help.unwrap(), "write `repo: https://h/fleet.git` with `branch: main`, and `path: clusters`");
    }
}
