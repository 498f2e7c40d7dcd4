//! Labels and annotations of objects: kmodgen's own, and those of the manifest.

use std::collections::BTreeMap;

use kmodgen_yaml::{Pair, Yaml};

use crate::manifest::{Kernel, Manifest, Module};
use crate::plan::KERNEL_LABEL;

/// Returns the label with the tool that manages an object.
pub(super) fn managed_by() -> Pair<'static> {
    ("app.kubernetes.io/managed-by".into(), Yaml::text("kmodgen"))
}

/// Returns the label with the owner of an object, if the manifest has one.
pub(super) fn owner(manifest: &Manifest) -> Option<Pair<'_>> {
    manifest.owner.as_ref().map(|owner| ("kmodgen/owner".into(), Yaml::text(owner.as_str())))
}

/// Returns labels or annotations: kmodgen's own, then those of the manifest with other keys, of which the later win.
pub(super) fn joined<'v>(
    own: impl IntoIterator<Item = Pair<'v>>,
    levels: impl IntoIterator<Item = &'v BTreeMap<String, String>>,
) -> Yaml<'v> {
    let mut pairs: Vec<Pair<'_>> = own.into_iter().collect();
    let mut users: BTreeMap<&str, &str> =
        levels.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    for (key, _) in &pairs {
        users.remove(&**key);
    }
    pairs.extend(users.into_iter().map(|(key, value)| (key.into(), Yaml::text(value))));
    Yaml::Map(pairs)
}

/// Returns the labels of an object of a module, on one kernel or on all.
pub(super) fn labels<'v>(manifest: &'v Manifest, module: &'v Module, kernel: Option<&'v Kernel>) -> Pair<'v> {
    let release = kernel.map(|kernel| {
        // A label ends in a letter or digit.
        kernel.release.normalised().trim_end_matches(|c: char| !c.is_ascii_alphanumeric())
    });
    let kernel = release.map(|release| (KERNEL_LABEL.into(), Yaml::text(release)));
    let own = [managed_by(), ("kmodgen/module".into(), Yaml::text(module.name.as_str()))];
    let own = own.into_iter().chain(owner(manifest)).chain(kernel);
    ("labels".into(), joined(own, [&manifest.metadata.labels, &module.objects.metadata.labels]))
}

/// Returns the annotations of an object, of the manifest or of one of its modules, if there are any.
pub(super) fn annotations<'v>(
    manifest: &'v Manifest,
    module: Option<&'v Module>,
    own: impl IntoIterator<Item = Pair<'v>>,
) -> Option<Pair<'v>> {
    let of_module = module.map(|module| &module.objects.metadata.annotations);
    let annotations = joined(own, [Some(&manifest.metadata.annotations), of_module].into_iter().flatten());
    let is_empty = matches!(&annotations, Yaml::Map(pairs) if pairs.is_empty());
    (!is_empty).then(|| ("annotations".into(), annotations))
}
