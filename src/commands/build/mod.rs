//! `kmodgen build`: build the images that are not there yet.

mod pushed;
mod report;
mod twice;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use kmodgen_image::{Contract, Expected};

use self::pushed::PushedDigests;
use self::report::{Outcome, Row, Tally};
use super::project::Project;
use super::registry_lookup::{digest_in_registry, registry_tls};
use crate::adapters::engine::{self, Build, Cancel, Ended, Engine, LayerCache, Log, Logs, SbomFolder};
use crate::adapters::git::checkout_of;
use crate::adapters::oci;
use crate::adapters::registry::Tls;
use crate::adapters::ui::{self, Line, Progress};
use crate::cli::{BuildArgs, Format};
use crate::commands::Exit;
use crate::commands::verify::check_release;
use crate::manifest::TlsSection;
use crate::plan::{Mapping, Plan};
use crate::sbom;
use crate::settings::{self, Network, Only, is_selected};
use crate::vocabulary::{Digest, ImageRef};

/// An image to deal with.
#[derive(Clone, Copy)]
struct Item<'r> {
    project: &'r Project,
    plan: &'r Plan<'r>,
    mapping: &'r Mapping<'r>,
}

/// State that all builds of a run share.
struct Run<'r> {
    args: &'r BuildArgs,
    engine: Engine,
    dtk: Option<ImageRef>,
    logs: Logs,
    sboms: Option<SbomFolder>,
    local: BTreeSet<String>,
    cancel: Cancel,
    /// Set once no further build is to begin.
    halt: Cancel,
    progress: Progress,
    tally: Mutex<Tally>,
    /// Digests for the lock.
    pushed: PushedDigests,
}

/// Runs the verb.
pub fn run(args: &BuildArgs) -> anyhow::Result<Exit> {
    let only = Only::parse(&args.only)?;
    let mut projects = Project::find_all(&args.manifest, &args.cluster, Network::from(&args.network))?;
    let mut plans = Vec::new();
    for project in &projects {
        plans.push(project.plan(settings::workers(None))?);
    }
    only.as_ref().map_or(Ok(()), |only| only.check(plans.iter().map(|plan| only.selects_any(plan))))?;
    let mut images = BTreeSet::new();
    let mut items: Vec<Item<'_>> = Vec::new();
    for (project, plan) in projects.iter().zip(&plans) {
        for mapping in plan.mappings() {
            let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
            // What two clusters share is built once.
            if is_selected(only.as_ref(), module, release) && images.insert(mapping.image_name()) {
                items.push(Item { project, plan, mapping });
            }
        }
    }
    let dtk = settings::driver_toolkit(args.dtk.as_deref(), items.iter().map(|item| item.mapping))?;
    let engine =
        Engine::find(args.engine).map_err(|why| anyhow!("{why}; kmodgen builds with podman, buildah or docker"))?;
    engine::sweep();
    let local = engine.images().map_err(|why| anyhow!("cannot list images: {why}"))?;
    let cancel = Cancel::default();
    let stopped = cancel.clone();
    let progress = Progress::new(args.format == Format::Text);
    let sum = progress.sum().clone();
    ctrlc::set_handler(move || {
        stopped.cancel();
        sum.tell("stopping: the engines clean up".into());
    })
    .context("cannot watch for Ctrl-C")?;
    let here = std::path::Path::new(".");
    let checkouts: Vec<_> =
        projects.iter().map(|project| checkout_of(&project.folder)).chain([checkout_of(here)]).collect();
    let logs = Logs::of(args.logs.as_ref(), &checkouts)?;
    let sboms = args.sbom.as_ref().map(|folder| SbomFolder::of(folder, &checkouts)).transpose()?;
    let tally = Tally::new(items.len());
    progress.sum().tell(tally.line());
    let run = Run {
        args,
        engine,
        dtk,
        logs,
        sboms,
        local,
        halt: Cancel::default(),
        cancel,
        progress,
        tally: Mutex::new(tally),
        pushed: PushedDigests::default(),
    };
    let mut rows = run.all(&items);
    let failed = rows.iter().any(|row| row.outcome == Outcome::Failed);
    if !failed && !run.logs.stay() {
        // The end of the run removes the logs.
        rows.iter_mut().for_each(|row| row.log = None);
    }
    let (tally, pushed) = run.finish(failed);
    let images = only.is_none().then_some(&images);
    drop(items);
    drop(plans);
    note_pushed(&mut projects, pushed, images, args)?;
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&rows)?)),
        Format::Text => ui::result(&report::table(&rows, &tally)),
    }
    let fine = rows.iter().all(|row| !matches!(row.outcome, Outcome::Failed | Outcome::Cancelled));
    Ok(if fine { Exit::Success } else { Exit::ActionNeeded })
}

