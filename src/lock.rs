//! The lock: which commit each ref of a repository stands for, the checksum of each file that is
//! downloaded, and which version of the built-in templates is in use.
//!
//! The file is canonical (the same content has the same bytes) and has one entry per repository
//! and ref in sorted order, so that two branches that add sources merge.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kmodgen_yaml::{Node, Pair, Yaml};

use crate::manifest::{Git, Manifest, Source};
use crate::template;
use crate::vocabulary::{
    Diagnostic, Diagnostics, Digest, FileUrl, GitOid, GitRef, GitUrl, Invalid, SourceId, Span, has_markers,
};

/// The name of the lock's file, beside the manifest.
pub const FILE_NAME: &str = "kmodgen.lock";

/// The version of the file's form.
const FORM: &str = "1";

const HEADER: &str = "# Written by `kmodgen lock` and `kmodgen update`. Commit it beside the manifest.\n";

/// Pinned versions of the built-in templates, of git refs and of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The version of the built-in templates.
    pub templates: u32,
    commits: BTreeMap<(GitUrl, GitRef), GitOid>,
    /// The checksums of files, by URL.
    files: BTreeMap<String, Digest>,
}

impl Default for Lock {
    /// The lock of a new project: the newest templates, and nothing pinned.
    fn default() -> Self {
        Self { templates: template::NEWEST, commits: BTreeMap::new(), files: BTreeMap::new() }
    }
}

impl Lock {
    /// The commit that a repository's ref stands for: its own where it is a full commit id already.
    pub fn commit(&self, git: &Git) -> Option<GitOid> {
        let reference = &git.reference.value;
        reference.as_commit().or_else(|| self.commits.get(&(git.url.value.clone(), reference.clone())).cloned())
    }

    /// The checksum of the file at a URL.
    pub fn checksum(&self, url: &str) -> Option<Digest> {
        self.files.get(url).copied()
    }

    /// Pins a ref.
    pub fn pin(&mut self, url: GitUrl, reference: GitRef, commit: GitOid) {
        self.commits.insert((url, reference), commit);
    }

    /// Pins a file.
    pub fn pin_file(&mut self, url: String, checksum: Digest) {
        self.files.insert(url, checksum);
    }

    /// The manifest's repositories whose refs are not pinned, each with its refs.
    pub fn missing<'m>(&self, manifest: &'m Manifest) -> BTreeMap<&'m GitUrl, Vec<&'m Git>> {
        unpinned(manifest.sources.values().filter_map(Source::git).filter(|git| self.commit(git).is_none()))
    }

    /// Of the URLs of files, those whose checksums are not pinned.
    pub fn missing_files(&self, mut urls: BTreeMap<String, Span>) -> BTreeMap<String, Span> {
        urls.retain(|url, _| !self.files.contains_key(url));
        urls
    }

    /// Drops what no source of the manifest asks for, and files that are none of `urls`.
    pub fn retain_used(&mut self, manifest: &Manifest, urls: &BTreeMap<String, Span>) {
        self.commits.retain(|(url, reference), _| {
            let mut gits = manifest.sources.values().filter_map(Source::git);
            gits.any(|git| git.url.value == *url && git.reference.value == *reference)
        });
        self.files.retain(|url, _| urls.contains_key(url));
    }

    /// Reads the text of a lock.
    ///
    /// # Errors
    /// `None` where anything is wrong; `faults` then says what.
    pub fn read(source: SourceId, text: &str, faults: &mut Diagnostics) -> Option<Self> {
        let help = if has_markers(text.as_bytes()) {
            "take one side with `git checkout --ours kmodgen.lock`, then run `kmodgen lock`"
        } else {
            "restore it from version control, or delete it and run `kmodgen lock`"
        };
        let node = match kmodgen_yaml::read(source, text) {
            Ok(Some(node)) => node,
            Ok(None) => {
                let place = crate::vocabulary::Span::new(source, 0, 0);
                faults.push(Diagnostic::error("lock", "the lock is empty").at(place, "").help(help));
                return None;
            }
            Err(errors) => {
                faults.extend(errors.into_iter().map(|error| Diagnostic::from(error).help(help)));
                return None;
            }
        };
        decode(&node)
            .map_err(|(node, error)| {
                faults.push(Diagnostic::error("lock", error.to_string()).at(node.span, "").help(help));
            })
            .ok()
    }

    /// The canonical text.
    pub fn write(&self) -> String {
        let sources = self
            .commits
            .iter()
            .map(|((url, reference), commit)| {
                Yaml::Map(vec![
                    text("git", url.as_str()),
                    text("ref", reference.as_str()),
                    text("commit", commit.as_str()),
                ])
            })
            .collect();
        let mut fields = vec![
            ("version".into(), Yaml::verbatim(FORM)),
            ("templates".into(), Yaml::verbatim(self.templates.to_string())),
            ("sources".into(), Yaml::Seq(sources)),
        ];
        if !self.files.is_empty() {
            let files = self
                .files
                .iter()
                .map(|(url, sha256)| Yaml::Map(vec![text("url", url), text("sha256", sha256.to_string())]));
            fields.push(("files".into(), Yaml::Seq(files.collect())));
        }
        format!("{HEADER}{}", kmodgen_yaml::emit(&Yaml::Map(fields)))
    }
}

