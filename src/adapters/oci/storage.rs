//! Images where podman and buildah keep them: read layer by layer, without an export. Only what the
//! overlay driver unpacked itself is read so, and only by root, as whom it was unpacked; everything
//! else is left to the export.
//!
//! The storage's layout is that of containers/storage (`images.go`, `layers.go` and
//! `drivers/overlay`): `overlay-images/images.json` names an image's top layer,
//! `overlay-layers/layers.json` each layer's parent, and `overlay/LAYER/diff` is what it adds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use kmodgen_image::{Image, read};

use super::engine::Engine;
use kmodgen_process as process;

/// Time limit for an engine's answer.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    layer: String,
}

#[derive(Debug, Deserialize)]
struct Layer {
    id: String,
    #[serde(default)]
    parent: String,
}

/// Reads an image in the storage of an engine; `None` if it has to be exported instead.
pub(super) fn read(engine: Engine, name: &str) -> Option<Image> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let (id, root) = match engine {
        Engine::Buildah => (
            output("buildah", &["inspect", "--type", "image", "--format", "{{.FromImageID}}", name])?,
            output("buildah", &["info", "--format", "{{.store.GraphRoot}}"])?,
        ),
        Engine::Podman => (
            output("podman", &["image", "inspect", "--format", "{{.Id}}", name])?,
            output("podman", &["info", "--format", "{{.Store.GraphRoot}}"])?,
        ),
        Engine::Docker | Engine::Skopeo => return None,
    };
    let id = id.trim_start_matches("sha256:");
    let root = Path::new(&root);
    if !is_id(id) || !root.is_absolute() {
        return None;
    }
    // The configuration is kept under its digest, which is the image's id.
    let name = format!("={}", STANDARD.encode(format!("sha256:{id}")));
    let configuration = root.join("overlay-images").join(id).join(name);
    read::overlay(&configuration, &layers(root, id)?).ok()
}

/// The folders of an image's layers, the lowest first.
fn layers(root: &Path, id: &str) -> Option<Vec<PathBuf>> {
    let images: Vec<Stored> = parse(&root.join("overlay-images/images.json"))?;
    let layers: Vec<Layer> = parse(&root.join("overlay-layers/layers.json"))?;
    let parents: BTreeMap<&str, &str> = layers.iter().map(|layer| (layer.id.as_str(), layer.parent.as_str())).collect();
    let mut next = images.iter().find(|image| image.id == id)?.layer.as_str();
    let mut chain = Vec::new();
    while !next.is_empty() {
        let own = root.join("overlay").join(next);
        // A layer that is kept as one file for composefs has no folder to read.
        if !is_id(next) || chain.len() > layers.len() || own.join("composefs-data").exists() {
            return None;
        }
        chain.push(own.join("diff"));
        next = parents.get(next)?;
    }
    chain.reverse();
    Some(chain)
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn parse<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Returns the output of a program that succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = process::command(program, &process::inherited());
    let output = process::output(command.args(arguments), b"", LIMIT).ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
