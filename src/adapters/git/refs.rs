//! Choosing a commit from the refs that a repository has: pure, and as git does it.

use std::collections::BTreeSet;

use super::error::RefProblem;
use crate::vocabulary::{GitOid, GitRef, nearest};
use kmodgen_git::shown;

/// One ref of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// The full name, such as `refs/heads/main`, or `HEAD`.
    pub(super) name: String,
    /// Object that an annotated tag points to in the end, or that another ref points to.
    pub(super) target: GitOid,
}

/// Refs of a repository, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing(Vec<Listed>);

impl Listing {
    /// Collects what a server advertises: names with object ids, where an annotated tag is
    /// followed at once by the same name with `^{}` and the id that it points to.
    pub(super) fn new(advertised: impl IntoIterator<Item = (String, GitOid)>) -> Self {
        let mut refs: Vec<Listed> = Vec::new();
        for (name, target) in advertised {
            match name.strip_suffix("^{}") {
                None => refs.push(Listed { name, target }),
                Some(tag) => {
                    if let Some(listed) = refs.last_mut().filter(|listed| listed.name == tag) {
                        listed.target = target;
                    }
                }
            }
        }
        refs.sort_by(|a, b| a.name.cmp(&b.name));
        Self(refs)
    }

    /// The commit that `wanted` names.
    ///
    /// A full name is taken exactly. Any other name is a tag or a branch; where both exist,
    /// they must agree, because git's own preference for one of them depends on the command.
    pub(super) fn choose(&self, wanted: &GitRef) -> Result<GitOid, RefProblem> {
        let name = wanted.as_str();
        if let Some(commit) = wanted.as_commit() {
            return Ok(commit);
        }
        if self.0.is_empty() {
            return Err(RefProblem::Empty);
        }
        if name == "HEAD" || name.starts_with("refs/") {
            return self.target(name).cloned().ok_or_else(|| self.missing(wanted));
        }
        let tag = self.target(&format!("refs/tags/{name}"));
        let branch = self.target(&format!("refs/heads/{name}"));
        match (tag, branch) {
            (Some(tag), Some(branch)) if tag != branch => Err(RefProblem::Ambiguous),
            (Some(commit), _) | (None, Some(commit)) => Ok(commit.clone()),
            (None, None) if wanted.may_be_short_commit() => self.complete(name),
            (None, None) => Err(self.missing(wanted)),
        }
    }

    /// Returns the name of a ref that leads to `commit`.
    pub(super) fn name_of(&self, commit: &GitOid) -> Option<&str> {
        self.0.iter().find(|listed| listed.target == *commit).map(|listed| listed.name.as_str())
    }

    fn target(&self, name: &str) -> Option<&GitOid> {
        let at = self.0.binary_search_by(|listed| listed.name.as_str().cmp(name)).ok()?;
        self.0.get(at).map(|listed| &listed.target)
    }

    /// The only listed commit that starts with `digits`.
    fn complete(&self, digits: &str) -> Result<GitOid, RefProblem> {
        let digits = digits.to_ascii_lowercase();
        let found: BTreeSet<&GitOid> =
            self.0.iter().map(|listed| &listed.target).filter(|oid| oid.as_str().starts_with(&digits)).collect();
        match found.first() {
            None => Err(RefProblem::UnknownShortCommit),
            Some(&commit) if found.len() == 1 => Ok(commit.clone()),
            Some(_) => {
                Err(RefProblem::AmbiguousShortCommit { candidates: found.into_iter().take(4).cloned().collect() })
            }
        }
    }

