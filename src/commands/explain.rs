//! `kmodgen explain [RELEASE]`: which inputs of images changed, from what to what.

use std::collections::{BTreeSet, HashSet};

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::alike::{Groups, signed_lines, without_kernel};
use super::changes::{ComparedInputs, MappingName, describe, listed, subject};
use super::drift::{Drift, Scope};
use super::hold_notes::HoldNotes;
use super::project::Project;
use crate::adapters::ui;
use crate::cli::{ExplainArgs, Format};
use crate::commands::Exit;
use crate::fingerprint::InputChange;
use crate::holds::HeldModule;
use crate::impact::{node_counts, reloaded};
use crate::output::mapping_of_config_map;
use crate::plan::{MappingRenderer, RenderedMapping};
use crate::previous::{self, OldMapping};
use crate::reconcile::Action;
use crate::settings::{Network, Only, is_selected};
use crate::vocabulary::{KernelRelease, nearest};

/// One mapping; also an element of `--format json`.
#[derive(Serialize)]
struct Explained {
    /// Of which cluster, where the manifest has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    module: String,
    release: String,
    state: &'static str,
    /// The content hash on disk; none where there is none.
    from: Option<String>,
    /// The content hash of the plan; none where the mapping is to be removed.
    to: Option<String>,
    /// The inputs that changed; of a new mapping, all.
    changes: Vec<InputChange>,
    /// Names of the inputs that did not change.
    same: Vec<String>,
    /// Inputs of the image, if none changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<Input>,
    /// Diff of the Dockerfile, if nothing but its text changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    #[serde(skip)]
    nodes: Option<u64>,
    /// Effect on nodes, as a verb.
    #[serde(skip)]
    verb: &'static str,
}

/// Input of an image.
#[derive(Serialize)]
struct Input {
    input: String,
    value: String,
}

/// Runs the command.
pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let only = Only::parse(&args.output.only)?;
    let projects = Project::find_all(&args.manifest, &args.output.cluster, Network::from(&args.output.network))?;
    let (mut explained, mut known, mut refusals) = (Vec::new(), BTreeSet::new(), Vec::new());
    for project in &projects {
        let drift = Drift::find(project, &Scope::reading(&args.output, only.as_ref()))?;
        let releases = drift.plan.mappings().map(|mapping| mapping.kernel.release.as_str().to_owned());
        known.extend(releases);
        known.extend(drift.held.values().flat_map(HeldModule::releases).map(str::to_owned));
        refusals.extend(drift.hold_refusals.iter().cloned());
        explained.extend(explain_all(args, only.as_ref(), project, &drift)?);
    }
    let holds = HoldNotes::of(projects.iter().flat_map(Project::holds).cloned().collect());
    holds.print();
    let refused = holds.print_refused(&refusals);
    if let (true, Some(release)) = (explained.is_empty(), &args.release) {
        match nearest(release, known.iter().map(String::as_str)) {
            Some(near) => bail!("no module matches kernel `{}`; did you mean `{near}`?", release.escape_debug()),
            None => bail!("no module matches kernel `{}`; `kmodgen plan` lists the kernels", release.escape_debug()),
        }
    }
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&explained)?)),
        Format::Text => print(&explained),
    }
    Ok(if refused { Exit::ActionNeeded } else { Exit::Success })
}

