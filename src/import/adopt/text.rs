//! The text of a manifest, with comments that say where its parts come from.

use std::fmt::Write as _;
use std::sync::Arc;

use kmodgen_yaml::{Node, Yaml, emit, inline};

use super::AdoptedManifest;
use crate::manifest::API_VERSION;
use crate::vocabulary::{SourceMap, Span};

/// Name of the list of kernels.
pub const FLEET: &str = "fleet.yaml";

/// Lists whose items have the places that they come from.
const WITH_PLACES: [&str; 2] = ["overrides", "fallback"];

/// Returns the text of a manifest.
pub fn manifest_text(manifest: &AdoptedManifest<'_>, sources: &SourceMap) -> String {
    let mut text = String::from(
        "# Written by `kmodgen import`: every image stays as it is. The file is yours: change what you like.\n\
         #\n\
         # To move one kernel to another image, add an override as the last one of its module:\n\
         #   - when: {kernel: '5\\.14\\.0-427\\.28\\.1\\.el9_4\\.x86_64'}\n\
         #     prebuilt: registry.example.com/drivers/driver:NEW\n\
         #     mapping: {}  # no build, no sign\n",
    );
    let comment = if manifest.is_guess { "  # a guess: the namespace of KMM's operator on the hub" } else { "" };
    let _ = writeln!(text, "apiVersion: {API_VERSION}\nnamespace: {}{comment}\n", inline(&manifest.namespace));
    if manifest.fleet.is_some() {
        let update = "`oc get nodes -o json | kmodgen kernels - --merge fleet.yaml -o fleet.yaml` updates it";
        let _ = writeln!(text, "kernels:\n  - file: {FLEET}  # {update}\n");
    }
    let modules = manifest.modules.iter().map(|module| {
        let place = place(module.object.place(), sources);
        with_places(&module.item, sources).commented(place)
    });
    text + &emit(&Yaml::Map(vec![("modules".into(), Yaml::Seq(modules.collect()))]))
}

/// Returns a module, the items of its lists commented with their places.
fn with_places(item: &Arc<Node>, sources: &SourceMap) -> Yaml<'static> {
    let fields = item.as_mapping().unwrap_or_default().iter().map(|entry| {
        let items = entry.value.as_sequence().filter(|_| WITH_PLACES.contains(&entry.key.value.as_str()));
        let value = match items {
            Some(items) => {
                let items = items.iter().map(|item| item.to_yaml().commented(place(item.span, sources)));
                Yaml::Seq(items.collect())
            }
            None => entry.value.to_yaml(),
        };
        (entry.key.value.clone().into(), value)
    });
    Yaml::Map(fields.collect())
}

/// Returns a place on one line.
fn place(span: Span, sources: &SourceMap) -> String {
    sources.locate(span).escape_debug().to_string()
}
