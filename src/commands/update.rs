//! `kmodgen update`: pin branches and tags anew, or move to the newest built-in templates.

use std::fmt::Display;
use std::time::Duration;

use anyhow::bail;

use super::drift::{Drift, Scope};
use super::project::Project;
use crate::adapters::ui;
use crate::cli::UpdateArgs;
use crate::commands::Exit;
use crate::manifest::{Git, Source};
use crate::settings::{self, Network};
use crate::template;
use crate::vocabulary::{Diagnostics, nearest};

/// Runs the verb.
pub fn run(args: &UpdateArgs) -> anyhow::Result<Exit> {
    let mut project = Project::find(&args.manifest)?;
    if args.templates {
        return update_templates(project);
    }
    let chosen = chosen(&project, &args.sources)?;
    let gits: Vec<Git> = chosen.iter().filter_map(Source::git).cloned().collect();
    let before: Vec<_> = gits.iter().map(|git| project.lock.commit(git)).collect();
    let mut files = project.file_urls();
    files.retain(|_, place| chosen.iter().filter_map(Source::file).any(|file| file.url.span == *place));
    let old: Vec<_> = files.keys().map(|url| project.lock.checksum(url)).collect();
    let network = Network { locked: false, offline: false, timeout: Duration::from_secs(args.timeout) };
    let mut faults = Diagnostics::default();
    project.resolve(&gits, network, &mut faults);
    project.download(&files, network, &mut faults);
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
    project.save_lock()?;
    ui::result(&text);
    Ok(Exit::Success)
}

/// Describes the change of a pin.
fn moved<T: PartialEq + Display>(what: &str, before: Option<T>, after: Option<T>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if before != after => format!("{what} {before} -> {after}\n"),
        (None, Some(after)) => format!("{what} is {after}\n"),
        _ => format!("{what} has not moved\n"),
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
        ui::talk(&format!("version {newest} of the templates is the newest\n"));
    } else {
        let workers = settings::workers(None);
        let scope = Scope { output: None, only: None, workers, force: false, allow_remove: false };
        let drift = Drift::find(&project, &scope)?;
        let reloads: usize = drift.impacts.values().map(|impact| impact.reloads.len()).sum();
        let reloads = ui::count(reloads, "mapping");
        ui::talk(&format!("templates: version {old} -> {newest}; {reloads} would reload on nodes\n"));
    }
    project.save_lock()?;
    Ok(Exit::Success)
}