/// Explains the images of a kernel for one cluster; without a kernel, those that changed.
fn explain_all(
    args: &ExplainArgs,
    only: Option<&Only>,
    project: &Project,
    drift: &Drift<'_>,
) -> anyhow::Result<Vec<Explained>> {
    let tree = drift.tree();
    let mut explained = Vec::new();
    let mut renderer = MappingRenderer::new(drift.plan.inputs);
    let changed: HashSet<(&str, &str)> = changed_mappings(drift).collect();
    let moved = drift.moved();
    let reloaded = reloaded(&drift.impacts);
    for mapping in drift.plan.mappings() {
        let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
        let is_wanted = match &args.release {
            Some(wanted) => wanted == release,
            None => changed.contains(&(module, release)),
        };
        if is_wanted && is_selected(only, module, release) {
            let rendered = renderer.render(&mapping.planned());
            let rendered = rendered.map_err(|_| anyhow!("a file of the manifest changed during the run"))?;
            let verb = if reloaded.contains(&(module, release)) { "reload" } else { "change" };
            let one = explain(&rendered, previous::mapping(module, release, &tree)?, verb);
            // Another layout of the files is no change of the image.
            if args.release.is_some() || one.state != "unchanged" || !moved.contains(&(module, release)) {
                explained.push(one);
            }
        }
    }
    for (module, held) in &drift.held {
        for release in held.releases() {
            let is_wanted = match &args.release {
                Some(wanted) => wanted == release,
                None => changed.contains(&(module.as_str(), release)),
            };
            if is_wanted
                && is_selected(only, module, release)
                && let Some(new) = held.mapping(release)
            {
                let verb = if reloaded.contains(&(module.as_str(), release)) { "reload" } else { "change" };
                let old = previous::mapping(module, release, &tree)?;
                let one = explain_held((module, release), &new, old, verb);
                if args.release.is_some() || one.state != "unchanged" || !moved.contains(&(module.as_str(), release)) {
                    explained.push(one);
                }
            }
        }
    }
    for (module, impact) in &drift.impacts {
        for release in &impact.unloads {
            let is_wanted = args.release.as_ref().is_none_or(|wanted| wanted == release);
            if is_wanted && is_selected(only, module, release) {
                explained.push(gone(module, release, previous::mapping(module, release, &tree)?));
            }
        }
    }
    let cluster = project.manifest.cluster.as_ref().map(ToString::to_string);
    let nodes = node_counts(&project.manifest);
    for explained in &mut explained {
        explained.cluster.clone_from(&cluster);
        explained.nodes = nodes.get(explained.release.as_str()).copied().flatten();
    }
    Ok(explained)
}

/// Returns the mappings whose ConfigMaps are written, as modules and releases.
fn changed_mappings<'d>(drift: &'d Drift<'_>) -> impl Iterator<Item = (&'d str, &'d str)> {
    let written = drift.changes.iter().filter(|change| change.action != Action::Remove);
    written.filter_map(|change| mapping_of_config_map(&change.path))
}

fn explain(rendered: &RenderedMapping<'_>, old: Option<OldMapping>, verb: &'static str) -> Explained {
    let RenderedMapping { mapping, dockerfile: text, explanation } = rendered;
    let hash = mapping.identity.hash.to_string();
    let state = match &old {
        None => "new",
        Some(old) if old.hash == hash => "unchanged",
        Some(_) => "changed",
    };
    let inputs = explanation.pairs().into_iter().filter(|_| state == "unchanged");
    let inputs = inputs.map(|(input, value)| Input { input: input.to_owned(), value: value.to_owned() }).collect();
    let before = old.as_ref().map(|old| old.explanation.clone()).unwrap_or_default();
    let ComparedInputs { changes, same } = ComparedInputs::of(&before, explanation);
    let only_the_text = matches!(changes.as_slice(), [change] if change.input == "dockerfile");
    let diff = old
        .as_ref()
        .and_then(|old| old.dockerfile.as_deref())
        .filter(|_| only_the_text)
        .map(|dockerfile| ui::unified("Dockerfile", Some(dockerfile), Some(text)));
    Explained {
        cluster: None,
        module: mapping.module.name.value.to_string(),
        release: mapping.kernel.release.value.to_string(),
        state,
        from: old.map(|old| old.hash),
        to: Some(hash),
        changes,
        same,
        inputs,
        diff: diff.map(|diff| ui::without_colour(&diff)),
        nodes: None,
        verb: if state == "new" { "load" } else { verb },
    }
}

/// Explains a mapping of a held module, given what is in the commit of the hold.
fn explain_held(
    (module, release): (&str, &str),
    new: &OldMapping,
    old: Option<OldMapping>,
    verb: &'static str,
) -> Explained {
    let state = match &old {
        None => "new",
        Some(old) if old.hash == new.hash => "unchanged",
        Some(_) => "changed",
    };
    let inputs = new.explanation.pairs().into_iter().filter(|_| state == "unchanged");
    let inputs = inputs.map(|(input, value)| Input { input: input.to_owned(), value: value.to_owned() }).collect();
    let before = old.as_ref().map(|old| old.explanation.clone()).unwrap_or_default();
    let ComparedInputs { changes, same } = ComparedInputs::of(&before, &new.explanation);
    Explained {
        cluster: None,
        module: module.to_owned(),
        release: release.to_owned(),
        state,
        from: old.map(|old| old.hash),
        to: Some(new.hash.clone()),
        changes,
        same,
        inputs,
        diff: None,
        nodes: None,
        verb: if state == "new" { "load" } else { verb },
    }
}

