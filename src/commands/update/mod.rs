//! `kmodgen update`: moves the pins of branches, tags, files and images, or to the newest built-in templates.

mod effect;
mod images;

use std::fmt::Display;
use std::time::Duration;

use anyhow::bail;

use self::effect::Effect;
use super::pin_clusters::PinClusters;
use super::project::Project;
use crate::adapters::ui;
use crate::cli::UpdateArgs;
use crate::commands::Exit;
use crate::manifest::{Git, Pinnable, Source};
use crate::settings::Network;
use crate::template;
use crate::vocabulary::{Diagnostics, Digest, ImageRef, nearest};

/// Runs the verb.
pub fn run(args: &UpdateArgs) -> anyhow::Result<Exit> {
    let mut project = Project::find(&args.manifest)?;
    if args.templates {
        return update_templates(project);
    }
    let network = Network { locked: false, offline: false, timeout: Duration::from_secs(args.timeout) };
    let clusters = PinClusters::of(&project, args.group.as_deref())?;
    let group = clusters.group.as_ref();
    if args.images {
        return images::run(project, &clusters, network, args.new_kernels_only);
    }
    let chosen = chosen(&project, &args.sources)?;
    let all = Pinnable::of(clusters.manifests());
    let mut items = all.clone();
    items.gits.retain(|_, git| chosen.iter().filter_map(Source::git).any(|other| is_same(git, other)));
    items.files.retain(|_, place| chosen.iter().filter_map(Source::file).any(|file| file.url.span == *place));
    // An image may be a base image, too, which moves if somebody names it.
    let named: Vec<&Source> = chosen.iter().filter(|_| !args.sources.is_empty()).collect();
    let images: Vec<ImageRef> = named.iter().filter_map(|source| Some(source.image()?.tag()?.value)).collect();
    items.images.retain(|image, _| images.contains(image));
    let mut faults = Diagnostics::default();
    let found = project.resolve(&items, network, &mut faults);
    project.report(faults)?;
    let old = project.lock.pins(group).clone();
    project.lock.pin(group, &found);
    // What is not pinned at all is pinned too, so that the lock is complete afterwards.
    project.complete_lock(network)?;
    project.tidy_lock();
    let new = project.lock.pins(group);
    let mut text = String::new();
    for (source, git) in chosen.iter().filter_map(|source| Some((source, source.git()?))) {
        let what = format!("{}: {}", source.name.value, git.reference.value);
        text.push_str(&moved(&what, old.commit(git), new.commit(git)));
    }
    for url in items.files.keys() {
        text.push_str(&moved(url, old.checksum(url), new.checksum(url)));
    }
    for source in named {
        let Some(image) = source.image() else { continue };
        let [before, after] = [&old, new].map(|pins| image.tag().and_then(|tag| pins.images.newest(&tag)));
        let what = format!("{}: {}", source.name.value, image.name.value);
        text.push_str(&moved(&what, before.map(written), after.map(written)));
    }
    project.save_lock()?;
    ui::result(&text);
    Ok(Exit::Success)
}

fn is_same(one: &Git, other: &Git) -> bool {
    one.url.value == other.url.value && one.reference.value == other.reference.value
}

/// Returns the digest of an image as the manifest has it.
fn written(digest: Digest) -> String {
    format!("sha256:{digest}")
}

/// Describes the change of a pin.
fn moved<T: PartialEq + Display>(what: &str, before: Option<T>, after: Option<T>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if before != after => format!("{what} {before} -> {after}\n"),
        (None, Some(after)) => format!("{what} pinned to {after}\n"),
        _ => format!("{what} is up to date\n"),
    }
}

fn chosen(project: &Project, names: &[String]) -> anyhow::Result<Vec<Source>> {
    let all = &project.manifest.sources;
    if names.is_empty() {
        return Ok(all.values().cloned().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        let Some(source) = all.values().find(|source| source.name.as_str() == name) else {
            match nearest(name, all.keys().map(|name| name.as_str())) {
                Some(near) => bail!("the manifest has no source `{}`; did you mean `{near}`?", name.escape_debug()),
                None => bail!("the manifest has no source `{}`", name.escape_debug()),
            }
        };
        chosen.push(source.clone());
    }
    Ok(chosen)
}

fn update_templates(mut project: Project) -> anyhow::Result<Exit> {
    let (old, newest) = (project.lock.templates, template::NEWEST);
    project.lock.templates = newest;
    if old == newest {
        ui::talk(&format!("templates are up to date: version {newest}\n"));
    } else {
        let effect = Effect::of(&project)?;
        ui::talk(&format!("templates: version {old} -> {newest}; {effect}\n"));
    }
    project.save_lock()?;
    Ok(Exit::Success)
}
