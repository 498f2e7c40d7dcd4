//! Labels of objects, by which people select them.

use kmodgen_yaml::{Pair, Yaml};

use crate::manifest::Kernel;

/// Returns the label with the tool that manages an object.
pub(super) fn managed_by() -> Pair<'static> {
    ("app.kubernetes.io/managed-by".into(), Yaml::text("kmodgen"))
}

/// Returns the labels of an object of a module, on one kernel or on all.
pub(super) fn of<'v>(module: &'v str, kernel: Option<&'v Kernel>) -> Pair<'v> {
    let release = kernel.map(|kernel| {
        // A label ends in a letter or digit.
        kernel.release.normalised().trim_end_matches(|c: char| !c.is_ascii_alphanumeric())
    });
    let kernel = release.map(|release| ("kmodgen/kernel".into(), Yaml::text(release)));
    let labels = [managed_by(), ("kmodgen/module".into(), Yaml::text(module))];
    ("labels".into(), Yaml::Map(labels.into_iter().chain(kernel).collect()))
}
