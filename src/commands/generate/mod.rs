//! `kmodgen generate`: write the files that the manifest asks for, and only those that differ.

mod before;
mod held;
mod target;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::bail;

use self::target::Run;
use super::abandoned::abandoned;
use super::marks::Marks;
use super::report::Report;
use crate::adapters::{fs, ui};
use crate::cli::{Format, GenerateArgs};
use crate::commands::Answer;
use crate::manifest::target_names;
use crate::settings::{self, Only};
use crate::tree::OutputFolder;
use crate::vocabulary::TargetName;

/// Runs the verb.
pub fn run(args: &GenerateArgs) -> anyhow::Result<Answer> {
    let mut marks = Marks::begin(args)?;
    let only = Only::parse(&args.output.only)?;
    let manifest = settings::manifest_path(&args.manifest)?;
    let targets = settings::targets(&args.output.target, &manifest)?;
    if args.depfile.is_some() && args.stamp.is_none() && targets.iter().any(Option::is_some) {
        bail!("--depfile needs --stamp where the manifest has targets: there is no one file that stands for them all");
    }
    let run = Run { args, manifest: &manifest, only: only.as_ref(), read: RefCell::default() };
    let mut dones = Vec::new();
    // All targets are in one folder, each in its own.
    let mut roots = BTreeSet::new();
    for target in targets {
        let done = run.generate(target.as_ref(), &mut marks)?;
        // What --only does not name in any target is refused below.
        if args.format == Format::Text && done.selected {
            let name = target.as_ref().map(TargetName::as_str);
            done.report.print(name, &done.root, &done.impacts, run.writes(), only.is_some());
        }
        roots.extend(target.as_ref().and(done.root.parent()).map(Path::to_path_buf));
        dones.push((target, done));
    }
    only.as_ref().map_or(Ok(()), |only| only.check(dones.iter().map(|(_, done)| done.selected)))?;
    let mut report = Report::joined(dones.into_iter().map(|(target, done)| (target, done.report)));
    let known = target_names(&fs::read_text(&manifest).unwrap_or_default());
    for root in roots {
        let at =
            |below: &str| -> anyhow::Result<Box<dyn OutputFolder>> { Ok(Box::new(fs::Folder::new(&root.join(below)))) };
        for name in abandoned(&at, |name| known.iter().any(|target| target.as_str() == name))? {
            report.abandoned(&root, &name);
        }
    }
    if args.format == Format::Json {
        ui::result(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    }
    let unsettled = report.has_conflicts() || (args.check && report.has_changes());
    marks.leave(if unsettled { Answer::NeedsSomeone } else { Answer::Fine })
}
