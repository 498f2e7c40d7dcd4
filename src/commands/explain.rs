//! `kmodgen explain RELEASE`: which input of a kernel's image changed, from what to what.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::changes::describe;
use super::drift::{Drift, Scope};
use super::project::Project;
use crate::adapters::ui;
use crate::cli::{ExplainArgs, Format};
use crate::commands::Exit;
use crate::fingerprint::InputChange;
use crate::plan::RenderedMapping;
use crate::previous::{self, OldMapping};
use crate::settings::{Network, Only, is_selected};
use crate::vocabulary::nearest;

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
    /// Diff of the Dockerfile, if nothing but its text changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// Runs the verb.
pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let only = Only::parse(&args.output.only)?;
    let projects = Project::find_all(&args.manifest, &args.output.cluster, Network::from(&args.output.network))?;
    let (mut explained, mut known) = (Vec::new(), BTreeSet::new());
    for project in &projects {
        let drift = Drift::find(project, &Scope::reading(&args.output, only.as_ref()))?;
        let releases = drift.plan.mappings().map(|mapping| mapping.kernel.release.as_str().to_owned());
        known.extend(releases);
        explained.extend(explain_all(args, only.as_ref(), project, &drift)?);
    }
    if explained.is_empty() {
        match nearest(&args.release, known.iter().map(String::as_str)) {
            Some(near) => bail!("no module matches kernel `{}`; did you mean `{near}`?", args.release.escape_debug()),
            None => {
                bail!("no module matches kernel `{}`; `kmodgen plan` lists the kernels", args.release.escape_debug())
            }
        }
    }
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&explained)?)),
        Format::Text => explained.iter().for_each(print),
    }
    Ok(Exit::Success)
}

/// Explains the images of a kernel for one cluster.
fn explain_all(
    args: &ExplainArgs,
    only: Option<&Only>,
    project: &Project,
    drift: &Drift<'_>,
) -> anyhow::Result<Vec<Explained>> {
    let tree = drift.tree();
    let mut explained = Vec::new();
    for mapping in drift.plan.mappings().filter(|mapping| mapping.kernel.release.as_str() == args.release) {
        let module = mapping.module.name.as_str();
        if is_selected(only, module, &args.release) {
            let rendered = drift.plan.render(mapping).context("a file of the manifest changed during the run")?;
            explained.push(explain(&rendered, previous::mapping(module, &args.release, &tree)?));
        }
    }
    for (module, impact) in &drift.impacts {
        if is_selected(only, module, &args.release) && impact.unloads.contains(&args.release) {
            explained.push(gone(module, &args.release, previous::mapping(module, &args.release, &tree)?));
        }
    }
    let cluster = project.manifest.cluster.as_ref().map(ToString::to_string);
    explained.iter_mut().for_each(|explained| explained.cluster.clone_from(&cluster));
    Ok(explained)
}

fn explain(rendered: &RenderedMapping<'_>, old: Option<OldMapping>) -> Explained {
    let RenderedMapping { mapping, dockerfile: text, explanation } = rendered;
    let hash = mapping.identity.hash.to_string();
    let state = match &old {
        None => "new",
        Some(old) if old.hash == hash => "unchanged",
        Some(_) => "changed",
    };
    let before = old.as_ref().map(|old| old.explanation.clone()).unwrap_or_default();
    let changes = explanation.changes_from(&before);
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
        diff: diff.map(|diff| ui::without_colour(&diff)),
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
        diff: None,
    }
}

fn print(explained: &Explained) {
    let Explained { cluster, module, release, state, from, to, changes, diff } = explained;
    let module = cluster.as_ref().map_or(module.clone(), |cluster| format!("{cluster}: {module}"));
    let [from, to] = [from, to].map(|hash| hash.as_deref().and_then(|hash| hash.get(..12)).unwrap_or("-"));
    let mut text = match *state {
        "unchanged" => format!("{module} on {release}: unchanged, {to}\n"),
        state => format!("{module} on {release}: {state}, {from} -> {to}\n"),
    };
    text.push_str(&describe(changes));
    if let Some(diff) = diff {
        text.push_str("  no input in the manifest changed, but the template did:\n");
        text.push_str(diff);
    }
    ui::result(&text);
}
