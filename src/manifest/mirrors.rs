//! Mirrors: where a cluster without the internet gets what a build downloads.

use kmodgen_yaml::Node;

use super::decode;
use crate::vocabulary::{
    Diagnostic, Diagnostics, FileUrl, GIT_LOGIN, GitUrl, ImageRef, Invalid, REGISTRY_LOGIN, refuse_bare_login,
    refuse_secrets,
};

/// Prefixes of URLs and images with their replacements, the longest prefix first. Mirrors change the place that a build
/// downloads from and not the content, so no content hash includes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Mirrors(Vec<(String, String)>);

impl Mirrors {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let mut pairs = Vec::new();
        for entry in decode::entries(node, "`mirrors`", faults) {
            let from = entry.key.value.as_str();
            let check: fn(&str) -> Result<(), Invalid> = if from.contains("://") { url } else { registry };
            if refuse_secrets(from, "").is_err() {
                // The decoder of the map has reported it.
                continue;
            }
            if let Err(invalid) = check(from) {
                faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid));
                continue;
            }
            let to = decode::text(&entry.value, "a mirror", faults, |text| check(text).map(|()| text.to_owned()));
            pairs.extend(to.map(|to| (from.to_owned(), to.value)));
        }
        Self::default().before(Self(pairs))
    }

    /// Reads the mirrors of a manifest and those of one of its clusters, and nothing else of it.
    pub fn of_manifest(node: &Node, cluster: Option<&str>, faults: &mut Diagnostics) -> Self {
        let own = node.get("mirrors").map(|node| Self::decode(node, faults)).unwrap_or_default();
        let cluster = cluster.and_then(|cluster| node.get("clusters")?.get(cluster)?.get("mirrors"));
        cluster.map(|node| Self::decode(node, faults)).unwrap_or_default().before(own)
    }

    /// Reads mirrors of images, each written as `FROM=TO`.
    ///
    /// # Errors
    /// A text of another form, or with a prefix that is none of an image.
    pub fn of_flags(texts: &[String]) -> Result<Self, Invalid> {
        let mut pairs = Vec::new();
        for text in texts {
            let Some((from, to)) = text.split_once('=') else {
                return Err(Invalid::new(format!("`{}` is not a mirror", text.escape_debug()))
                    .help("write `--mirror quay.io/openshift-release-dev=REGISTRY/PATH`"));
            };
            registry(from).and_then(|()| registry(to))?;
            pairs.push((from.to_owned(), to.to_owned()));
        }
        Ok(Self::default().before(Self(pairs)))
    }

    /// Returns these mirrors and those of `other` for prefixes that have none here.
    #[must_use]
    pub fn before(self, other: Self) -> Self {
        let Self(mut pairs) = self;
        let others = other.0.into_iter().filter(|(from, _)| !pairs.iter().any(|(own, _)| own == from));
        pairs.extend(others.collect::<Vec<_>>());
        pairs.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        Self(pairs)
    }

    /// Returns whether there are no mirrors.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The settings by which git finds what a repository names by itself, its submodules.
    pub fn git_settings(&self) -> impl Iterator<Item = String> {
        let urls = self.0.iter().filter(|(from, _)| from.contains("://"));
        urls.map(|(from, to)| format!("url.{to}.insteadOf={from}"))
    }

    /// Replaces the prefix of a URL that has a mirror.
    pub fn url(&self, url: &str) -> String {
        let found = self.0.iter().find_map(|(from, to)| Some(format!("{to}{}", url.strip_prefix(from.as_str())?)));
        found.unwrap_or_else(|| url.to_owned())
    }

    /// Replaces the prefix of an image that has a mirror. A prefix ends where a part of the image's name ends.
    pub fn image(&self, image: &str) -> String {
        let found = self.0.iter().find_map(|(from, to)| {
            let rest = image.strip_prefix(from.trim_end_matches('/'))?;
            rest.starts_with(['/', ':', '@']).then(|| format!("{}{rest}", to.trim_end_matches('/')))
        });
        found.unwrap_or_else(|| image.to_owned())
    }
}

