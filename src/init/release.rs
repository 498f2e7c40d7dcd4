//! The newest release among a repository's tags.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::vocabulary::{GitRef, by_version};

/// Words that mark a version before a release.
const BEFORE_RELEASE: [&str; 9] = ["rc", "alpha", "beta", "pre", "dev", "snapshot", "nightly", "test", "wip"];

/// A tag with the version that it names.
struct Release<'t> {
    tag: &'t str,
    /// Text before the version, without `v` and without signs at its end.
    name: &'t str,
    version: String,
}

/// Returns the newest release: of tags such as `v1.2.0` and `1.2`, or if there is none, of the most common name before
/// the version, as in `driver-1.2`. Versions before a release, such as `v2.0-rc1`, and tags without a dot are none.
pub fn newest_release<'t>(tags: impl IntoIterator<Item = &'t str>) -> Option<&'t str> {
    let mut named: BTreeMap<&str, Vec<Release<'t>>> = BTreeMap::new();
    for release in tags.into_iter().filter_map(Release::read) {
        named.entry(release.name).or_default().push(release);
    }
    let plain = named.remove("");
    let chosen = plain.or_else(|| {
        let most = named.into_iter().max_by_key(|(name, releases)| (releases.len(), Reverse(*name)))?;
        Some(most.1)
    })?;
    let newest = chosen.into_iter().max_by(|one, other| {
        by_version(&one.version, &other.version).then_with(|| other.tag.len().cmp(&one.tag.len()))
    });
    newest.map(|release| release.tag)
}

impl<'t> Release<'t> {
    fn read(tag: &'t str) -> Option<Self> {
        let start = tag.find(|c: char| c.is_ascii_digit())?;
        let (name, version) = tag.split_at(start);
        let version = version.replace('_', ".");
        let lower = version.to_ascii_lowercase();
        let is_release = version.contains('.')
            && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
            && !BEFORE_RELEASE.iter().any(|word| lower.contains(word) || name.to_ascii_lowercase().ends_with(word));
        if !is_release || GitRef::parse(tag).is_err() {
            return None;
        }
        let name = name.strip_suffix(['v', 'V']).unwrap_or(name);
        let name = name.trim_end_matches(['-', '_', '/', '.']);
        Some(Self { tag, name: if name == "release" || name == "rel" { "" } else { name }, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_the_highest_version() {
        for (tags, newest) in [
            (&["v1.9.0", "v1.10.0", "v2.0-rc1", "v1.10.0-beta"] as &[_], Some("v1.10.0")),
            (&["1.2", "v1.1", "nightly-9.9", "20240101", "latest"], Some("1.2")),
            (&["drbd-9.2.9", "drbd-9.2.19", "utils-10.1"], Some("drbd-9.2.19")),
            (&["release/1.2", "release/1.3"], Some("release/1.3")),
            (&["REL_1_2", "REL_1_10"], Some("REL_1_10")),
            (&["v1.0", "v1.0-2"], Some("v1.0-2")),
            (&["v1..0", "a b1.0", "x"], None),
            (&[], None),
        ] {
            assert_eq!(newest_release(tags.iter().copied()), newest, "{tags:?}");
        }
    }
}