fn gone(module: &str, release: &str, old: Option<OldMapping>) -> Explained {
    Explained {
        cluster: None,
        module: module.to_owned(),
        release: release.to_owned(),
        state: "removed",
        from: old.map(|old| old.hash),
        to: None,
        changes: Vec::new(),
        same: Vec::new(),
        inputs: Vec::new(),
        diff: None,
        nodes: None,
        verb: "unload",
    }
}

/// Prints mappings with equal changes once.
fn print(explained: &[Explained]) {
    let mut groups = Groups::default();
    for one in explained {
        groups.of(one.key(), Vec::new).push(one);
    }
    let texts: Vec<String> = groups.into_all().iter().map(|group| text(group)).collect();
    ui::result(&if texts.is_empty() { "no mapping changed\n".to_owned() } else { texts.concat() });
}

fn text(group: &[&Explained]) -> String {
    let [first, ..] = group else { return String::new() };
    let Explained { state, verb, changes, diff, .. } = first;
    let names: Vec<MappingName> = group.iter().map(|one| one.name()).collect();
    let listed = listed(&names, str::to_owned);
    match *state {
        "unchanged" => format!("{listed}: unchanged{}\n{}", first.hashes(), first.inputs()),
        "removed" => format!("{}: removed\n  {listed}\n", subject(&names, verb)),
        "new" => format!("{}: new\n  {listed}{}\n{}", subject(&names, verb), hashes(group), first.inputs()),
        _ => {
            let mut same = if diff.is_none() { first.same.clone() } else { Vec::new() };
            same.retain(|name| group.iter().all(|one| one.same.contains(name)));
            let mut text = describe((&names, &hashes(group)), verb, changes, &same);
            if let Some(diff) = diff {
                text.push_str("  no input in the manifest changed, but the template did:\n");
                text.push_str(diff);
            }
            text
        }
    }
}

/// Returns the hashes of a mapping that is alone in its group.
fn hashes(group: &[&Explained]) -> String {
    if let [one] = group { one.hashes() } else { String::new() }
}

impl Explained {
    /// Returns a text that is the same for mappings with equal changes.
    fn key(&self) -> String {
        let Self { cluster, module, release, state, changes, diff, .. } = self;
        if *state == "unchanged" {
            // Each has a hash of its own.
            return format!("{state} {cluster:?} {module} {release}");
        }
        let release = KernelRelease::parse(release).ok();
        let inputs = ComparedInputs { changes: changes.clone(), same: Vec::new() }.key(release.as_ref());
        let diff = diff.as_ref().map(|diff| without_kernel(&signed_lines(diff), release.as_ref()));
        format!("{state}\n{inputs}\n{}", diff.unwrap_or_default())
    }

    fn name(&self) -> MappingName {
        let Self { cluster, module, release, nodes, .. } = self;
        MappingName { cluster: cluster.clone(), module: module.clone(), release: Some(release.clone()), nodes: *nodes }
    }

    /// Returns its hashes after a comma.
    fn hashes(&self) -> String {
        let [from, to] = [&self.from, &self.to].map(|hash| hash.as_deref().and_then(|hash| hash.get(..12)));
        match (from, to) {
            (Some(from), Some(to)) if from != to => format!(", hash {from} to {to}"),
            (_, to) => to.map(|hash| format!(", hash {hash}")).unwrap_or_default(),
        }
    }

    /// Renders all inputs of an image that is new or did not change.
    fn inputs(&self) -> String {
        let new = self.changes.iter().filter_map(|change| Some((&change.input, change.to.as_ref()?)));
        let same = self.inputs.iter().map(|Input { input, value }| (input, value));
        new.chain(same).map(|(input, value)| format!("  {input}: {value}\n")).collect()
    }
}
