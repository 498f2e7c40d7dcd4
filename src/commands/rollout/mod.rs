//! `kmodgen rollout`: prints the commands of an ordered upgrade, wave by wave.

mod module;
mod text;

use std::path::Path;

use anyhow::anyhow;
use serde_json::json;

use self::module::target;
use self::text::{markdown, text};
use super::faults::Faults;
use super::project::Project;
use crate::adapters::{fs, ui};
use crate::cli::{RolloutArgs, RolloutFormat};
use crate::commands::Exit;
use crate::rollout::{ClusterNode, Rollout, WaveSize, read_nodes};
use crate::settings::{self, Network};
use crate::vocabulary::{Diagnostics, SourceMap};

/// Argument for standard input.
const STANDARD_INPUT: &str = "-";

/// Runs the command.
pub fn run(args: &RolloutArgs) -> anyhow::Result<Exit> {
    let sizes = WaveSize::parse_all(&args.waves).map_err(|why| anyhow!("--waves: {why}"))?;
    let path = settings::manifest_path(&args.manifest)?;
    let cluster = settings::one_cluster(&args.cluster, &path)?;
    let mut project = Project::open(&path, cluster.as_ref())?;
    project.complete_lock(Network::from(&args.network))?;
    let target = target(&project, &args.module)?;
    let nodes = nodes(&args.nodes)?;
    let rollout = Rollout::plan(target, &nodes, &sizes).map_err(|why| anyhow!("--waves: {why}"))?;
    ui::result(&match args.format {
        RolloutFormat::Text => text(&rollout),
        RolloutFormat::Markdown => markdown(&rollout),
        RolloutFormat::Json => format!("{}\n", serde_json::to_string_pretty(&json(&rollout))?),
    });
    Ok(Exit::Success)
}

/// Reads the nodes in a file, or from standard input.
fn nodes(name: &str) -> anyhow::Result<Vec<ClusterNode>> {
    let (shown, text) = match name {
        STANDARD_INPUT => ("standard input".to_owned(), fs::read_standard_input()),
        path => (path.to_owned(), fs::read_text(Path::new(path))),
    };
    let text = text.map_err(|why| anyhow!("cannot read `{}`: {why}", shown.escape_debug()))?;
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let source = sources.add(shown, text.as_str());
    read_nodes(source, &text, &mut faults).ok_or_else(|| Faults::new(faults, sources).into())
}

fn json(rollout: &Rollout) -> serde_json::Value {
    let waves = rollout.waves.iter().map(|wave| {
        let nodes = wave.nodes.iter().map(|node| json!({"node": node, "commands": rollout.commands(node)}));
        json!({
            "size": wave.size.to_string(),
            "end": wave.end,
            "nodes": nodes.collect::<Vec<_>>(),
            "checks": rollout.checks(wave),
        })
    });
    json!({
        "module": rollout.target.module,
        "namespace": rollout.target.namespace,
        "version": rollout.target.version,
        "label": rollout.target.label(),
        "nodes": rollout.total(),
        "before": rollout.before(),
        "done": rollout.done,
        "waves": waves.collect::<Vec<_>>(),
        "left": rollout.left,
        "skipped": rollout.skipped,
    })
}
