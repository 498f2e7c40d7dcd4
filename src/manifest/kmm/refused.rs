//! Fields that people know from Modules, and that `moduleSpec` does not take, or not there.

use kmodgen_yaml::{Entry, Node};

use super::entry;
use super::fields::{CONTAINER, MODULE_LOADER, MODULE_SPEC};
use crate::manifest::decode::{self, Fields};
use crate::manifest::schema::Record;
use crate::vocabulary::{Diagnostic, Diagnostics};

/// The records of `moduleSpec` whose fields are taken for each other's, with the path to each.
const LEVELS: [(&[&str], &Record); 3] =
    [(&[], &MODULE_SPEC), (&["moduleLoader"], &MODULE_LOADER), (&["moduleLoader", "container"], &CONTAINER)];

/// Keys that stand beside `moduleSpec`.
const BESIDE: [&str; 6] = ["hub", "fallback", "signing", "additionalModules", "configMaps", "objects"];

/// Returns the part of `moduleSpec` at each of its levels, with its record.
fn levels(spec: &Node) -> impl Iterator<Item = (&Node, &'static Record)> {
    LEVELS.iter().filter_map(move |(path, record)| {
        let part = path.iter().try_fold(spec, |part, key| part.get(key).map(|part| &**part));
        Some((part?, *record))
    })
}

/// Checks if `moduleSpec` has, or may have, a field of the container or its own: a field that is misspelt, or at
/// another level, has an error of its own and is not missing as well.
pub(super) fn may_have(spec: &Node, key: &str) -> bool {
    levels(spec).any(|(part, record)| {
        let parents = ["moduleLoader", "container"].iter().filter(|parent| record.field(parent).is_some());
        let mut hidden = parents.filter(|parent| part.get(parent).is_none_or(|part| part.as_mapping().is_none()));
        decode::may_have(part, record, key) || hidden.any(|parent| decode::may_have(part, record, parent))
    })
}

/// Refuses the fields of one record of `moduleSpec` that belong to another one or beside it.
pub(super) fn refuse_misplaced(record: &'static Record, fields: &mut Fields<'_>, faults: &mut Diagnostics) {
    for (path, other) in LEVELS {
        for key in other.keys().filter(|key| record.field(key).is_none()) {
            if let Some(entry) = fields.take_refused(key, faults) {
                let place = if path.is_empty() { "moduleSpec".to_owned() } else { path.join(".") };
                let shown = decode::flow(&entry.value);
                let line = path.iter().rev().fold(format!("{key}: {shown}"), |line, key| format!("{key}: {{{line}}}"));
                let help = format!("write it in `{place}`");
                let help = if line.len() < 100 { format!("{help}: `{line}`") } else { help };
                faults.push(misplaced(record, entry).help(help));
            }
        }
    }
    for key in BESIDE {
        if let Some(entry) = fields.take_refused(key, faults) {
            faults.push(misplaced(record, entry).help("write it beside `moduleSpec`"));
        }
    }
}

fn misplaced(record: &Record, entry: &Entry) -> Diagnostic {
    Diagnostic::error("unknown-key", format!("{} has no key `{}`", record.name, entry.key.value)).at(entry.key.span, "")
}

/// Refuses `moduleLoader` of a module that has no kmods.
pub(super) fn refuse_loading(spec: &Node, faults: &mut Diagnostics) {
    faults.extend(entry(spec, "moduleLoader").map(for_loading));
}

/// Returns the error of a field for loading kmods, of which there are none.
pub(super) fn for_loading(entry: &Entry) -> Diagnostic {
    Diagnostic::error("kmm-plugin", format!("`{}` is for loading kmods, but this module has none", entry.key.value))
        .at(entry.key.span, "")
        .help("remove it, or give the module `source` and `kmods`, or `prebuilt`")
}

/// Refuses the fields that KMM is rid of, and those that kmodgen writes.
pub(super) fn refuse_deprecated(fields: &mut Fields<'_>, faults: &mut Diagnostics) {
    if let Some(entry) = fields.take_refused("inTreeModuleToRemove", faults) {
        faults.push(
            Diagnostic::error(
                "kmm-deprecated",
                "`inTreeModuleToRemove` is deprecated and cannot be combined with its successor",
            )
            .at(entry.key.span, "")
            .help("write `inTreeModulesToRemove: [NAME]`"),
        );
    }
    for (key, advice) in [
        ("kernelMappings", "remove it: kmodgen generates one literal mapping for each kernel"),
        ("containerImage", "write the module's `image` instead"),
        ("version", "write the module's own `version`, beside `name`"),
    ] {
        if let Some(entry) = fields.take_refused(key, faults) {
            faults.push(
                Diagnostic::error("kmm-generated", format!("kmodgen writes `{key}` itself"))
                    .at(entry.key.span, "")
                    .help(advice),
            );
        }
    }
}

/// Refuses `kmm`, the section of earlier manifests.
pub(in crate::manifest) fn refuse_kmm(fields: &mut Fields<'_>, faults: &mut Diagnostics) {
    let Some(entry) = fields.take_refused("kmm", faults) else { return };
    let node = &entry.value;
    let help = if node.as_scalar().is_some() {
        "to generate only images, write `objects: false`"
    } else if node.as_sequence().is_some() {
        "write the first item as `moduleSpec`, and the others as `additionalModules: [{name: …, moduleSpec: {…}}]`"
    } else {
        "write `moduleSpec`: its fields are those of a Module's `spec`, such as `moduleLoader: {container: {modprobe: …}}`"
    };
    faults
        .push(Diagnostic::error("unknown-key", "`kmm` was renamed to `moduleSpec`").at(entry.key.span, "").help(help));
}
