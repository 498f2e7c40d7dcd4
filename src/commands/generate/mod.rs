//! `kmodgen generate`: generate or update the output files.

mod output_lock;
mod pipeline;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;

use self::pipeline::Pipeline;
use super::hold_notes::HoldNotes;
use super::known_modules::KnownModules;
use super::make_files::MakeFiles;
use super::orphan_clusters::orphan_clusters;
use super::project::Project;
use super::report::Report;
use crate::adapters::{fs, ui};
use crate::cli::{Format, GenerateArgs};
use crate::commands::Exit;
use crate::header::Owner;
use crate::settings::{self, Only};
use crate::shared_files::SHARED;
use crate::tree::OutputFolder;
use crate::vocabulary::ClusterName;

/// Runs the command.
pub fn run(args: &GenerateArgs) -> anyhow::Result<Exit> {
    let mut make_files = MakeFiles::begin(args)?;
    let only = Only::parse(&args.output.only)?;
    let manifest = settings::manifest_path(&args.manifest)?;
    let clusters = settings::clusters(&args.output.cluster, &manifest)?;
    if args.depfile.is_some() && args.stamp.is_none() && clusters.iter().any(Option::is_some) {
        bail!("--depfile requires --stamp if the manifest has clusters: the depfile is a rule for the stamp");
    }
    check_names(args, &manifest, &clusters)?;
    let mut pipeline = Pipeline::new(args, &manifest, only.as_ref(), clusters.len());
    let mut dones = Vec::new();
    let holds = HoldNotes::beside(&manifest, &clusters);
    // All clusters are in one folder, each in its own.
    let mut roots = BTreeSet::new();
    for cluster in clusters {
        let done = pipeline.run(cluster.as_ref(), &mut make_files)?;
        // What --only does not name in any cluster is refused below.
        if args.format == Format::Text && done.selected {
            let name = cluster.as_ref().map(ClusterName::as_str);
            done.report.print(name, &done.root, pipeline.writes(), only.is_some());
        }
        roots.extend(cluster.as_ref().and(done.root.parent()).map(Path::to_path_buf));
        dones.push((cluster, done));
    }
    only.as_ref().map_or(Ok(()), |only| only.check(dones.iter().map(|(_, done)| done.selected)))?;
    let owner = dones.first().and_then(|(_, done)| done.owner.clone());
    let is_settled = dones.iter().all(|(_, done)| !done.report.has_changes() && !done.report.has_conflicts());
    let mut reports: Vec<_> = dones.into_iter().map(|(cluster, done)| (cluster, done.report)).collect();
    for all in &roots {
        let removed = pipeline.remove_unused(all, owner.as_ref().into(), is_settled)?;
        if args.format == Format::Text && (removed.has_changes() || removed.has_conflicts()) {
            removed.print(Some(SHARED), all, pipeline.writes(), false);
        }
        reports.push((None, removed));
    }
    let mut report = Report::joined(reports.into_iter());
    report_orphans(&mut report, &manifest, &roots, owner.as_ref().into())?;
    report.note_holds(&holds);
    holds.print();
    if args.format == Format::Json {
        ui::result(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    }
    make_files.write(if report.needs_action(args.check) { Exit::ActionNeeded } else { Exit::Success })
}

/// Refuses modules in flags that neither the manifest nor the output folder has.
fn check_names(args: &GenerateArgs, manifest: &Path, clusters: &[Option<ClusterName>]) -> anyhow::Result<()> {
    let take_over = &args.settle.take_over;
    if take_over.is_empty() {
        return Ok(());
    }
    let project = Project::open(manifest, clusters.first().and_then(Option::as_ref))?;
    let mut known = KnownModules::default();
    for manifest in project.manifests().iter().filter(|manifest| clusters.contains(&manifest.cluster)) {
        let root = settings::output_folder(args.output.output.as_ref(), manifest, &project.folder)?;
        known.add(manifest, &fs::Folder::new(&root))?;
    }
    known.check("--take-over", take_over)
}

/// Reports folders of clusters that the manifest does not have any more.
fn report_orphans(
    report: &mut Report,
    manifest: &Path,
    roots: &BTreeSet<PathBuf>,
    owner: Owner<'_>,
) -> anyhow::Result<()> {
    let known = settings::known_clusters(manifest);
    for root in roots {
        let at =
            |below: &str| -> anyhow::Result<Box<dyn OutputFolder>> { Ok(Box::new(fs::Folder::new(&root.join(below)))) };
        for name in orphan_clusters(&at, |name| known.iter().any(|cluster| cluster.as_str() == name), owner)? {
            report.orphan_cluster(root, &name);
        }
    }
    Ok(())
}
