//! `kmodgen preflight --symvers OLD NEW`: the modules of a fleet by the symbols that they lose on another kernel.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use kmodgen_image::comparison;
use kmodgen_image::kernel::Kernel;
use serde::Serialize;

use crate::adapters::{engine, oci, ui};
use crate::cli::{Format, PreflightArgs};
use crate::commands::Exit;
use crate::commands::project::Project;
use crate::commands::report::column_width;
use crate::settings::{self, Network};

/// Number of symbols that the table names for a module.
const NAMED: usize = 3;

/// Images that were built are pinned already.
const OFFLINE: Network = Network { locked: false, offline: true, timeout: Duration::ZERO };

/// The object of `--format json`.
#[derive(Serialize)]
struct Comparison<'c> {
    old: &'c str,
    new: &'c str,
    /// Modules, those that lose most symbols first.
    modules: Vec<RankedModule>,
}

/// One module; also a line of the table.
#[derive(Serialize)]
struct RankedModule {
    module: String,
    image: String,
    kmods: usize,
    vanished: BTreeSet<String>,
    changed: BTreeSet<String>,
}

/// An image to read, and the module that it is of.
struct ModuleImage {
    module: String,
    image: String,
}

/// Compares the kernels for each module whose image can be read.
pub(super) fn run(args: &PreflightArgs, old_source: &str, new_source: &str) -> anyhow::Result<Exit> {
    engine::sweep();
    let options = oci::Options { skip_tls_verify: !args.tls_verify, ..oci::Options::default() };
    let old = oci::kernel(old_source, args.release.as_deref(), &options).context("--symvers")?;
    let new = oci::kernel(new_source, None, &options).context("--symvers")?;
    let images = if args.image.is_empty() {
        images_of_manifest(args, old_source, &old)?
    } else {
        args.image.iter().map(|image| ModuleImage { module: image.clone(), image: image.clone() }).collect()
    };
    let mut rows = Vec::new();
    for ModuleImage { module, image } in images {
        let location = oci::Location::parse(&image);
        match location.and_then(|location| oci::read(&location, &options)) {
            Ok((read, _)) => rows.push(RankedModule::of(module, image, comparison::compare(&read, &old, &new))),
            Err(why) if args.image.is_empty() => ui::talk(&format!("warning: skipped module {module}: {why}\n")),
            Err(why) => return Err(why).context("--image"),
        }
    }
    if rows.is_empty() {
        bail!("no image could be read; build the images for that kernel first, or pass images with --image");
    }
    rows.sort_by_key(|row| (std::cmp::Reverse((row.vanished.len(), row.changed.len())), row.module.clone()));
    let comparison = Comparison { old: old_source, new: new_source, modules: rows };
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&comparison)?)),
        Format::Text => ui::result(&table(&comparison.modules)),
    }
    let is_fine = comparison.modules.iter().all(|row| row.vanished.is_empty() && row.changed.is_empty());
    Ok(if is_fine { Exit::Success } else { Exit::ActionNeeded })
}

/// Lists the images of a manifest's modules for the old kernel.
fn images_of_manifest(args: &PreflightArgs, source: &str, old: &Kernel) -> anyhow::Result<Vec<ModuleImage>> {
    let projects = Project::find_all(&args.manifest, &args.cluster, OFFLINE)?;
    let kernels = projects.iter().flat_map(|project| &project.manifest.kernels);
    let releases: BTreeSet<&str> = kernels.map(|kernel| kernel.release.as_str()).collect();
    let named = args.release.as_deref().or(old.release.as_deref());
    let in_path =
        releases.iter().copied().filter(|release| source.contains(release)).max_by_key(|release| release.len());
    let release = named.or(in_path).ok_or_else(|| {
        anyhow!("cannot find the kernel release of `{source}`; run `kmodgen preflight RELEASE --symvers OLD NEW`")
    })?;
    let (mut images, mut known) = (Vec::new(), BTreeSet::new());
    for project in &projects {
        let plan = project.plan(settings::workers(None))?;
        for mapping in plan.mappings().filter(|mapping| mapping.kernel.release.as_str() == release) {
            let image = mapping.image_name();
            if known.insert(image.clone()) {
                images.push(ModuleImage { module: mapping.module.name.to_string(), image });
            }
        }
    }
    if images.is_empty() {
        bail!("no module matches kernel `{}`; `kmodgen plan` lists the kernels", release.escape_debug());
    }
    Ok(images)
}

impl RankedModule {
    fn of(module: String, image: String, kmods: Vec<comparison::SymbolChanges>) -> Self {
        let count = kmods.len();
        let (mut vanished, mut changed) = (BTreeSet::new(), BTreeSet::new());
        for kmod in kmods {
            vanished.extend(kmod.vanished);
            changed.extend(kmod.changed);
        }
        Self { module, image, kmods: count, vanished, changed }
    }

    /// Names the first few symbols, vanished ones first.
    fn symbols(&self) -> String {
        let all = || self.vanished.iter().chain(&self.changed);
        let named: Vec<String> = all().take(NAMED).map(|name| name.escape_debug().to_string()).collect();
        match all().count().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{}, and {more} more", named.join(", ")),
        }
    }
}

fn table(rows: &[RankedModule]) -> String {
    let width = column_width("MODULE", rows.iter().map(|row| row.module.chars().count()));
    let mut text = format!("{:width$}  KMODS  VANISHED  CHANGED  SYMBOLS\n", "MODULE");
    for row in rows {
        let RankedModule { module, kmods, vanished, changed, .. } = row;
        let line =
            format!("{module:width$}  {kmods:>5}  {:>8}  {:>7}  {}", vanished.len(), changed.len(), row.symbols());
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
