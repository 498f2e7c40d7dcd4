//! Commands around the work itself: built-in templates, checks of the machine, completions and man pages.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::ManifestArgs;

pub(super) const TEMPLATES_EXAMPLES: &str = "\
Examples:
  # Print the template of images that are built with a Driver Toolkit
  kmodgen templates show dtk

  # Print the block that compiles, of the template that all others extend
  kmodgen templates show skeleton --block build

Exit codes:
  0  success
  2  error";

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  # Check this machine and the project in this folder
  kmodgen doctor

Exit codes:
  0  success
  1  something that the project needs is missing
  2  error";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  # Set up completions for bash
  kmodgen completions bash >~/.local/share/bash-completion/completions/kmodgen

  # Set up completions for fish
  kmodgen completions fish >~/.config/fish/completions/kmodgen.fish

Exit codes:
  0  success
  2  error";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  # Write a man page for each command
  kmodgen man ~/.local/share/man/man1

Exit codes:
  0  success
  2  error";

/// Commands about the built-in templates.
#[derive(Debug, Subcommand)]
pub enum TemplatesCommand {
    /// List the names of the built-in templates
    List,
    /// Print a built-in template, or one of its blocks
    #[command(after_long_help = TEMPLATES_EXAMPLES)]
    Show(TemplatesShowArgs),
}

/// Arguments of `templates show`.
#[derive(Debug, Args)]
pub struct TemplatesShowArgs {
    /// The template, such as `dtk`; `kmodgen templates list` has all names
    pub name: String,
    /// Print only this block
    #[arg(long, value_name = "BLOCK")]
    pub block: Option<String>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as help")]
    pub manifest: ManifestArgs,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write the pages to [default: print the page of `kmodgen` itself]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
