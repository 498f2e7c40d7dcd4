//! `kmodgen schema`: what a manifest may say, for editors and other programs.

use crate::adapters::ui;
use crate::cli::SchemaArgs;
use crate::driver::Answer;
use crate::manifest::{KERNEL_FILE, MANIFEST, schema};

/// Runs the verb.
pub fn run(args: &SchemaArgs) -> anyhow::Result<Answer> {
    let schema = schema::json_schema(if args.kernels { &KERNEL_FILE } else { &MANIFEST });
    ui::result(&format!("{}\n", serde_json::to_string_pretty(&schema)?));
    Ok(Answer::Fine)
}