fn text<'v>(key: &'static str, value: impl Into<Cow<'v, str>>) -> Pair<'v> {
    (key.into(), Yaml::text(value))
}

/// Refs that a repository has to be asked for, by repository.
pub fn unpinned<'m>(gits: impl Iterator<Item = &'m Git>) -> BTreeMap<&'m GitUrl, Vec<&'m Git>> {
    let mut by_url: BTreeMap<&GitUrl, Vec<&Git>> = BTreeMap::new();
    for git in gits.filter(|git| git.reference.as_commit().is_none()) {
        by_url.entry(&git.url.value).or_default().push(git);
    }
    by_url
}

/// Returns an error for each ref and file that is not pinned; `advice` is how to pin them here.
pub fn not_pinned<'m>(
    gits: impl IntoIterator<Item = &'m Git>,
    files: &BTreeMap<String, Span>,
    advice: &str,
) -> Vec<Diagnostic> {
    let refs = gits.into_iter().map(|git| {
        let reference = &git.reference;
        Diagnostic::error("not-locked", format!("`{}` is not pinned in {FILE_NAME}", reference.value))
            .at(reference.span, "")
            .help(format!("{advice}, or write a full commit id"))
    });
    let files = files.iter().map(|(url, place)| {
        Diagnostic::error("not-locked", format!("the checksum of {url} is not in {FILE_NAME}"))
            .at(*place, "")
            .help(format!("{advice}, or write its `sha256`"))
    });
    refs.chain(files).collect()
}

