//! `kmodgen man`: the man pages.

use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::adapters::{fs, ui};
use crate::cli::{self, ManArgs};
use crate::commands::Exit;

/// Runs the command.
pub fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    let command = cli::whole();
    match &args.folder {
        None => ui::result(&page(command)?),
        Some(folder) => write(folder, command)?,
    }
    Ok(Exit::Success)
}

/// Writes the pages of a command and of those below it.
fn write(folder: &Path, command: Command) -> anyhow::Result<()> {
    for command in command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        write(folder, command.clone())?;
    }
    let path = folder.join(Man::new(command.clone()).get_filename());
    fs::make_folder_of(&path)?;
    fs::write_file(&path, &page(command)?)?;
    ui::talk(&format!("{} written\n", path.display()));
    Ok(())
}

fn page(command: Command) -> anyhow::Result<String> {
    let mut text = Vec::new();
    Man::new(command).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
