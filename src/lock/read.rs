//! Reads a lock.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node};

use super::{Commit, FORM, Lock, Pins};
use crate::template;
use crate::vocabulary::{
    Diagnostic, Diagnostics, Digest, FileUrl, GitOid, GitRef, GitUrl, ImageRef, Invalid, KernelRelease, PinGroup,
    SourceId, Span, Timestamp, has_markers,
};

/// Fault of a lock that is valid YAML.
#[derive(Debug, thiserror::Error)]
enum LockError {
    #[error("the lock is not a map")]
    NotMap,
    #[error("the lock has the key `{}`, which this version of kmodgen does not support", .0.escape_debug())]
    UnknownKey(String),
    #[error("the lock has version {0}, but this kmodgen supports versions 1 to {FORM}: use a newer kmodgen")]
    OtherForm(String),
    #[error("the lock pins version {0} of the templates, but this kmodgen has 1 to {newest}", newest = template::NEWEST)]
    UnknownTemplates(u32),
    #[error("the lock has no `sources`")]
    NoSources,
    #[error("`{0}` is not a list")]
    NotList(&'static str),
    #[error("`{0}` is not a map")]
    NotMapUnder(&'static str),
    #[error("the same {0} is pinned twice")]
    Repeated(&'static str),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is not a string")]
    NotString(&'static str),
    #[error(transparent)]
    Invalid(Invalid),
}

/// An error, and the node that it is about.
type Fault<'n> = (&'n Node, LockError);

impl Lock {
    /// Reads the text of a lock.
    ///
    /// # Errors
    /// `None` if anything is wrong; `faults` then says what.
    pub fn read(source: SourceId, text: &str, faults: &mut Diagnostics) -> Option<Self> {
        let help = if has_markers(text.as_bytes()) {
            "take one side with `git checkout --ours kmodgen.lock`, then run `kmodgen lock`"
        } else {
            "restore it from version control, or delete it and run `kmodgen lock`"
        };
        let node = match kmodgen_yaml::read(source, text) {
            Ok(Some(node)) => node,
            Ok(None) => {
                let place = Span::new(source, 0, 0);
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
}

fn decode(node: &Node) -> Result<Lock, Fault<'_>> {
    let entries = node.as_mapping().ok_or((node, LockError::NotMap))?;
    let version = field(node, "version", |text| Ok::<_, Invalid>(text.to_owned()))?;
    let known: &[&str] = match version.as_str() {
        "1" => &["version", "templates", "sources", "files"],
        FORM => &["version", "templates", "sources", "files", "images", "pushed", "groups"],
        _ => return Err((node, LockError::OtherForm(version))),
    };
    refuse_unknown(entries, known)?;
    let templates = field(node, "templates", |text| text.parse().map_err(|_| Invalid::new("not a number")))?;
    if !(1..=template::NEWEST).contains(&templates) {
        return Err((node, LockError::UnknownTemplates(templates)));
    }
    let mut lock = Lock { templates, ..Lock::default() };
    if node.get("sources").is_none() {
        return Err((node, LockError::NoSources));
    }
    lock.shared = Arc::new(pins(node)?);
    for image in items(node, "pushed")? {
        let name = field(image, "image", |text| ImageRef::parse(text).map(|image| image.to_string()))?;
        let digest = field(image, "digest", image_digest)?;
        if lock.pushed.insert(name, digest).is_some() {
            return Err((image, LockError::Repeated("image")));
        }
    }
    let groups =
        node.get("groups").map(|groups| groups.as_mapping().ok_or((&**groups, LockError::NotMapUnder("groups"))));
    for Entry { key, value } in groups.transpose()?.unwrap_or_default() {
        let name = PinGroup::parse(&key.value).map_err(|invalid| (&**value, LockError::Invalid(invalid)))?;
        let entries = value.as_mapping().ok_or((&**value, LockError::NotMapUnder("a group")))?;
        refuse_unknown(entries, &["sources", "files", "images"])?;
        lock.groups.insert(name, Arc::new(pins(value)?));
    }
    Ok(lock)
}

fn refuse_unknown<'n>(entries: &'n [Entry], known: &[&str]) -> Result<(), Fault<'n>> {
    match entries.iter().find(|entry| !known.contains(&entry.key.value.as_str())) {
        Some(entry) => Err((&entry.value, LockError::UnknownKey(entry.key.value.clone()))),
        None => Ok(()),
    }
}

/// Decodes the pins of all clusters, or of a group.
fn pins(node: &Node) -> Result<Pins, Fault<'_>> {
    let mut pins = Pins::default();
    for source in items(node, "sources")? {
        let url = field(source, "git", GitUrl::parse)?;
        let reference = field(source, "ref", GitRef::parse)?;
        let id = field(source, "commit", GitOid::parse)?;
        let date = source.get("date").map(|_| field(source, "date", Timestamp::parse)).transpose()?;
        if pins.commits.insert((url, reference), Commit { id, date }).is_some() {
            return Err((source, LockError::Repeated("ref")));
        }
    }
    for file in items(node, "files")? {
        let url = field(file, "url", |text| FileUrl::parse(text).map(|url| url.to_string()))?;
        let checksum = field(file, "sha256", |text| Digest::parse(text).ok_or(Invalid::new("not a SHA-256 checksum")))?;
        if pins.files.insert(url, checksum).is_some() {
            return Err((file, LockError::Repeated("file")));
        }
    }
    for pin in items(node, "images")? {
        let image = field(pin, "image", ImageRef::parse)?;
        let digest = field(pin, "digest", image_digest)?;
        let kernels = items(pin, "kernels")?.iter();
        let kernels = kernels.map(|kernel| parse(kernel, "kernels", KernelRelease::parse)).collect::<Result<_, _>>()?;
        if !pins.images.add(image, digest, kernels) {
            return Err((pin, LockError::Repeated("image")));
        }
    }
    Ok(pins)
}

fn image_digest(text: &str) -> Result<Digest, Invalid> {
    let digest = text.strip_prefix("sha256:").and_then(Digest::parse);
    digest.ok_or_else(|| Invalid::new("not the digest of an image, `sha256:` and 64 hexadecimal digits"))
}

/// Returns the items of a list, none if it is absent.
fn items<'n>(node: &'n Node, key: &'static str) -> Result<&'n [Arc<Node>], Fault<'n>> {
    let Some(list) = node.get(key) else { return Ok(&[]) };
    list.as_sequence().ok_or((&**list, LockError::NotList(key)))
}

fn field<'n, T>(
    node: &'n Node,
    key: &'static str,
    parse_text: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<T, Fault<'n>> {
    parse(node.get(key).ok_or((node, LockError::Missing(key)))?, key, parse_text)
}