/// Fault of a lock that is valid YAML.
#[derive(Debug, thiserror::Error)]
enum LockError {
    #[error("the lock is not a mapping")]
    NotMapping,
    #[error("the lock has a key `{}` that this kmodgen does not know", .0.escape_debug())]
    UnknownKey(String),
    #[error("the lock has form {0}, and this kmodgen reads form {FORM}: use a newer kmodgen")]
    OtherForm(String),
    #[error("the lock pins version {0} of the templates, and this kmodgen has 1 to {newest}", newest = template::NEWEST)]
    UnknownTemplates(u32),
    #[error("the lock has no `sources`")]
    NoSources,
    #[error("`{0}` is not a list")]
    NotList(&'static str),
    #[error("the same ref is pinned twice")]
    RepeatedRef,
    #[error("the same file is pinned twice")]
    RepeatedFile,
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is not a text")]
    NotText(&'static str),
    #[error(transparent)]
    Invalid(Invalid),
}

/// An error, and the node that it is about.
type Fault<'n> = (&'n Node, LockError);

fn decode(node: &Node) -> Result<Lock, Fault<'_>> {
    let entries = node.as_mapping().ok_or((node, LockError::NotMapping))?;
    let known = ["version", "templates", "sources", "files"];
    if let Some(entry) = entries.iter().find(|entry| !known.contains(&entry.key.value.as_str())) {
        return Err((&entry.value, LockError::UnknownKey(entry.key.value.clone())));
    }
    let version = field(node, "version", |text| Ok::<_, Invalid>(text.to_owned()))?;
    if version != FORM {
        return Err((node, LockError::OtherForm(version)));
    }
    let templates = field(node, "templates", |text| text.parse().map_err(|_| Invalid::new("not a number")))?;
    if !(1..=template::NEWEST).contains(&templates) {
        return Err((node, LockError::UnknownTemplates(templates)));
    }
    let mut lock = Lock { templates, ..Lock::default() };
    let sources = node.get("sources").ok_or((node, LockError::NoSources))?;
    for source in sources.as_sequence().ok_or((&**sources, LockError::NotList("sources")))? {
        let url = field(source, "git", GitUrl::parse)?;
        let reference = field(source, "ref", GitRef::parse)?;
        let commit = field(source, "commit", GitOid::parse)?;
        if lock.commits.insert((url, reference), commit).is_some() {
            return Err((source, LockError::RepeatedRef));
        }
    }
    let files = node.get("files");
    let listed = files.map(|files| files.as_sequence().ok_or((&**files, LockError::NotList("files"))));
    for file in listed.transpose()?.unwrap_or_default() {
        let url = field(file, "url", |text| FileUrl::parse(text).map(|url| url.to_string()))?;
        let checksum = field(file, "sha256", |text| Digest::parse(text).ok_or(Invalid::new("not a SHA-256 checksum")))?;
        if lock.files.insert(url, checksum).is_some() {
            return Err((file, LockError::RepeatedFile));
        }
    }
    Ok(lock)
}

fn field<'n, T>(node: &'n Node, key: &'static str, parse: impl Fn(&str) -> Result<T, Invalid>) -> Result<T, Fault<'n>> {
    let value = node.get(key).ok_or((node, LockError::Missing(key)))?;
    let scalar = value.as_scalar().ok_or((&**value, LockError::NotText(key)))?;
    parse(&scalar.text).map_err(|invalid| (&**value, LockError::Invalid(invalid)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::SourceMap;

    fn read(text: &str) -> Result<Lock, Diagnostics> {
        let mut faults = Diagnostics::default();
        let source = SourceMap::default().add(FILE_NAME, text);
        Lock::read(source, text, &mut faults).ok_or(faults)
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut lock = Lock::default();
        for (url, reference) in [("https://b/x.git", "main"), ("https://a/x.git", "v1"), ("https://a/x.git", "1.10")] {
            lock.pin(
                GitUrl::parse(url).unwrap(),
                GitRef::parse(reference).unwrap(),
                GitOid::parse(&"a".repeat(40)).unwrap(),
            );
        }
        assert_eq!(read(&lock.write()).unwrap(), lock);
        assert_snapshot!(lock.write());
    }

    #[test]
    fn a_damaged_lock_is_refused_by_name() {
        for (text, said) in [
            ("", "empty"),
            ("[]", "not a mapping"),
            ("version: 9\ntemplates: 1\nsources: []", "newer kmodgen"),
            ("version: 1\ntemplates: 99\nsources: []", "version 99 of the templates"),
            ("version: 1\ntemplates: 1\nsources: []\nx: 1", "does not know"),
            ("version: 1\ntemplates: 1\nsources:\n  - git: https://a/b\n    ref: x\n    commit: abc", "full commit id"),
        ] {
            let faults = read(text).unwrap_err().into_sorted();
            assert!(faults[0].message.contains(said), "{text}: {faults:?}");
        }
    }
}
