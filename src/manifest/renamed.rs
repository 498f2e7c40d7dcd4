//! Words of earlier manifests.

use super::schema::Record;

/// Records by name, each with keys that they had, and what to write instead.
const RENAMED: &[(&str, &[(&str, &str)])] = &[
    ("the manifest", &[("images", "baseImages"), ("targets", "clusters")]),
    ("a kernel", &[("images", "baseImages")]),
    ("a module", RECIPE),
    ("a version", RECIPE),
    ("an override", &[("images", "baseImages"), ("labels", "imageLabels"), ("build", "steps")]),
    ("a cluster", &[("kernels", "when")]),
    ("a condition", CONDITION),
    ("an exclusion", CONDITION),
    ("`fallback`", &[("release", "kernel")]),
    ("a patch", &[("version", "sourceVersion")]),
    ("a source", &[("strip", "stripComponents")]),
    ("`install`", &[("dir", "modDir"), ("host", "linkInTree")]),
    ("installed files", &[("file", "from")]),
];

/// Keys of a condition.
const CONDITION: &[(&str, &str)] = &[("release", "kernel"), ("version", "kernelVersion")];

/// Keys of a module and a version.
const RECIPE: &[(&str, &str)] = &[
    ("images", "baseImages"),
    ("labels", "imageLabels"),
    ("build", "steps"),
    ("kernels", "when"),
    ("targets", "clusters"),
];

/// Returns what to write instead of a key that a record had, if it had one of that name.
pub(super) fn renamed(record: &Record, key: &str) -> Option<&'static str> {
    let (_, keys) = RENAMED.iter().find(|(name, _)| *name == record.name)?;
    keys.iter().find(|(old, _)| *old == key).map(|(_, new)| *new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::MANIFEST;

    #[test]
    fn old_words_name_new_ones() {
        let records = MANIFEST.all();
        for (name, keys) in RENAMED {
            let record = records.iter().find(|record| record.name == *name).expect(name);
            for (old, new) in *keys {
                assert!(record.field(old).is_none() && record.field(new).is_some(), "{name}: {old}, {new}");
            }
        }
    }
}