impl Run<'_> {
    /// Deals with all mappings, some at a time; the rows come in the order of the plan.
    fn all(&self, items: &[Item<'_>]) -> Vec<Row> {
        let next = AtomicUsize::new(0);
        let rows = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            for _ in 0..self.args.jobs.get().min(items.len()) {
                scope.spawn(|| {
                    while let Some((at, item)) = take(&next, items) {
                        let row = self.one(*item);
                        rows.lock().unwrap_or_else(PoisonError::into_inner).insert(at, row);
                    }
                });
            }
        });
        rows.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
    }

    fn one(&self, item: Item<'_>) -> Row {
        let mapping = item.mapping;
        let (module, release) = (mapping.module.name.value.to_string(), mapping.kernel.release.value.to_string());
        let (mut log, start) = (None, now());
        let ended = match self.halt.is_cancelled() || self.cancel.is_cancelled() {
            true => Err(Ended::Cancelled),
            false => self.build_and_push(item, &mut log, &self.progress.begin(format!("{module} {release}"))),
        };
        let seconds = (now() - start).as_secs_f64();
        let (outcome, reason, difference) = match ended {
            Ok(outcome) => (outcome, None, None),
            Err(Ended::Cancelled) => (Outcome::Cancelled, None, None),
            Err(ended) => {
                let reason = report::reason(&ended, log.as_ref());
                (Outcome::Failed, Some(reason), ended.into_difference())
            }
        };
        if outcome == Outcome::Failed && !self.args.keep_going {
            self.halt.cancel();
        }
        let image = mapping.image_name();
        // The log of a build that succeeded tells nothing.
        let failed_log = log.as_ref().filter(|_| outcome == Outcome::Failed && difference.is_none());
        let excerpt = failed_log.map(report::excerpt).unwrap_or_default();
        let log = log.map(|log| log.path);
        let row = Row { module, release, image, outcome, seconds, log, reason, difference, excerpt };
        self.tell(&row);
        row
    }

    fn build_and_push(&self, item: Item<'_>, log: &mut Option<Log>, line: &Line) -> Result<Outcome, Ended> {
        let mapping = item.mapping;
        let image = mapping.image_name();
        let here = self.local.contains(&image);
        let network = Network::from(&self.args.network);
        line.tell("looks for");
        if here && !self.args.push {
            return Ok(Outcome::Skipped);
        }
        let found = if network.offline { None } else { digest_in_registry(mapping, network.timeout) };
        if let Some(digest) = found {
            if self.args.push {
                self.settle(item, Some(digest), &self.open_log(mapping, log)?.file, line)?;
            }
            return Ok(Outcome::Skipped);
        }
        let log = &self.open_log(mapping, log)?.file;
        if here {
            self.verify(&image, item, line)?;
        } else {
            line.tell("builds");
            let id = self.engine.build(&self.job(item)?, LayerCache::Used, log, &self.cancel)?;
            let named = self.repeat(item, &id, log, line).and_then(|()| self.verify(&id, item, line));
            let named = named.and_then(|()| self.write_sbom(item));
            let named = named.and_then(|()| self.engine.tag(&id, &image).map_err(Ended::from));
            if named.is_err() {
                self.engine.remove_unnamed(&id);
            }
            named?;
        }
        if !self.args.push {
            return Ok(Outcome::Built);
        }
        line.tell("pushes");
        self.engine.push(&image, registry_tls(mapping.module).verifies(), log, &self.cancel)?;
        self.settle(item, None, log, line)?;
        Ok(Outcome::Pushed)
    }

    fn open_log<'l>(&self, mapping: &Mapping<'_>, log: &'l mut Option<Log>) -> Result<&'l Log, Ended> {
        Ok(log.insert(self.logs.open(mapping.module.name.as_str(), mapping.kernel.release.as_str())?))
    }

    /// Checks an image that the engine has against the contract, if the run does.
    fn verify(&self, id: &str, item: Item<'_>, line: &Line) -> Result<(), Ended> {
        if !self.must_verify(item) {
            return Ok(());
        }
        let mapping = item.mapping;
        line.tell("verifies");
        let options = oci::Options { engine: Some(self.engine.storage()), ..oci::Options::default() };
        let (read, _) = oci::read(&oci::Location::Built(id.to_owned()), &options)
            .map_err(|error| Ended::Refused(error.to_string()))?;
        // KMM signs after the build.
        let release = Some(mapping.kernel.release.as_str().to_owned());
        // An image for KMM 2 alone is held to nothing else.
        let contract = if mapping.resolved.lean { Contract::Kmm2 } else { self.args.contract.into() };
        let expected = Expected {
            contract,
            release,
            check_release: Some(check_release),
            signed: false,
            firmware: mapping.firmware(),
        };
        let report = kmodgen_image::check(&read, &expected);
        let told = report.findings.iter().map(|finding| {
            format!("{}: {} {}\n    help: {}", finding.code, finding.path.escape_debug(), finding.message, finding.help)
        });
        let told: Vec<String> = told.collect();
        match told.is_empty() {
            true if self.cancel.is_cancelled() => Err(Ended::Cancelled),
            true => Ok(()),
            false => Err(Ended::Refused(told.join("\n  "))),
        }
    }

    fn job(&self, item: Item<'_>) -> Result<Build, Ended> {
        let Item { project, plan, mapping } = item;
        let Some(rendered) = plan.render(mapping) else {
            return Err(Ended::Refused("a file of the manifest changed during the run".into()));
        };
        let spec = &mapping.module.objects.spec;
        let namespace = &project.manifest.namespace.value;
        let mut secrets = Vec::new();
        if let Some(folder) = &self.args.secrets {
            for name in spec.build_secrets() {
                let path = folder.join(&name);
                if !path.is_dir() {
                    return Err(Ended::Refused(format!(
                        "there is no folder `{}` for the secret `{name}`",
                        path.display()
                    )));
                }
                secrets.push((name, path));
            }
        }
        Ok(Build {
            dockerfile: rendered.dockerfile,
            context: project.context_of(mapping)?,
            arguments: mapping.build_arguments(namespace, self.dtk.as_ref()),
            secrets,
            tls_verify: Tls::of(spec.tls_flags(TlsSection::BaseImages)).verifies(),
            date: mapping.resolved.date(),
        })
    }

    /// Writes down what an image is built of, if the run does.
    fn write_sbom(&self, item: Item<'_>) -> Result<(), Ended> {
        let Item { plan, mapping, .. } = item;
        let Some(folder) = &self.sboms else { return Ok(()) };
        let document = sbom::spdx(mapping, plan.inputs.pins(), self.dtk.as_ref());
        folder.write(mapping.module.name.as_str(), mapping.kernel.release.as_str(), &document)
    }

    fn tell(&self, row: &Row) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let done = tally.count(row.outcome);
        ui::talk(&row.told(&done, self.engine.name()));
        if !self.cancel.is_cancelled() {
            self.progress.sum().tell(tally.line());
        }
    }

    /// Takes the progress off the terminal, cleans up, and returns what was counted and the digests of pushed images.
    fn finish(self, failed: bool) -> (Tally, BTreeMap<String, Digest>) {
        self.logs.end(failed);
        (self.tally.into_inner().unwrap_or_else(PoisonError::into_inner), self.pushed.into_inner())
    }
}

