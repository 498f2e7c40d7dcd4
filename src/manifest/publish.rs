//! `publish`: the branch of a GitOps repository that the files are committed to.

use super::declare::declare;
use super::decode;
use super::schema::Shape;
use crate::vocabulary::{FolderPath, GitBranch, GitUrl, Invalid, Located, PUBLISH_LOGIN, Spanned, refuse_bare_login};

declare! {
    /// Place to publish to, as far as the manifest states it; the command line may override it.
    #[derive(Debug, Clone, Default)]
    pub struct Publish: PUBLISH, "`publish`" {
        optional repo: Spanned<String> {
            takes: Shape::Text,
            says: "the repository: a URL, or a path from the manifest's folder",
            decode: decode::placed(repository),
        }
        optional branch: GitBranch {
            takes: Shape::Text,
            says: "the branch, created if it does not exist",
            decode: decode::parsed(GitBranch::parse),
        }
        optional path: FolderPath {
            takes: Shape::Text,
            says: "the folder in the repository; `.` is its top",
            decode: decode::parsed(FolderPath::parse),
        }
        optional base: GitBranch {
            takes: Shape::Text,
            says: "the branch that a new branch starts from; default: the repository's `HEAD`",
            decode: decode::parsed(GitBranch::parse),
        }
        default push: bool {
            takes: Shape::Bool,
            says: "also push the branch",
            decode: decode::flag,
        }
        optional message: Spanned<String> {
            takes: Shape::Text,
            says: "a template of the commit message",
            decode: decode::placed(|text| Ok(text.to_owned())),
        }
    }
}

/// Checks a URL or path of a repository that is published to.
///
/// # Errors
/// An empty text, control characters, or a login.
pub fn repository(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err(Invalid::new("the repository is neither a URL nor a path")
            .help("write `https://HOST/PATH.git`, `USER@HOST:PATH.git` or a path"));
    }
    refuse_bare_login(text, PUBLISH_LOGIN)?;
    if let Some(Located { url, reference, folder }) = GitUrl::located(text).filter(|_| text.contains("://")) {
        let branch = reference.unwrap_or("…");
        let path = folder.map(|folder| format!(", and `path: {folder}`")).unwrap_or_default();
        return Err(Invalid::new(format!("`{}` contains more than a repository", text.escape_debug()))
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
