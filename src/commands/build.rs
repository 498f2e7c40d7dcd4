//! `kmodgen build`: build the images that are not there yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::presence::{is_in_registry, registry_tls};
use super::project::Project;
use crate::adapters::engine::{self, Build, Cancel, Ended, Engine};
use crate::adapters::{oci, ui};
use crate::cli::{BuildArgs, Format};
use crate::contract::image::{self, Expected};
use crate::driver::Answer;
use crate::manifest::TlsSection;
use crate::plan::{Mapping, Plan};
use crate::settings::{self, Network, Only};
use crate::vocabulary::ImageRef;

/// How many lines of a failed build's log are shown.
const TAIL: usize = 20;

/// What became of a mapping's image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// It was built.
    Built,
    /// It was pushed.
    Pushed,
    /// It was here, or in its registry, already.
    Skipped,
    /// It could not be built or pushed.
    Failed,
    /// It was not tried, since another failed or the run was stopped.
    Cancelled,
}

/// One image; also an element of `--format json`.
#[derive(Debug, Serialize)]
struct Row {
    module: String,
    release: String,
    image: String,
    outcome: Outcome,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What a run has in common.
struct Run<'r> {
    args: &'r BuildArgs,
    project: &'r Project,
    plan: &'r Plan<'r>,
    engine: Engine,
    dtk: Option<ImageRef>,
    logs: PathBuf,
    local: BTreeSet<String>,
    cancel: Cancel,
    /// Set once no further build is to begin.
    halt: Cancel,
    total: usize,
    done: AtomicUsize,
}

/// Runs the verb.
pub fn run(args: &BuildArgs) -> anyhow::Result<Answer> {
    let only = Only::parse(&args.only)?;
    let mut project = Project::find(&args.manifest)?;
    project.complete_lock(Network::from(&args.network))?;
    let (plan, _) = project.plan(&(), settings::workers(None))?;
    only.as_ref().map_or(Ok(()), |only| only.check(&plan))?;
    let selected = |m: &&Mapping<'_>| {
        only.as_ref().is_none_or(|only| only.selects(m.module.name.as_str(), m.kernel.release.as_str()))
    };
    let mappings: Vec<&Mapping<'_>> = plan.mappings().filter(selected).collect();
    let dtk = settings::driver_toolkit(args.dtk.as_deref(), mappings.iter().copied())?;
    let engine =
        Engine::find(args.engine).map_err(|why| anyhow!("{why}; kmodgen builds with podman, buildah or docker"))?;
    let local = engine.images().map_err(|why| anyhow!("cannot list images: {why}"))?;
    let cancel = Cancel::default();
    let stopped = cancel.clone();
    ctrlc::set_handler(move || stopped.cancel()).context("cannot watch for Ctrl-C")?;
    let logs = match &args.logs {
        Some(folder) => folder.clone(),
        None => settings::log_folder(),
    };
    let total = mappings.len();
    let run = Run {
        args,
        project: &project,
        plan: &plan,
        engine,
        dtk,
        logs,
        local,
        halt: Cancel::default(),
        cancel,
        total,
        done: AtomicUsize::new(0),
    };
    let rows = run.all(&mappings);
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&rows)?)),
        Format::Text => print(&rows),
    }
    let fine = rows.iter().all(|row| !matches!(row.outcome, Outcome::Failed | Outcome::Cancelled));
    Ok(if fine { Answer::Fine } else { Answer::NeedsSomeone })
}