    fn missing(&self, wanted: &GitRef) -> RefProblem {
        const SHOWN: usize = 5;
        let full = format!("refs/{wanted}");
        let near = match self.target(&full) {
            // `heads/main` is short for `refs/heads/main` in git, and easily a branch of that name.
            Some(_) => Some(full.as_str()),
            None if wanted.as_str().starts_with("refs/") => {
                nearest(wanted.as_str(), self.0.iter().map(|listed| listed.name.as_str()))
            }
            None => nearest(wanted.as_str(), self.short_names(&["refs/heads/", "refs/tags/"])),
        };
        RefProblem::Missing {
            nearest: near.map(shown),
            existing: self.short_names(&["refs/heads/"]).take(SHOWN).map(shown).collect(),
        }
    }

    fn short_names<'a>(&'a self, folders: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(|listed| folders.iter().find_map(|folder| listed.name.strip_prefix(folder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: char) -> GitOid {
        GitOid::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn listing() -> Listing {
        let refs = [
            ("HEAD", oid('a')),
            ("refs/heads/main", oid('a')),
            ("refs/heads/both", oid('b')),
            ("refs/heads/same", oid('b')),
            ("refs/heads/deadbeef", oid('1')),
            ("refs/pull/7/head", GitOid::parse(&format!("c0ffee1{}", "0".repeat(33))).unwrap()),
            ("refs/pull/8/head", GitOid::parse(&format!("c0ffee1{}", "1".repeat(33))).unwrap()),
            ("refs/tags/both", oid('c')),
            ("refs/tags/same", oid('b')),
            ("refs/tags/v1", oid('d')),
            ("refs/tags/v1^{}", oid('e')),
        ];
        Listing::new(refs.map(|(name, oid)| (name.to_owned(), oid)))
    }

    fn choose(name: &str) -> Result<GitOid, RefProblem> {
        listing().choose(&GitRef::parse(name).unwrap())
    }

    #[test]
    fn names_are_tags_or_branches() {
        assert_eq!(choose("main"), Ok(oid('a')));
        assert_eq!(choose("HEAD"), Ok(oid('a')));
        assert_eq!(choose("v1"), Ok(oid('e')), "an annotated tag is peeled");
        assert_eq!(choose("refs/tags/v1"), Ok(oid('e')));
        assert_eq!(choose("same"), Ok(oid('b')));
        assert_eq!(choose("both"), Err(RefProblem::Ambiguous));
        assert_eq!(choose("refs/tags/both"), Ok(oid('c')));
        assert_eq!(choose("deadbeef"), Ok(oid('1')), "a branch comes before a commit");
        assert_eq!(choose(&"F".repeat(40)), Ok(oid('f')), "a full commit is itself");
    }

    #[test]
    fn short_commits_must_be_unique_tips() {
        assert_eq!(choose("EEEEEEE"), Ok(oid('e')));
        assert_eq!(choose("ddddddd"), Err(RefProblem::UnknownShortCommit), "the tag object is no commit");
        let Err(RefProblem::AmbiguousShortCommit { candidates }) = choose("c0ffee1") else { panic!() };
        assert_eq!(candidates.len(), 2);
        assert!(choose("c0ffee10").is_ok());
    }

    #[test]
    fn missing_refs_name_their_neighbours() {
        for (name, near) in [
            ("mian", Some("main")),
            ("heads/main", Some("refs/heads/main")),
            ("refs/heads/mian", Some("refs/heads/main")),
            ("zzz", None),
        ] {
            let Err(RefProblem::Missing { nearest, .. }) = choose(name) else { panic!("{name}") };
            assert_eq!(nearest.as_deref(), near, "{name}");
        }
        assert_eq!(Listing::default().choose(&GitRef::parse("main").unwrap()), Err(RefProblem::Empty));
    }

    #[test]
    fn names_from_a_server_are_escaped() {
        let hostile = Listing::new([("refs/heads/m\x1b[2Jain".to_owned(), oid('a'))]);
        let Err(RefProblem::Missing { existing, .. }) = hostile.choose(&GitRef::parse("main").unwrap()) else {
            panic!()
        };
        assert_eq!(existing, ["m\\u{1b}[2Jain"]);
    }
}
