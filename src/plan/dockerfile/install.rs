//! Content of an image, as templates see it.

use minijinja::value::Value;

use crate::manifest::{BuilderFolder, Compression, InstalledFiles};
use crate::plan::{Code, Layout, Package, Resolved};
use crate::vocabulary::written_out;

/// The values of what is installed on the kernel of a release.
pub(super) fn values(resolved: &Resolved, release: &str) -> Value {
    let Layout { mod_dir, strip, compress, link_in_tree, firmware, licenses, files, rpms } = &resolved.layout;
    let installed = |item: &InstalledFiles| {
        let folder = Code::named(&resolved.codes, item.source.as_ref()).map(Code::build_folder).unwrap_or_default();
        let from = format!("{folder}/{}", item.from.value);
        Value::from_pairs([("from", Value::from(from)), ("to", Value::from(item.to.to_string()))])
    };
    let places: Vec<String> = files.iter().map(|item| written_out(&item.to.to_string(), release)).collect();
    Value::from_pairs([
        ("mod_dir", Value::from(mod_dir.as_str())),
        ("strip", Value::from(*strip)),
        ("compress", compress.map_or(Value::from(()), |compress| Value::from(compress.name()))),
        ("ending", Value::from(compress.map_or(".ko", Compression::ending))),
        ("link_in_tree", Value::from(*link_in_tree)),
        ("has_firmware", Value::from(firmware.is_some())),
        ("firmware", firmware.iter().flatten().map(installed).collect()),
        ("licenses", licenses.iter().map(installed).collect()),
        ("files", files.iter().map(installed).collect()),
        ("places", outermost(&places).map(Value::from).collect()),
        ("rpms", rpms.iter().map(|rpm| rpm.name.as_str()).collect()),
        ("rpm_folders", rpm_folders(resolved, rpms)),
    ])
}

/// The kmods that are looked for in a folder, each with this.
pub(super) fn kmod_folders(resolved: &Resolved) -> Value {
    let first = first_folder(resolved);
    let kmods = resolved.kmods.iter().filter(|kmod| kmod.is_anchored || kmod.from.is_some());
    kmods
        .map(|kmod| {
            let folder = kmod.from.as_ref().map_or_else(|| first.clone(), |from| from.path_in(&first));
            Value::from_pairs([
                ("kmod", Value::from(kmod.path())),
                ("folder", Value::from(folder)),
                ("anchored", Value::from(kmod.is_anchored)),
                ("in_builder", Value::from(kmod.from.as_ref().is_some_and(BuilderFolder::is_absolute))),
            ])
        })
        .collect()
}

/// Returns the folder in which the first source is built.
fn first_folder(resolved: &Resolved) -> String {
    resolved.codes.first().map(Code::build_folder).unwrap_or_default()
}

/// The packages by the folder that they are in, in the order of the manifest.
fn rpm_folders(resolved: &Resolved, rpms: &[Package]) -> Value {
    let first = first_folder(resolved);
    let mut folders: Vec<(Option<String>, Vec<&str>)> = Vec::new();
    for Package { name, from } in rpms {
        let folder = from.as_ref().map(|from| from.path_in(&first));
        match folders.iter_mut().find(|(other, _)| *other == folder) {
            Some((_, names)) => names.push(name),
            None => folders.push((folder, vec![name])),
        }
    }
    let values = folders.into_iter().map(|(folder, names)| {
        let folder = folder.map_or(Value::from(()), Value::from);
        Value::from_pairs([("folder", folder), ("packages", names.into_iter().collect())])
    });
    values.collect()
}

/// Returns the places that are in none of the others, each once.
fn outermost(places: &[String]) -> impl Iterator<Item = &str> {
    let is_outermost = move |(at, place): &(usize, &String)| {
        let is_in = |other: &String| {
            let rest = place.strip_prefix(other.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
        };
        !places[..*at].contains(place) && !places.iter().any(is_in)
    };
    places.iter().enumerate().filter(is_outermost).map(|(_, place)| place.as_str())
}

#[cfg(test)]
mod tests {
    use super::outermost;

    #[test]
    fn places_within_others_are_left_out() {
        let outermost = |places: &[&str]| -> Vec<String> {
            let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
            outermost(&places).map(str::to_owned).collect()
        };
        assert_eq!(outermost(&["/a/", "/b", "/a/c", "/a/d/", "/b", "/abc", "/a"]), ["/a/", "/b", "/abc", "/a"]);
    }
}
