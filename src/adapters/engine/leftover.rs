//! Working containers of builds that were stopped before the engine could remove them.
//!
//! podman and buildah note the secrets of a build beside each of its working containers, in
//! `userdata/buildah.json` of containers/storage. Every build is given one that no step mounts and that
//! lies in the build's own private folder, so its containers can be told from everybody else's.

use std::fs::DirEntry;
use std::io;
use std::path::Path;

use clap::ValueEnum as _;

use super::{Engine, EngineError, EngineKind};
use crate::adapters::fs::sweep_private_folders;
use kmodgen_process::inherited;

/// The file that is the secret. It has the engine's name.
const MARK: &str = "run";

/// Makes the mark in a build's folder, and gives the engine's arguments for it.
pub(super) fn mark(engine: &Engine, folder: &Path) -> io::Result<[String; 2]> {
    let path = folder.join(MARK);
    std::fs::write(&path, engine.name())?;
    Ok(["--secret".into(), format!("id=kmodgen-run,src={}", path.display())])
}

/// Removes what runs that were killed left behind: private folders, and the working containers of engines. For
/// every command that makes private folders.
pub fn sweep() {
    sweep_private_folders(|folder| {
        let name = std::fs::read_to_string(folder.join(MARK)).unwrap_or_default();
        if let Some(kind) = EngineKind::value_variants().iter().find(|kind| kind.program() == name) {
            remove_containers(&Engine { kind: *kind, variables: inherited() }, folder);
        }
    });
}

/// Removes the working containers of the build in a folder. Best effort: they take space, and no more.
pub(super) fn remove_containers(engine: &Engine, folder: &Path) {
    let format = match engine.kind {
        EngineKind::Podman => "{{.Store.GraphRoot}}",
        EngineKind::Buildah => "{{.store.GraphRoot}}",
        EngineKind::Docker => return,
    };
    let Ok(root) = engine.output(&["info", "--format", format]) else { return };
    let mark = folder.join(MARK).display().to_string();
    for id in containers(Path::new(root.trim()), &mark) {
        let arguments: &[&str] = match engine.kind {
            EngineKind::Podman => &["rm", "--force", &id],
            _ => &["rm", &id],
        };
        let _: Result<String, EngineError> = engine.output(arguments);
    }
}

/// The ids of the working containers in a storage that have the mark.
fn containers(root: &Path, mark: &str) -> Vec<String> {
    let drivers = entries(root).filter(|entry| entry.file_name().to_string_lossy().ends_with("-containers"));
    let containers = drivers.flat_map(|driver| entries(driver.path()));
    let marked = containers.filter(|container| {
        let notes = std::fs::read_to_string(container.path().join("userdata/buildah.json")).unwrap_or_default();
        notes.contains(mark)
    });
    marked.filter_map(|container| container.file_name().into_string().ok()).collect()
}

fn entries(folder: impl AsRef<Path>) -> impl Iterator<Item = DirEntry> {
    std::fs::read_dir(folder).into_iter().flatten().flatten()
}
