//! Reports of the cases, for people and for programs.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::drawing::{alike, draw};
use super::{Results, shown};
use crate::adapters::ui;
use crate::test_cases::{Difference, DifferenceKind, State, Verdict};
use crate::vocabulary::{Diagnostic, SourceMap};

/// Prints the report for people: each case with what is the matter, the sum last.
pub(super) fn print(results: &Results, folder: &Path) {
    let mut text = String::new();
    for (label, paths) in [("accepted", &results.accepted), ("removed ", &results.removed)] {
        paths.iter().for_each(|path| {
            let _ = writeln!(text, "{label}  {}", shown(folder, path));
        });
    }
    for verdict in &results.verdicts {
        let label = match verdict.state() {
            State::Passed => "\x1b[32mpassed\x1b[0m ",
            State::Failed => "\x1b[1;31mfailed\x1b[0m ",
            State::Trouble => "\x1b[1;31mtrouble\x1b[0m",
        };
        let what = if verdict.refused { "refused".to_owned() } else { ui::count(verdict.mappings, "mapping") };
        let _ = writeln!(text, "{label}  {} ({what})", verdict.name);
        text.push_str(&complaints(verdict, folder));
    }
    text.push_str(&strays(&results.unreferenced, folder));
    let _ = writeln!(text, "{}", sum(results));
    ui::result(&text);
    if results.differences().any(|difference| difference.matter.is_acceptable()) {
        ui::talk(
            "if this is intended, run `kmodgen test --accept` to write the snapshots, or `--review` to decide for each\n",
        );
    }
}

/// Lines of one difference that are printed, and snapshots that are named if they differ alike.
/// Beyond that nobody reads, and git shows all once it is accepted.
const LINES: usize = 200;
const NAMED: usize = 20;

/// Renders everything that is wrong with a case.
pub(super) fn complaints(verdict: &Verdict, folder: &Path) -> String {
    let mut text = String::new();
    let all: Vec<&Difference> = verdict.differences.iter().collect();
    for group in alike(&all) {
        for (at, difference) in group.iter().take(NAMED + 1).enumerate() {
            let path = shown(folder, &difference.path);
            if at > 0 {
                let _ = writeln!(text, "  changed  {path}, in the same way");
                continue;
            }
            let diff = draw(&path, &difference.matter);
            let _ = writeln!(text, "  changed  {path}");
            diff.lines().take(LINES).for_each(|line| {
                let _ = writeln!(text, "{line}");
            });
            if let Some(more) = diff.lines().count().checked_sub(LINES).filter(|more| *more > 0) {
                let _ = writeln!(text, "  … {more} more lines");
            }
        }
        if let Some(more) = group.len().checked_sub(NAMED + 1).filter(|more| *more > 0) {
            let _ = writeln!(text, "  changed  {more} more, in the same way");
        }
    }
    for difference in all {
        let path = shown(folder, &difference.path);
        match &difference.matter {
            DifferenceKind::New { .. } => {
                let _ = writeln!(text, "  new      {path}");
            }
            DifferenceKind::Obstructed { why } => {
                let _ = writeln!(text, "  blocked  {path}: {why}; move it away");
            }
            DifferenceKind::Changed { .. } | DifferenceKind::Unreferenced { .. } => {}
        }
    }
    for fault in verdict.broken.iter().chain(&verdict.trouble) {
        text.push_str(&ui::render(fault, &verdict.sources));
    }
    text
}

/// The snapshots that no case has.
pub(super) fn strays(unreferenced: &[Difference], folder: &Path) -> String {
    let mut text = String::new();
    for difference in unreferenced {
        let edited = matches!(difference.matter, DifferenceKind::Unreferenced { edited: true, .. });
        let more = if edited { ", edited by hand: delete it yourself" } else { "" };
        let _ = writeln!(text, "unreferenced  {}: no case uses it{more}", shown(folder, &difference.path));
    }
    text
}

/// "2 cases: 1 passed, 1 failed; 3 snapshots right, 1 changed, 0 new, 0 unreferenced".
fn sum(results: &Results) -> String {
    let CaseCounts { cases, passed, failed, trouble, snapshots } = CaseCounts::of(results);
    let trouble = if trouble > 0 { format!(", {trouble} with errors") } else { String::new() };
    let blocked = if snapshots.obstructed > 0 { format!(", {} blocked", snapshots.obstructed) } else { String::new() };
    format!(
        "{}: {passed} passed, {failed} failed{trouble}; {} right, {} changed, {} new, {} unreferenced{blocked}",
        ui::count(cases, "case"),
        ui::count(snapshots.right, "snapshot"),
        snapshots.changed,
        snapshots.new,
        snapshots.unreferenced,
    )
}