fn parse<'n, T>(
    value: &'n Node,
    key: &'static str,
    parse_text: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<T, Fault<'n>> {
    let scalar = value.as_scalar().ok_or((value, LockError::NotString(key)))?;
    parse_text(&scalar.text).map_err(|invalid| (value, LockError::Invalid(invalid)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::FILE_NAME;
    use crate::vocabulary::SourceMap;

    fn read(text: &str) -> Result<Lock, Diagnostics> {
        let mut faults = Diagnostics::default();
        let source = SourceMap::default().add(FILE_NAME, text);
        Lock::read(source, text, &mut faults).ok_or(faults)
    }

    #[test]
    fn what_is_written_reads_back() {
        let (mut lock, mut pins) = (Lock::default(), Pins::default());
        let dated = Timestamp::parse("2026-05-01T12:00:00Z").ok();
        for (url, reference, date) in
            [("https://b/x.git", "main", dated), ("https://a/x.git", "v1", None), ("https://a/x.git", "1.10", dated)]
        {
            let commit = Commit { id: GitOid::parse(&"a".repeat(40)).unwrap(), date };
            pins.pin(GitUrl::parse(url).unwrap(), GitRef::parse(reference).unwrap(), commit);
        }
        pins.pin_file("https://a/x.tar".into(), Digest::of(b"x"));
        let image = ImageRef::parse("quay.io/a/b:1").unwrap();
        pins.images.pin(image.clone(), Digest::of(b"old"));
        let kernels = ["5.14.0-1", "5.14.0-2+rt"].map(|release| KernelRelease::parse(release).unwrap());
        pins.images.pin_for_others(image, Digest::of(b"new"), &kernels);
        lock.pin(None, &pins);
        lock.note_pushed("quay.io/a/driver:5.14.0-1-0123".into(), Digest::of(b"driver"));
        assert_eq!(read(&lock.write()).unwrap(), lock);
        assert_snapshot!(lock.write());
        let group = PinGroup::parse("prod").unwrap();
        lock.pin(Some(&group), &pins);
        assert_eq!(read(&lock.write()).unwrap(), lock);
        assert_snapshot!(lock.write());
    }

    #[test]
    fn a_group_without_pins_is_not_written() {
        let mut lock = Lock::default();
        let text = lock.write();
        lock.pin(PinGroup::parse("prod").ok().as_ref(), &Pins::default());
        assert_eq!(lock.write(), text);
    }

    #[test]
    fn the_first_version_is_read() {
        let lock = read("version: 1\ntemplates: 1\nsources: []\n").unwrap();
        assert_eq!(lock, Lock { templates: 1, ..Lock::default() });
    }

    #[test]
    fn a_damaged_lock_is_refused_by_name() {
        let (digest, image) = (Digest::of(b""), "version: 2\ntemplates: 1\nsources: []\nimages:\n  - image: a/b:1\n");
        let twice = format!("{image}    digest: sha256:{digest}\n  - {{image: a/b:1, digest: sha256:{digest}}}\n");
        for (text, message) in [
            ("", "empty"),
            ("[]", "not a map"),
            ("version: 9\ntemplates: 1\nsources: []", "newer kmodgen"),
            ("version: 1\ntemplates: 99\nsources: []", "version 99 of the templates"),
            ("version: 1\ntemplates: 1\nsources: []\nx: 1", "does not support"),
            ("version: 1\ntemplates: 1\nsources: []\nimages: []", "does not support"),
            ("version: 1\ntemplates: 1\nsources:\n  - git: https://a/b\n    ref: x\n    commit: abc", "full commit ID"),
            (image, "`digest` is missing"),
            (&format!("{image}    digest: {digest}\n"), "not the digest of an image"),
            (&format!("{image}    digest: sha256:{digest}\n    kernels: 5.14.0-1\n"), "`kernels` is not a list"),
            (&twice, "the same image is pinned twice"),
            ("version: 2\ntemplates: 1\nsources: []\ngroups: [a]", "`groups` is not a map"),
            ("version: 2\ntemplates: 1\nsources: []\ngroups: {a: b}", "`a group` is not a map"),
            ("version: 2\ntemplates: 1\nsources: []\ngroups: {A: {}}", "group of pins `A` contains"),
            ("version: 2\ntemplates: 1\nsources: []\ngroups: {a: {pushed: []}}", "does not support"),
            ("version: 2\ntemplates: 1\nsources: []\ngroups: {a: {files: [{url: x}]}}", "x"),
            ("version: 1\ntemplates: 1\nsources: []\ngroups: {}", "does not support"),
        ] {
            let faults = read(text).unwrap_err().into_sorted();
            assert!(faults[0].message.contains(message), "{text}: {faults:?}");
        }
    }
}
