//! `kmodgen promote`: copies the pins of a module from one group of clusters to another, and proves that the images are
//! the same then.

mod images;
mod others;

use std::fmt::Write as _;

use anyhow::bail;
use serde::Serialize;

use self::images::{ModuleImages, Verdict};
use self::others::changed_modules;
use super::pin_clusters::PinClusters;
use super::project::Project;
use crate::adapters::ui;
use crate::cli::{Format, PromoteArgs};
use crate::commands::Exit;
use crate::lock::{self, PinChange, Pins};
use crate::manifest::{Manifest, Pinnable};
use crate::vocabulary::{ModuleName, nearest, quoted_list};

/// Result of a promotion; the object of `--format json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Promotion<'p> {
    module: &'p str,
    from: &'p str,
    to: &'p str,
    /// `written`, `would-be-written`, `nothing-to-promote` or `refused`.
    result: &'static str,
    pins: &'p [PinChange],
    mappings: &'p [Verdict],
    /// Other modules whose images change, too.
    also_changed: &'p [others::ChangedModule],
}

/// Runs the command.
pub fn run(args: &PromoteArgs) -> anyhow::Result<Exit> {
    let mut project = Project::find(&args.manifest)?;
    let from = PinClusters::named(&project, &args.from)?;
    let to = PinClusters::named(&project, &args.to)?;
    if from.group == to.group {
        bail!("`{}` and `{}` have the same pins: choose clusters of two groups", from.name, to.name);
    }
    let module = module(&project, &args.module, [&from, &to])?;
    for name in &args.also {
        self::module(&project, name, [&to])?;
    }
    for clusters in [&from, &to] {
        for manifest in clusters.manifests() {
            project.for_cluster(manifest.cluster.as_ref())?.require_lock("run `kmodgen lock`")?;
        }
    }

    let pins = promoted(&project, &module, &from, &to);
    let old = project.lock.pins(to.group.as_ref()).clone();
    let changes = pins.changes_from(&old);
    let wanted = ModuleImages::of(&project, &module, &from)?;
    let before = ModuleImages::of(&project, &module, &to)?;
    let keys = others::Keys::of(&project, &to)?;
    project.lock.pin(to.group.as_ref(), &pins);
    let after = ModuleImages::of(&project, &module, &to)?;
    let verdicts = after.compare(&before, &wanted, &from.name);
    let also = changed_modules(&project, &to, &keys, &module)?;

    if !verdicts.iter().any(|verdict| verdict.is_same.is_some()) {
        bail!("no kernel of module `{module}` is in clusters of both `{}` and `{}`", from.name, to.name);
    }
    let refused: Vec<&others::ChangedModule> =
        also.iter().filter(|changed| !args.also.contains(&changed.name)).collect();
    let refusal = refusal(&verdicts, &args.to)
        .or_else(|| (!refused.is_empty()).then(|| refusal_of_others(&refused, &to, &project, &changes)));
    let result = match (&refusal, changes.is_empty(), args.dry_run) {
        (Some(_), ..) => "refused",
        (None, true, _) => "nothing-to-promote",
        (None, false, true) => "would-be-written",
        (None, false, false) => "written",
    };
    if result == "written" {
        project.save_lock()?;
    }
    ui::result(&match args.format {
        Format::Text => {
            let texts = changes.iter().map(ToString::to_string).chain(verdicts.iter().map(ToString::to_string));
            texts.collect::<String>()
        }
        Format::Json => {
            let (module, from, to) = (module.as_str(), from.name.as_str(), to.name.as_str());
            let promotion =
                Promotion { module, from, to, result, pins: &changes, mappings: &verdicts, also_changed: &also };
            format!("{}\n", serde_json::to_string_pretty(&promotion)?)
        }
    });
    if let Some(message) = refusal {
        ui::complain(&message);
        return Ok(Exit::ActionNeeded);
    }
    let same = ui::count(verdicts.iter().filter(|verdict| verdict.is_same == Some(true)).count(), "mapping");
    let [from, to] = [&from.name, &to.name];
    let state = match result {
        "nothing-to-promote" => format!("nothing to promote: `{to}` has the pins of `{from}` for module `{module}`"),
        "would-be-written" => format!("{} would be written", lock::FILE_NAME),
        _ => format!("{} written; run `kmodgen generate`", project.folder.join(lock::FILE_NAME).display()),
    };
    for changed in also {
        ui::talk(&format!("{changed}\n"));
    }
    ui::talk(&format!("{same} with the same content hash in `{from}` and `{to}`; {state}\n"));
    Ok(Exit::Success)
}

/// Returns the pins that a module uses in the clusters of both groups, as the first one has them.
fn promoted(project: &Project, module: &ModuleName, from: &PinClusters, to: &PinClusters) -> Pins {
    let [used, needed] = [from, to].map(|clusters| of_module(clusters, module));
    project.lock.pins(from.group.as_ref()).select(&Pinnable::of(&used)).select(&Pinnable::of(&needed))
}

/// Returns the manifests of clusters with one module alone.
fn of_module(clusters: &PinClusters, module: &ModuleName) -> Vec<Manifest> {
    clusters.manifests().map(|manifest| manifest.of_module(module)).collect()
}

/// Finds a module that is built in some cluster of each of these.
fn module<const N: usize>(project: &Project, name: &str, all: [&PinClusters; N]) -> anyhow::Result<ModuleName> {
    let mut known = None;
    for clusters in all {
        let modules: Vec<_> = clusters.manifests().flat_map(|manifest| &manifest.modules).collect();
        let Some(module) = modules.iter().find(|module| module.name.as_str() == name) else {
            let manifests = project.manifests();
            let mut names: Vec<&str> =
                manifests.iter().flat_map(|manifest| &manifest.modules).map(|module| module.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let shown = name.escape_debug();
            if names.contains(&name) {
                bail!("module `{shown}` is in no cluster of `{}`", clusters.name);
            }
            match nearest(name, names.iter().copied()) {
                Some(near) => bail!("the manifest has no module `{shown}`; did you mean `{near}`?"),
                None => bail!("the manifest has no module `{shown}`, only {}", quoted_list(&names)),
            }
        };
        if !module.is_built() {
            bail!("module `{name}` has no pins: kmodgen does not build its images");
        }
        known = Some(module.name.value.clone());
    }
    known.ok_or_else(|| anyhow::anyhow!("there are no clusters"))
}

/// Returns what keeps the images of kernels different, if anything does.
fn refusal(verdicts: &[Verdict], to: &str) -> Option<String> {
    let differing = verdicts.iter().filter(|verdict| verdict.is_same == Some(false)).count();
    (differing > 0).then(|| {
        format!(
            "{} of `{}` would still have another image, because of more than pins; nothing was written\n",
            ui::count(differing, "mapping"),
            to.escape_debug()
        )
    })
}

fn refusal_of_others(
    refused: &[&others::ChangedModule],
    to: &PinClusters,
    project: &Project,
    changes: &[PinChange],
) -> String {
    let mut text = String::new();
    for changed in refused {
        let _ = writeln!(text, "{changed}");
        let manifests = of_module(to, &changed.module);
        let used = project.lock.pins(to.group.as_ref()).select(&Pinnable::of(&manifests));
        for change in changes.iter().filter(|change| used.has(change)) {
            let _ = writeln!(text, "  shared: {}", change.item);
        }
    }
    let flags: Vec<String> = refused.iter().map(|changed| format!("--also {}", changed.name)).collect();
    let _ = writeln!(text, "nothing was written; to change them too, pass {}", flags.join(" "));
    text
}
