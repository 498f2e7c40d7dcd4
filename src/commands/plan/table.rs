//! Rows as tables for people, one for each module, in aligned plain text.

use std::fmt::Write as _;

use super::{Act, Row};
use crate::adapters::ui;
use crate::commands::alike::Groups;
use crate::commands::changes::{MappingName, in_parentheses, shortened};
use crate::commands::columns::{NO_VALUE, aligned};
use crate::commands::drift::Drift;
use crate::commands::project::Project;
use crate::impact::Refusal;
use crate::vocabulary::KernelRelease;

/// Heads of the columns.
const HEADS: [&str; 6] = ["KERNEL", "OCP", "NODES", "ACTION", "WHY", "TAG"];

/// Number of digits of a digest that is shown.
const DIGITS: usize = 12;

/// Modules that `generate` does not write until someone decides.
#[derive(Default)]
pub(super) struct Refusals<'r>(Vec<(String, &'r Refusal)>);

impl<'r> Refusals<'r> {
    pub(super) fn of(parts: &[(&Project, &'r Drift<'_>)]) -> Self {
        let refusals = parts.iter().flat_map(|(project, drift)| {
            let cluster = project.manifest.cluster.as_ref().map(ToString::to_string);
            drift.refusals.iter().map(move |refusal| (full_name(cluster.as_deref(), &refusal.module), refusal))
        });
        Self(refusals.collect())
    }

    fn text(&self, name: &str) -> String {
        let refusals = self.0.iter().filter(|(module, _)| module == name);
        refusals.map(|(_, Refusal { why, help, .. })| format!("  not written yet: {why}\n  help: {help}\n")).collect()
    }
}

