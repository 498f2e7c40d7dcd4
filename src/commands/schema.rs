//! `kmodgen schema`: what a manifest may say, for editors and other programs.

use crate::adapters::ui;
use crate::cli::SchemaArgs;
use crate::commands::Exit;
use crate::manifest::{INCLUDED, KERNEL_FILE, MANIFEST, schema};
use crate::test_cases::CASE;

/// Runs the verb.
pub fn run(args: &SchemaArgs) -> anyhow::Result<Exit> {
    let record = match args {
        SchemaArgs { kernels: true, .. } => &KERNEL_FILE,
        SchemaArgs { tests: true, .. } => &CASE,
        SchemaArgs { include: true, .. } => &INCLUDED,
        _ => &MANIFEST,
    };
    let schema = schema::json_schema(record);
    ui::result(&format!("{}\n", serde_json::to_string_pretty(&schema)?));
    Ok(Exit::Success)
}