impl Run<'_> {
    /// Deals with all mappings, some at a time; the rows come in the order of the plan.
    fn all(&self, mappings: &[&Mapping<'_>]) -> Vec<Row> {
        let next = AtomicUsize::new(0);
        let rows = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            for _ in 0..self.args.jobs.get().min(mappings.len()) {
                scope.spawn(|| {
                    while let Some((at, mapping)) = take(&next, mappings) {
                        let row = self.one(mapping);
                        rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(at, row);
                    }
                });
            }
        });
        rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
    }

    fn one(&self, mapping: &Mapping<'_>) -> Row {
        let (module, release) = (mapping.module.name.value.to_string(), mapping.kernel.release.value.to_string());
        let log = self.logs.join(&module).join(format!("{release}.log"));
        let start = now();
        let ended = match self.halt.is_cancelled() || self.cancel.is_cancelled() {
            true => Err(Ended::Cancelled),
            false => self.build_and_push(mapping, &log),
        };
        let seconds = (now() - start).as_secs_f64();
        let (outcome, reason) = match ended {
            Ok(outcome) => (outcome, None),
            Err(Ended::Cancelled) => (Outcome::Cancelled, None),
            Err(ended) => (Outcome::Failed, Some(ended.to_string())),
        };
        if outcome == Outcome::Failed && !self.args.keep_going {
            self.halt.cancel();
        }
        let log = log.exists().then_some(log);
        let row = Row { module, release, image: mapping.image().to_string(), outcome, seconds, log, reason };
        self.tell(&row);
        row
    }

    fn build_and_push(&self, mapping: &Mapping<'_>, log: &Path) -> Result<Outcome, Ended> {
        let image = mapping.image().to_string();
        let here = self.local.contains(&image);
        let timeout = Duration::from_secs(self.args.network.timeout);
        let published = || !self.args.network.offline && is_in_registry(mapping, timeout);
        if (here && !self.args.push) || published() {
            return Ok(Outcome::Skipped);
        }
        let log = engine::open_log(log)?;
        if !here {
            let id = self.engine.build(&self.job(mapping)?, &log, &self.cancel)?;
            if self.args.verify {
                self.verify(&id, mapping)?;
            }
            self.engine.tag(&id, &image).map_err(Ended::Refused)?;
        }
        if !self.args.push {
            return Ok(Outcome::Built);
        }
        let tls = registry_tls(mapping.module);
        self.engine.push(&image, !tls.insecure && !tls.skip_verify, &log, &self.cancel)?;
        Ok(Outcome::Pushed)
    }

    /// Holds what was built to what KMM relies on. It has no name yet, and gets none if it fails.
    fn verify(&self, id: &str, mapping: &Mapping<'_>) -> Result<(), Ended> {
        let options = oci::Options { engine: Some(self.engine.storage()), architecture: None };
        let read = oci::read(&oci::Location::Built(id.to_owned()), &options)
            .map_err(|error| Ended::Refused(error.to_string()))?;
        // KMM signs after the build.
        let expected = Expected { release: Some(mapping.kernel.release.value.clone()), signed: false };
        let report = image::check(&read.image, &expected);
        let told: Vec<String> =
            report.findings.iter().map(|f| format!("{}: {} {}", f.code, f.path.escape_debug(), f.message)).collect();
        if told.is_empty() { Ok(()) } else { Err(Ended::Refused(told.join("\n  "))) }
    }

    fn job(&self, mapping: &Mapping<'_>) -> Result<Build, Ended> {
        let Some(draft) = self.plan.draft(mapping) else {
            return Err(Ended::Refused("a file of the manifest changed under the run".into()));
        };
        let kmm = &mapping.module.kmm;
        let namespace = &self.project.manifest.namespace.value;
        let mut secrets = Vec::new();
        if let Some(folder) = &self.args.secrets {
            for name in kmm.build_secrets() {
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
        let lax = |flag| kmm.tls_flag(TlsSection::BaseImages, flag);
        Ok(Build {
            dockerfile: draft.dockerfile,
            arguments: mapping.build_arguments(namespace, self.dtk.as_ref()),
            secrets,
            tls_verify: !lax("insecure") && !lax("insecureSkipTLSVerify"),
        })
    }

    fn tell(&self, row: &Row) {
        let done = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = name(row.outcome);
        let mut text =
            format!("[{done}/{}] {outcome} {} {} ({:.1} s)\n", self.total, row.module, row.release, row.seconds);
        if row.outcome == Outcome::Failed {
            let reason = row.reason.as_deref().unwrap_or_default();
            let _ = writeln!(text, "  {}: {reason}", self.engine.name());
            if let Some(log) = &row.log {
                let tail = engine::tail(log, TAIL);
                for line in tail.lines() {
                    let _ = writeln!(text, "  | {line}");
                }
                let _ = writeln!(text, "  the whole log: {}", log.display());
            }
        }
        ui::talk(&text);
    }
}

fn take<'m, T>(next: &AtomicUsize, items: &'m [T]) -> Option<(usize, &'m T)> {
    let at = next.fetch_add(1, Ordering::SeqCst);
    items.get(at).map(|item| (at, item))
}

#[expect(clippy::disallowed_methods, reason = "people want to know how long a build took")]
fn now() -> Instant {
    Instant::now()
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Built => "built",
        Outcome::Pushed => "pushed",
        Outcome::Skipped => "skipped",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
    }
}

fn print(rows: &[Row]) {
    let width = |column: fn(&Row) -> usize, title: &str| rows.iter().map(column).max().unwrap_or(0).max(title.len());
    let (module, release) = (width(|row| row.module.len(), "MODULE"), width(|row| row.release.len(), "KERNEL"));
    let mut text =
        format!("{:<module$}  {:<release$}  {:<9}  {:>7}  IMAGE\n", "MODULE", "KERNEL", "OUTCOME", "SECONDS");
    for Row { module: m, release: r, image, outcome, seconds, .. } in rows {
        let _ = writeln!(text, "{m:<module$}  {r:<release$}  {:<9}  {seconds:>7.1}  {image}", name(*outcome));
    }
    let count = |wanted: Outcome| rows.iter().filter(|row| row.outcome == wanted).count();
    let _ = writeln!(
        text,
        "{} built, {} pushed, {} skipped, {} failed, {} cancelled",
        count(Outcome::Built),
        count(Outcome::Pushed),
        count(Outcome::Skipped),
        count(Outcome::Failed),
        count(Outcome::Cancelled)
    );
    ui::result(&text);
}
