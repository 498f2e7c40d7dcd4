//! Content of an image, as templates see it.

use minijinja::value::Value;

use crate::manifest::{Compression, InstalledFiles};
use crate::plan::{Code, Layout, Resolved};
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
        ("rpms", rpms.iter().map(String::as_str).collect()),
    ])
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