/// Renders all rows; those that nothing happens to are counted unless `all` are wanted.
pub(super) fn text(rows: &[Row], refusals: &Refusals<'_>, all: bool) -> String {
    if rows.is_empty() {
        return "no mappings\n".to_owned();
    }
    let mut modules: Groups<Vec<&Row>> = Groups::default();
    for row in rows {
        modules.of(row.full_name(), Vec::new).push(row);
    }
    let (mut sections, mut unchanged) = (Vec::new(), Vec::new());
    for rows in modules.into_all() {
        let name = rows[0].full_name();
        let refusals = refusals.text(&name);
        if !all && refusals.is_empty() && rows.iter().all(|row| row.state == "unchanged") {
            unchanged.push(format!("{name} ({})", ui::count(rows.len(), "kernel")));
        } else {
            sections.push(module_table(&name, &rows, all) + &refusals);
        }
    }
    let mut sums = String::new();
    if !unchanged.is_empty() {
        let _ = writeln!(sums, "unchanged: {}", shortened(&unchanged));
    }
    sums.push_str(&sum(rows));
    sections.push(sums);
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

fn module_table(name: &str, rows: &[&Row], all: bool) -> String {
    let repository = repository(&rows[0].image);
    let shown: Vec<&&Row> = rows.iter().filter(|row| all || row.actions != [Act::Keep]).collect();
    let cells: Vec<Vec<String>> = shown.iter().map(|row| cells(row, repository)).collect();
    let mut text = format!("\x1b[1m{name}\x1b[0m: {repository}\n");
    if !cells.is_empty() {
        text.push_str(&aligned(&HEADS, &cells).replace(UNLOAD, &format!("\x1b[1;31m{UNLOAD}\x1b[0m")));
    }
    if !all {
        let kept = rows.iter().filter(|row| row.actions == [Act::Keep]);
        let (unchanged, rewritten): (Vec<&&Row>, Vec<&&Row>) = kept.partition(|row| row.state == "unchanged");
        if !unchanged.is_empty() {
            let _ = writeln!(text, "  … {} unchanged", ui::count(unchanged.len(), "kernel"));
        }
        if !rewritten.is_empty() {
            let _ =
                writeln!(text, "  … {} with changed files, unchanged on nodes", ui::count(rewritten.len(), "kernel"));
        }
    }
    text
}

fn cells(row: &Row, repository: &str) -> Vec<String> {
    let Row { release, ocp, nodes, why, image, old_image, .. } = row;
    let tag = short_tag(image, repository, release);
    let tags = match old_image {
        Some(old) => format!("{} to {tag}", short_tag(old, repository, release)),
        None => tag,
    };
    let nodes = nodes.as_ref().map(ToString::to_string);
    let [ocp, nodes, why] = [ocp.clone(), nodes, why.clone()].map(|cell| cell.unwrap_or_else(|| NO_VALUE.to_owned()));
    vec![release.clone(), ocp, nodes, row.action(), why, tags]
}

/// Word for what no one may overlook.
const UNLOAD: &str = "UNLOAD";

/// Returns the repository of an image.
fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// Returns the tag of an image with `…` in the place of the release; the name too if the repository is another one.
fn short_tag(image: &str, of: &str, release: &str) -> String {
    let (image, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let tag = if repository(image) == of { image.get(of.len() + 1..).unwrap_or_default() } else { image };
    let normalised = KernelRelease::parse(release).map(|release| release.normalised().to_owned());
    let tag = tag.replacen(normalised.as_deref().unwrap_or(release), "…", 1);
    let digest = digest.and_then(|digest| digest.get(.."sha256:".len() + DIGITS));
    digest.map_or(tag.clone(), |digest| format!("{tag}@{digest}"))
}

fn full_name(cluster: Option<&str>, module: &str) -> String {
    cluster.map_or(module.to_owned(), |cluster| format!("{cluster}/{module}"))
}

/// Renders the sum of what is built and of what happens on nodes.
fn sum(rows: &[Row]) -> String {
    let [build, load, reload, unload] = [Act::Build, Act::Load, Act::Reload, Act::Unload]
        .map(|act| rows.iter().filter(|row| row.actions.contains(&act)).count());
    let mut text = String::new();
    if build > 0 {
        let _ = writeln!(text, "to build: {}", ui::count(build, "image"));
    }
    if load + reload + unload > 0 {
        let on_nodes = [Act::Load, Act::Reload, Act::Unload];
        let names = rows.iter().filter(|row| row.actions.iter().any(|act| on_nodes.contains(act))).map(Row::name);
        let nodes = in_parentheses(&names.collect::<Vec<_>>());
        let load = ui::count(load, "mapping");
        let _ = writeln!(text, "on nodes: {load} to load, {reload} to reload, {unload} to unload{nodes}");
    }
    text
}

impl Row {
    fn full_name(&self) -> String {
        full_name(self.cluster.as_deref(), &self.module)
    }

    fn name(&self) -> MappingName {
        let Self { cluster, module, release, nodes, .. } = self;
        MappingName { cluster: cluster.clone(), module: module.clone(), release: Some(release.clone()), nodes: *nodes }
    }

    fn action(&self) -> String {
        let words = self.actions.iter().map(|act| match act {
            Act::Build => "build",
            Act::Load => "load",
            Act::Reload => "reload",
            Act::Keep => "keep",
            Act::Unload => UNLOAD,
        });
        let words: Vec<&str> = words.collect();
        if words.is_empty() { "conflict".to_owned() } else { words.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_leave_out_what_the_row_has() {
        let (release, digest) = ("6.1.0+rt", "a".repeat(64));
        for (image, expected) in [
            ("r.io:5000/a:6.1.0_rt-0123", "…-0123"),
            ("r.io:5000/a:1.2-6.1.0_rt-0123", "1.2-…-0123"),
            ("r.io:5000/b:6.1.0_rt-0123", "r.io:5000/b:…-0123"),
            ("r.io:5000/a:latest", "latest"),
            (&format!("r.io:5000/a:6.1.0_rt@sha256:{digest}"), "…@sha256:aaaaaaaaaaaa"),
            ("r.io:5000/a", ""),
            ("", ""),
        ] {
            assert_eq!(short_tag(image, "r.io:5000/a", release), expected, "{image}");
        }
    }
}
