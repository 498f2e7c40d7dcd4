//! `kmodgen templates`: built-in templates, to copy from.

use anyhow::{anyhow, bail};

use crate::adapters::ui;
use crate::cli::{TemplatesCommand, TemplatesShowArgs};
use crate::commands::Exit;
use crate::template::{built_in_block, built_in_blocks, built_in_names, built_in_text};
use crate::vocabulary::{nearest, quoted_list};

/// Runs the command.
pub fn run(command: &TemplatesCommand) -> anyhow::Result<Exit> {
    match command {
        TemplatesCommand::List => ui::result(&format!("{}\n", built_in_names().join("\n"))),
        TemplatesCommand::Show(args) => ui::result(&shown(args)?),
    }
    Ok(Exit::Success)
}

fn shown(args: &TemplatesShowArgs) -> anyhow::Result<String> {
    let name = args.name.strip_prefix("kmodgen/").unwrap_or(&args.name);
    let text = built_in_text(name).ok_or_else(|| {
        let near = nearest(name, built_in_names()).map(|near| format!("; did you mean `{near}`?"));
        anyhow!(
            "there is no built-in template `{}`{}",
            name.escape_debug(),
            near.unwrap_or_else(|| "; `kmodgen templates list` prints all names".to_owned())
        )
    })?;
    let Some(block) = &args.block else { return Ok(text.to_owned()) };
    if let Some(text) = built_in_block(text, block) {
        return Ok(text);
    }
    let blocks = built_in_blocks(text);
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    let others = built_in_names()
        .into_iter()
        .filter(|other| built_in_text(other).is_some_and(|text| built_in_blocks(text).contains(block.as_str())));
    let others: Vec<&str> = others.collect();
    let near = nearest(block, blocks.iter().copied());
    let block = block.escape_debug();
    match (others.as_slice(), near) {
        ([], Some(near)) => bail!("template `{name}` has no block `{block}`; did you mean `{near}`?"),
        ([], None) if blocks.is_empty() => bail!("template `{name}` has no blocks"),
        ([], None) => bail!("template `{name}` has no block `{block}`; it has {}", quoted_list(&blocks)),
        (others, _) => bail!("template `{name}` has no block `{block}`; that block is in {}", quoted_list(others)),
    }
}
