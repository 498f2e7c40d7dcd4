//! `kmodgen hold`: keep a module's files as they were in a commit, list such holds, or end one.

mod commits;
mod effect;

use std::path::Path;

use anyhow::{anyhow, bail};

use self::commits::Commits;
use self::effect::effect;
use super::faults::Faults;
use super::hold_notes::HoldNotes;
use super::project::Project;
use super::report::column_width;
use super::subject::folder_of;
use crate::adapters::{fs, ui};
use crate::cli::{Format, HoldArgs};
use crate::commands::Exit;
use crate::holds::{self, Hold, Holds, PlacedHolds};
use crate::lock;
use crate::settings;
use crate::vocabulary::{ClusterName, Date, Diagnostics, Invalid, ModuleName, SourceMap, nearest};

/// Runs the command.
pub fn run(args: &HoldArgs) -> anyhow::Result<Exit> {
    let manifest = settings::manifest_path(&args.manifest)?;
    match &args.module {
        Some(module) if args.release => release(args, &manifest, module).map(|()| Exit::Success),
        Some(module) => hold(args, &manifest, module).map(|()| Exit::Success),
        None => list(args, &manifest),
    }
}

/// Reads the holds beside a manifest, without comparing them with the manifest: one that does not fit can be released.
fn read(manifest: &Path) -> anyhow::Result<Holds> {
    let path = folder_of(manifest).join(holds::FILE_NAME);
    let text = fs::read_text_if_any(&path).map_err(|why| anyhow!("cannot read `{}`: {why}", path.display()))?;
    let Some(text) = text else { return Ok(Holds::default()) };
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let source = sources.add(path.display().to_string(), text.as_str());
    let holds = PlacedHolds::read(source, &text, &mut faults);
    holds.map(PlacedHolds::into_holds).ok_or_else(|| Faults::new(faults, sources).into())
}

fn write(manifest: &Path, holds: &Holds) -> anyhow::Result<()> {
    let folder = folder_of(manifest);
    fs::write_file(&folder.join(holds::FILE_NAME), &holds.write())?;
    // A depfile has only files that were there.
    fs::touch(&folder.join(lock::FILE_NAME))?;
    Ok(())
}

fn list(args: &HoldArgs, manifest: &Path) -> anyhow::Result<Exit> {
    let holds = read(manifest)?;
    let wanted = holds.iter().filter(|hold| is_selected(args, hold.cluster.as_ref())).cloned().collect::<Vec<_>>();
    let notes = HoldNotes::of(wanted.clone());
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&notes.rows())?)),
        Format::Text if wanted.is_empty() => ui::talk("no module is held\n"),
        Format::Text => ui::result(&table(&wanted, notes.today())),
    }
    Ok(if notes.is_any_overdue() { Exit::ActionNeeded } else { Exit::Success })
}

fn table(holds: &[Hold], today: Date) -> String {
    let rows = holds.iter().map(|hold| {
        let cluster = hold.cluster.as_ref().map_or("-", ClusterName::as_str);
        let overdue = if hold.is_overdue(today) { " (passed)" } else { "" };
        [
            hold.module.as_str().to_owned(),
            cluster.to_owned(),
            hold.short_commit().to_owned(),
            format!("{}{overdue}", hold.until),
        ]
    });
    let rows: Vec<[String; 4]> = rows.collect();
    let heads = ["MODULE", "CLUSTER", "COMMIT", "UNTIL"];
    let widths = [0, 1, 2, 3].map(|at: usize| column_width(heads[at], rows.iter().map(|row| row[at].len())));
    let mut text = line(heads, widths, "REASON");
    for (row, hold) in rows.iter().zip(holds) {
        text.push_str(&line(row.each_ref().map(String::as_str), widths, &hold.reason));
    }
    text
}

fn line([a, b, c, d]: [&str; 4], [module, cluster, commit, until]: [usize; 4], reason: &str) -> String {
    format!("{a:<module$}  {b:<cluster$}  {c:<commit$}  {d:<until$}  {reason}\n")
}

fn is_selected(args: &HoldArgs, cluster: Option<&ClusterName>) -> bool {
    let wanted = &args.cluster.cluster;
    wanted.is_empty() || cluster.is_some_and(|cluster| wanted.iter().any(|wanted| wanted == cluster.as_str()))
}

fn release(args: &HoldArgs, manifest: &Path, module: &str) -> anyhow::Result<()> {
    let mut holds = read(manifest)?;
    let released = holds.release(module, |cluster| is_selected(args, cluster));
    if released.is_empty() {
        let names: Vec<&str> = holds.iter().map(|hold| hold.module.as_str()).collect();
        let hint = nearest(module, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        bail!("module `{}` is not held{hint}", module.escape_debug());
    }
    write(manifest, &holds)?;
    for hold in released {
        let of = hold.cluster.map(|cluster| format!(" of {cluster}")).unwrap_or_default();
        ui::talk(&format!("released module `{module}`{of}: the next run generates it again\n"));
    }
    Ok(())
}

fn hold(args: &HoldArgs, manifest: &Path, module: &str) -> anyhow::Result<()> {
    let reason = parsed("--reason", args.reason.as_deref(), Hold::check_reason)?;
    let until = parsed("--until", args.until.as_deref(), Date::parse)?;
    let notes = HoldNotes::of(Vec::new());
    if until < notes.today() {
        bail!("--until: {until} has passed: today is {} (UTC)", notes.today());
    }
    let module = parsed("MODULE", Some(module), ModuleName::parse)?;
    let revision = args.at.as_deref().unwrap_or_default();
    let clusters = settings::clusters(&args.cluster, manifest)?;
    let first = Project::open(manifest, clusters.first().and_then(Option::as_ref))?;
    let mut holds = first.all_holds().clone();
    let (mut held, mut effects, mut missing) = (Vec::new(), String::new(), Vec::new());
    let mut commits = Commits::new(args);
    for cluster in clusters {
        let project = first.for_cluster(cluster.as_ref())?;
        let modules = project.manifest.modules.iter().map(|module| module.name.as_str());
        if !modules.clone().any(|name| name == module.as_str()) {
            let near = nearest(module.as_str(), modules).map(|near| format!("; did you mean `{near}`?"));
            bail!("the manifest has no module `{module}`{}", near.unwrap_or_default());
        }
        match commits.find(&project, &module, revision)? {
            Ok(found) => {
                // A folder that cannot be read is reported by `generate`.
                effects.push_str(&effect(&project, &found).unwrap_or_default());
                held.push(Hold { module: module.clone(), cluster, at: found.hold.at, reason: reason.clone(), until });
            }
            Err(why) => missing.push((cluster, why)),
        }
    }
    let must_all = held.is_empty() || !args.cluster.cluster.is_empty();
    if let Some((_, why)) = missing.first().filter(|_| must_all) {
        bail!("cannot hold module `{module}`: {why}");
    }
    held.iter().cloned().for_each(|hold| holds.insert(hold));
    write(manifest, &holds)?;
    HoldNotes::of(held).print();
    ui::result(&effects);
    for (cluster, why) in missing {
        let of = cluster.map(|cluster| format!(" of {cluster}")).unwrap_or_default();
        ui::talk(&format!("note: module `{module}`{of} is not held: {why}\n"));
    }
    Ok(())
}

fn parsed<T>(name: &str, text: Option<&str>, parse: fn(&str) -> Result<T, Invalid>) -> anyhow::Result<T> {
    parse(text.unwrap_or_default()).map_err(|invalid| anyhow!("{name}: {}", invalid.on_one_line()))
}