/// The beginning of a URL: what is one itself, with more after it.
fn url(text: &str) -> Result<(), Invalid> {
    refuse_bare_login(text, GIT_LOGIN)?;
    let whole = format!("{text}x/x");
    FileUrl::parse(&whole).map(|_| ()).or_else(|_| GitUrl::parse(&whole).map(|_| ())).map_err(|_| {
        Invalid::new(format!("`{}` is not the start of a URL", text.escape_debug()))
            .help("write the start of URLs, such as `https://github.com/`")
    })
}

/// A registry, perhaps with a part of a path.
fn registry(text: &str) -> Result<(), Invalid> {
    refuse_bare_login(text, REGISTRY_LOGIN)?;
    let bare = text.trim_end_matches('/');
    match ImageRef::parse(&format!("{bare}/x")) {
        Ok(_) if !bare.contains(['@']) => Ok(()),
        _ => Err(Invalid::new(format!("`{}` is neither the start of a URL nor a registry", text.escape_debug()))
            .help("write `https://github.com/` for URLs, or `quay.io/vendor` for images")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_wins_and_ends_where_a_part_does() {
        let pairs = [("https://a/b/", "https://m/1/"), ("https://a/", "https://m/2/"), ("quay.io/v", "m:5000/q")];
        let mirrors = Mirrors(pairs.map(|(from, to)| (from.to_owned(), to.to_owned())).into());
        assert_eq!(mirrors.url("https://a/b/c.git"), "https://m/1/c.git");
        assert_eq!(mirrors.url("https://a/c.git"), "https://m/2/c.git");
        assert_eq!(mirrors.url("https://b/c.git"), "https://b/c.git");
        assert_eq!(mirrors.image("quay.io/v/x@sha256:0"), "m:5000/q/x@sha256:0");
        assert_eq!(mirrors.image("quay.io/v:1"), "m:5000/q:1");
        assert_eq!(mirrors.image("quay.io/vendor/x:1"), "quay.io/vendor/x:1");
    }

    #[test]
    fn beginnings_are_checked() {
        for good in ["https://github.com/", "file:///srv/", "ssh://git@host/"] {
            assert!(url(good).is_ok(), "{good}");
        }
        for bad in ["https://a b/", "ext::x://", "https://$(id)/"] {
            assert!(url(bad).is_err(), "{bad}");
        }
        assert!(registry("quay.io/vendor").is_ok() && registry("host:5000/").is_ok());
        assert!(registry("a b").is_err() && registry("").is_err() && registry("x@sha256:0").is_err());
    }

    #[test]
    fn mirrors_of_flags_come_before_those_of_a_cluster_and_of_all() {
        let text = "mirrors: {quay.io: all, docker.io: all}\nclusters: {east: {mirrors: {quay.io: east/q}}}\n";
        let node = kmodgen_yaml::read(crate::vocabulary::SourceMap::default().add("m", text), text).unwrap().unwrap();
        for (flags, cluster, images) in [
            ("", None, ["all/x", "all/x"]),
            ("", Some("east"), ["east/q/x", "all/x"]),
            ("", Some("west"), ["all/x", "all/x"]),
            ("quay.io=m:5000/f docker.io=d", Some("east"), ["m:5000/f/x", "d/x"]),
        ] {
            let flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
            let mut faults = Diagnostics::default();
            let all = Mirrors::of_flags(&flags).unwrap().before(Mirrors::of_manifest(&node, cluster, &mut faults));
            assert!(faults.is_empty());
            assert_eq!([all.image("quay.io/x"), all.image("docker.io/x")], images);
        }
        for bad in ["quay.io", "=x", "quay.io=", "https://a/=https://b/", "a b=c"] {
            Mirrors::of_flags(&[bad.to_owned()]).unwrap_err();
        }
    }
}
