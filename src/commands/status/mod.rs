//! `kmodgen status`: show which modules are built and loaded in a cluster, and why others are not.

mod planned;

use std::path::Path;

use super::faults::Faults;
use crate::adapters::{fs, ui};
use crate::cli::{StatusArgs, StatusFormat};
use crate::commands::Exit;
use crate::status::{ClusterObjects, InputFault, evaluate, formats};
use crate::vocabulary::{Diagnostic, Diagnostics, SourceMap};

/// Argument for standard input.
const STANDARD_INPUT: &str = "-";

/// Largest input: the NodeModulesConfigs of 5,000 nodes with 20 modules fit.
const LARGEST: u64 = 256 << 20;

/// Runs the command.
pub fn run(args: &StatusArgs) -> anyhow::Result<Exit> {
    let mut cluster = ClusterObjects::default();
    for (at, name) in args.inputs.iter().enumerate() {
        // Standard input can be read once.
        if name != STANDARD_INPUT || !args.inputs[..at].contains(name) {
            add(&mut cluster, name)?;
        }
    }
    cluster.check().map_err(|fault| failed(fault.diagnostic()))?;
    let report = evaluate(&cluster, &planned::planned(args)?);
    ui::result(&match args.format {
        StatusFormat::Text => formats::text(&report),
        StatusFormat::Json => formats::json(&report)?,
        StatusFormat::Markdown => formats::markdown(&report),
        StatusFormat::Html => formats::html(&report),
    });
    Ok(if report.needs_action() { Exit::ActionNeeded } else { Exit::Success })
}

/// Adds the objects of an input. Its text is dropped before the next one is read.
fn add(cluster: &mut ClusterObjects, name: &str) -> Result<(), Faults> {
    let (shown, text) = match name {
        STANDARD_INPUT => ("standard input", fs::read_standard_input_up_to(LARGEST)),
        _ => (name, fs::read_text_up_to(Path::new(name), LARGEST)),
    };
    let text = text.map_err(|why| {
        let message = format!("cannot read input `{}`: {why}", shown.escape_debug());
        failed(Diagnostic::error("unreadable-file", message))
    })?;
    cluster.add_text(shown, &text).map_err(|fault: InputFault| failed(fault.diagnostic()))
}

fn failed(diagnostic: Diagnostic) -> Faults {
    let mut faults = Diagnostics::default();
    faults.push(diagnostic);
    Faults::new(faults, SourceMap::default())
}
