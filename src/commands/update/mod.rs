//! `kmodgen update`: moves the pins of branches, tags, files and images, or to the newest built-in templates.

mod effect;
mod images;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use anyhow::bail;

use self::effect::Effect;
use super::image_digests::image_digests;
use super::project::Project;
use crate::adapters::ui;
use crate::cli::UpdateArgs;
use crate::commands::Exit;
use crate::manifest::{Git, NamedImage, Source, image_tags};
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
    if args.images {
        return images::run(project, network, args.new_kernels_only);
    }
    let chosen = chosen(&project, &args.sources)?;
    let gits: Vec<Git> = chosen.iter().filter_map(Source::git).cloned().collect();
    let before: Vec<_> = gits.iter().map(|git| project.lock.commit(git)).collect();
    let mut files = project.file_urls();
    files.retain(|_, place| chosen.iter().filter_map(Source::file).any(|file| file.url.span == *place));
    let old: Vec<_> = files.keys().map(|url| project.lock.checksum(url)).collect();
    let mut faults = Diagnostics::default();
    project.resolve(&gits, network, &mut faults);
    project.download(&files, network, &mut faults);
    // An image may be a base image, too, which moves if somebody names it.
    let named: Vec<&Source> = chosen.iter().filter(|_| !args.sources.is_empty()).collect();
    let images = pin_images(&mut project, &named, network, &mut faults);
    project.report(faults)?;
    // What is not pinned at all is pinned too, so that the lock is complete afterwards.
    project.complete_lock(network)?;
    project.tidy_lock();
    let mut text = String::new();
    for (source, before) in chosen.iter().filter(|source| source.git().is_some()).zip(before) {
        let Some(git) = source.git() else { continue };
        let what = format!("{}: {}", source.name.value, git.reference.value);
        text.push_str(&moved(&what, before, project.lock.commit(git)));
    }
    for (url, before) in files.keys().zip(old) {
        text.push_str(&moved(url, before, project.lock.checksum(url)));
    }
    for source in named {
        let Some(image) = source.image() else { continue };
        let before = image.tag().and_then(|tag| images.get(&tag.value).copied().flatten());
        let after = image.tag().and_then(|tag| project.lock.images.newest(&tag));
        let what = format!("{}: {}", source.name.value, image.name.value);
        text.push_str(&moved(&what, before.map(written), after.map(written)));
    }
    project.save_lock()?;
    ui::result(&text);
    Ok(Exit::Success)
}

/// Moves the pins of the images of sources; returns their digests before.
fn pin_images(
    project: &mut Project,
    sources: &[&Source],
    network: Network,
    faults: &mut Diagnostics,
) -> BTreeMap<ImageRef, Option<Digest>> {
    let manifests = project.manifests();
    let mut tags = image_tags(manifests.iter().map(|manifest| &**manifest));
    let images = sources.iter().filter_map(|source| source.image());
    let named: Vec<ImageRef> = images.filter_map(NamedImage::tag).map(|tag| tag.value).collect();
    tags.retain(|image, _| named.contains(image));
    let before = tags.keys().map(|image| (image.clone(), project.lock.images.newest(image))).collect();
    for (image, digest) in image_digests(&tags, network.timeout, faults) {
        project.lock.images.pin(image, digest);
    }
    before
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
