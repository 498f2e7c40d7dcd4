//! `kmodgen explain RELEASE`: which input of a kernel's image changed, from what to what.

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::project::Project;
use super::survey::{Scope, Survey};
use crate::adapters::ui;
use crate::cli::{ExplainArgs, Format};
use crate::driver::Answer;
use crate::fingerprint::InputChange;
use crate::plan::{Draft, Mapping};
use crate::previous::{self, OldMapping};
use crate::settings::{Network, Only};
use crate::vocabulary::nearest;

/// One mapping; also an element of `--format json`.
#[derive(Serialize)]
struct Explained {
    module: String,
    release: String,
    state: &'static str,
    /// The content hash on disk; none where there is none.
    from: Option<String>,
    /// The content hash of the plan; none where the mapping is to be removed.
    to: Option<String>,
    /// The inputs that changed; of a new mapping, all.
    changes: Vec<InputChange>,
    /// Where nothing but the Dockerfile's text changed: how.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// Runs the verb.
pub fn run(args: &ExplainArgs) -> anyhow::Result<Answer> {
    let only = Only::parse(&args.output.only)?;
    let mut project = Project::find(&args.manifest)?;
    project.complete_lock(Network::from(&args.output.network))?;
    let survey = Survey::take(&project, &Scope::reading(&args.output, only.as_ref()), &())?;
    let selected = |module: &str, release: &str| {
        release == args.release && only.as_ref().is_none_or(|only| only.selects(module, release))
    };
    let old = |module: &str| previous::mapping(module, &args.release, &survey.tree());
    let planned = survey.plan.mappings().filter(|m| selected(m.module.name.as_str(), m.kernel.release.as_str()));
    let mut explained = Vec::new();
    for mapping in planned {
        let draft = survey.plan.draft(mapping).context("a file of the manifest changed under the run")?;
        explained.push(explain(mapping, &draft, old(mapping.module.name.as_str())?));
    }
    for (module, impact) in &survey.impacts {
        if selected(module, &args.release) && impact.unloads.contains(&args.release) {
            explained.push(gone(module, &args.release, old(module)?));
        }
    }
    if explained.is_empty() {
        let known = survey.plan.mappings().map(|mapping| mapping.kernel.release.as_str());
        match nearest(&args.release, known) {
            Some(near) => bail!("no module is for kernel `{}`; did you mean `{near}`?", args.release.escape_debug()),
            None => bail!("no module is for kernel `{}`; `kmodgen plan` lists them", args.release.escape_debug()),
        }
    }
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&explained)?)),
        Format::Text => explained.iter().for_each(print),
    }
    Ok(Answer::Fine)
}

fn explain(mapping: &Mapping<'_>, draft: &Draft, old: Option<OldMapping>) -> Explained {
    let hash = mapping.identity.hash.to_string();
    let state = match &old {
        None => "new",
        Some(old) if old.hash == hash => "unchanged",
        Some(_) => "changed",
    };
    let before = old.as_ref().map(|old| old.explanation.clone()).unwrap_or_default();
    let changes = draft.explanation.changes_from(&before);
    let only_the_text = matches!(changes.as_slice(), [change] if change.input == "dockerfile");
    let diff = old
        .as_ref()
        .and_then(|old| old.dockerfile.as_deref())
        .filter(|_| only_the_text)
        .map(|dockerfile| ui::unified("Dockerfile", Some(dockerfile), Some(&draft.dockerfile)));
    Explained {
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
    let short = |hash: &Option<String>| hash.as_deref().and_then(|hash| hash.get(..12)).unwrap_or("-").to_owned();
    let Explained { module, release, state, from, to, changes, diff } = explained;
    let mut text = match *state {
        "unchanged" => format!("{module} on {release}: unchanged, {}\n", short(to)),
        state => format!("{module} on {release}: {state}, {} -> {}\n", short(from), short(to)),
    };
    text.push_str(&describe(changes));
    if let Some(diff) = diff {
        text.push_str("  no input of the manifest changed; the template's text did:\n");
        text.push_str(diff);
    }
    ui::result(&text);
}

/// The inputs that changed, for people. The Dockerfile's digest is told only where nothing else
/// says why it changed.
pub(super) fn describe(changes: &[InputChange]) -> String {
    let telling = |change: &&InputChange| change.input != "dockerfile" || changes.len() == 1;
    changes.iter().filter(telling).map(describe_one).collect()
}

fn describe_one(change: &InputChange) -> String {
    let mut text = format!("  {}\n", change.input);
    if let Some(from) = &change.from {
        text.push_str(&format!("    \x1b[31m- {from}\x1b[0m\n"));
    }
    if let Some(to) = &change.to {
        text.push_str(&format!("    \x1b[32m+ {to}\x1b[0m\n"));
    }
    text
}