/// Writes the digests of pushed images to the lock, and drops those of images that are not planned, if `planned` is
/// known.
fn note_pushed(
    projects: &mut [Project],
    pushed: BTreeMap<String, Digest>,
    planned: Option<&BTreeSet<String>>,
    args: &BuildArgs,
) -> anyhow::Result<()> {
    let Some(project) = projects.first_mut().filter(|_| !pushed.is_empty()) else { return Ok(()) };
    if args.network.locked {
        ui::talk("note: digests of pushed images are not written to the lock, because of --locked\n");
        return Ok(());
    }
    for (image, digest) in pushed {
        project.lock.note_pushed(image, digest);
    }
    if let Some(planned) = planned.filter(|_| args.cluster.cluster.is_empty()) {
        let held = project.held_repositories();
        project.lock.retain_pushed(|image| {
            planned.contains(image)
                || held.iter().any(|held| image.strip_prefix(held).is_some_and(|tag| tag.starts_with(':')))
        });
    }
    project.save_lock()?;
    Ok(())
}

fn take<'m, T>(next: &AtomicUsize, items: &'m [T]) -> Option<(usize, &'m T)> {
    let at = next.fetch_add(1, Ordering::SeqCst);
    items.get(at).map(|item| (at, item))
}

#[expect(clippy::disallowed_methods, reason = "people want to know how long a build took")]
fn now() -> Instant {
    Instant::now()
}