/// The sums; also those of `--format json`.
#[derive(Serialize)]
struct CaseCounts {
    cases: usize,
    passed: usize,
    failed: usize,
    /// Cases that could not run.
    trouble: usize,
    snapshots: Snapshots,
}

#[derive(Serialize)]
struct Snapshots {
    right: usize,
    changed: usize,
    new: usize,
    obstructed: usize,
    unreferenced: usize,
    accepted: usize,
    removed: usize,
}

fn count_differences(results: &Results, word: &str) -> usize {
    results.differences().filter(|difference| difference.matter.word() == word).count()
}

impl CaseCounts {
    fn of(results: &Results) -> Self {
        Self {
            cases: results.verdicts.len(),
            passed: results.count(State::Passed),
            failed: results.count(State::Failed),
            trouble: results.count(State::Trouble),
            snapshots: Snapshots {
                right: results.verdicts.iter().map(|verdict| verdict.right).sum(),
                changed: count_differences(results, "changed"),
                new: count_differences(results, "new"),
                obstructed: count_differences(results, "obstructed"),
                unreferenced: count_differences(results, "unreferenced"),
                accepted: results.accepted.len(),
                removed: results.removed.len(),
            },
        }
    }
}

/// One case of `--format json`.
#[derive(Serialize)]
struct CaseReport<'v> {
    name: &'v str,
    /// `passed`, `failed` or `trouble`.
    state: &'static str,
    mappings: usize,
    differences: Vec<DifferenceReport>,
    messages: Vec<Message>,
}

/// A snapshot that is not right.
#[derive(Serialize)]
struct DifferenceReport {
    path: String,
    /// `new`, `changed`, `obstructed` or `unreferenced`.
    state: &'static str,
    /// Of one that is changed: how, in the unified form.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    /// Of one that is obstructed: by what.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A message about a case.
#[derive(Serialize)]
struct Message {
    code: &'static str,
    message: String,
    /// `file:line:column`.
    place: String,
    help: Vec<String>,
}

/// Prints the report for programs.
pub(super) fn print_json(results: &Results, folder: &Path) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Report<'r> {
        cases: Vec<CaseReport<'r>>,
        unreferenced: Vec<DifferenceReport>,
        accepted: Vec<String>,
        removed: Vec<String>,
        summary: CaseCounts,
    }
    let [accepted, removed] =
        [&results.accepted, &results.removed].map(|paths| paths.iter().map(|path| shown(folder, path)).collect());
    let report = Report {
        cases: results.verdicts.iter().map(|verdict| case(verdict, folder)).collect(),
        unreferenced: results.unreferenced.iter().map(|stray| difference(stray, folder)).collect(),
        accepted,
        removed,
        summary: CaseCounts::of(results),
    };
    ui::result(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    Ok(())
}

fn case<'v>(verdict: &'v Verdict, folder: &Path) -> CaseReport<'v> {
    let state = match verdict.state() {
        State::Passed => "passed",
        State::Failed => "failed",
        State::Trouble => "trouble",
    };
    let messages = verdict.broken.iter().chain(&verdict.trouble);
    CaseReport {
        name: &verdict.name,
        state,
        mappings: verdict.mappings,
        differences: verdict.differences.iter().map(|one| difference(one, folder)).collect(),
        messages: messages.map(|fault| message(fault, &verdict.sources)).collect(),
    }
}

fn difference(difference: &Difference, folder: &Path) -> DifferenceReport {
    let path = shown(folder, &difference.path);
    let (diff, why) = match &difference.matter {
        DifferenceKind::Changed { .. } => (Some(ui::without_colour(&draw(&path, &difference.matter))), None),
        DifferenceKind::Obstructed { why } => (None, Some(why.clone())),
        DifferenceKind::New { .. } | DifferenceKind::Unreferenced { .. } => (None, None),
    };
    DifferenceReport { state: difference.matter.word(), path, diff, why }
}

fn message(fault: &Diagnostic, sources: &SourceMap) -> Message {
    let place = fault.labels.first().map(|label| sources.locate(label.span)).unwrap_or_default();
    Message { code: fault.code, message: fault.message.clone(), place, help: fault.help.clone() }
}
