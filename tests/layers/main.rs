//! The direction of imports: a module of `src/` uses only the modules of the layers above its own, and in
//! no folder do files or folders use one another in a circle.
//!
//! What a folder's `mod.rs` shares with the files of the folder is no circle.
#![expect(clippy::disallowed_methods, clippy::panic, reason = "a test reads sources, and fails")]

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::{Crate, ModulePath};

/// The modules of `src/`, each of which uses only those before it.
const LAYERS: &[&str] = &[
    "vocabulary",
    "documents",
    "contract",
    "checksum",
    "file_stat",
    "parallel",
    "depfile",
    "header",
    "bundle",
    "shared_files",
    "fingerprint",
    "handoff",
    "template",
    "manifest",
    "kernels",
    "objects",
    "status",
    "lint",
    "init",
    "lock",
    "publish",
    "rollout",
    "plan",
    "sbom",
    "cache",
    "render",
    "merge",
    "output",
    "tree",
    "bundle_folder",
    "previous",
    "holds",
    "requires",
    "ownership",
    "import",
    "reconcile",
    "impact",
    "test_cases",
    "adapters",
    "cli",
    "settings",
    "commands",
    "driver",
];

/// By folder, the names in it with the names in it that they use.
type Folders = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Reads the imports of a crate: two modules are compared where their paths part.
fn folders(root: &str) -> Folders {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut folders = Folders::new();
    for (from, used) in Crate::read(&root).arrows() {
        for to in used {
            if let Some((folder, from, to)) = parting(&from, &to) {
                folders.entry(folder).or_default().entry(from).or_default().insert(to);
            }
        }
    }
    folders
}

/// The folder where two paths part and their names in it; `None` if one is within the other.
fn parting(from: &ModulePath, to: &ModulePath) -> Option<(String, String, String)> {
    let shared = from.iter().zip(to).take_while(|(from, to)| from == to).count();
    Some((from[..shared].join("::"), from.get(shared)?.clone(), to.get(shared)?.clone()))
}

/// The circles of a folder, each as its names in order.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = uses.keys().map(|name| (name, reach(name, uses))).collect();
    let is_mutual = |one: &String, other: &String| {
        reached[one].contains(other) && reached.get(other).is_some_and(|names| names.contains(one))
    };
    let in_circle = uses.keys().filter(|name| reached[name].contains(name));
    in_circle.map(|name| uses.keys().filter(|other| is_mutual(name, other)).cloned().collect()).collect()
}

/// All names that a name uses, directly or through others.
fn reach<'u>(name: &'u String, uses: &'u BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'u String> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![name];
    while let Some(next) = ahead.pop() {
        ahead.extend(uses.get(next).into_iter().flatten().filter(|used| reached.insert(*used)));
    }
    reached
}

#[test]
fn folders_use_those_of_the_layers_above() {
    let folders = folders("src/lib.rs");
    let place = |name: &str| {
        LAYERS.iter().position(|layer| *layer == name).unwrap_or_else(|| panic!("`{name}` is in no layer"))
    };
    let mut upward = BTreeSet::new();
    let mut named = BTreeSet::new();
    for (from, used) in &folders[""] {
        named.insert(from.as_str());
        for to in used {
            named.insert(to);
            if place(from) < place(to) {
                upward.insert((from.as_str(), to.as_str()));
            }
        }
    }
    assert!(upward.is_empty(), "modules that use one of a lower layer: {upward:?}");
    assert_eq!(
        LAYERS.iter().copied().filter(|layer| !named.contains(layer)).collect::<Vec<_>>(),
        [""; 0],
        "no modules"
    );
}

#[test]
fn nothing_is_used_in_a_circle() {
    let mut found = BTreeSet::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let crates = std::fs::read_dir(crates).expect("there are crates").filter_map(Result::ok);
    let roots: Vec<String> = crates.map(|entry| format!("crates/{}/src/lib.rs", entry.file_name().display())).collect();
    assert!(roots.len() > 1, "{roots:?}");
    for root in roots.iter().map(String::as_str).chain(["src/lib.rs"]) {
        for (folder, uses) in folders(root) {
            found.extend(circles(&uses).into_iter().map(|names| (folder.clone(), names)));
        }
    }
    assert!(found.is_empty(), "circles: {found:?}");
}

#[test]
fn circles_are_found() {
    let uses = |pairs: &[(&str, &str)]| {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in pairs {
            uses.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        circles(&uses)
    };
    assert!(uses(&[("a", "b"), ("b", "c"), ("a", "c")]).is_empty());
    let found = uses(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("f", "a")]);
    assert_eq!(found, BTreeSet::from([vec!["a".into(), "b".into(), "c".into()], vec!["d".into(), "e".into()]]));
}
