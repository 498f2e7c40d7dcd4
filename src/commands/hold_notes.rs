//! Messages about held modules, which every run repeats.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::subject::folder_of;
use crate::adapters::fs;
use crate::adapters::ui::{self, CONFLICT};
use crate::holds::{self, Hold, PlacedHolds};
use crate::impact::Refusal;
use crate::vocabulary::{ClusterName, Date, Diagnostics, SourceMap, Timestamp};

/// Holds of the clusters that a run is for.
#[derive(Debug)]
pub(super) struct HoldNotes {
    holds: Vec<Hold>,
    today: Date,
}

/// A hold for scripts; an element of `holds` in the object of `--format json`.
#[derive(Debug, Serialize)]
pub(super) struct HoldRow {
    module: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    at: String,
    reason: String,
    until: String,
    /// Set if the date has passed. The module is still held.
    overdue: bool,
}

impl HoldNotes {
    /// Takes holds.
    pub(super) fn of(holds: Vec<Hold>) -> Self {
        let today = Date::of(Timestamp::from_seconds(fs::now() / 1_000_000_000));
        Self { holds, today }
    }

    /// Reads the holds beside a manifest again, for the clusters of a run that has found them right.
    pub(super) fn beside(manifest: &Path, clusters: &[Option<ClusterName>]) -> Self {
        let text = fs::read_text_if_any(&folder_of(manifest).join(holds::FILE_NAME)).ok().flatten();
        let read = text.and_then(|text| {
            let source = SourceMap::default().add(holds::FILE_NAME, text.as_str());
            PlacedHolds::read(source, &text, &mut Diagnostics::default())
        });
        let all = read.unwrap_or_default().into_holds();
        Self::of(all.iter().filter(|hold| clusters.contains(&hold.cluster)).cloned().collect())
    }

    /// Prints the held modules whose commits cannot be read; returns whether there are any.
    pub(super) fn print_refused<'d>(&self, refusals: impl IntoIterator<Item = &'d Refusal>) -> bool {
        let mut text = String::new();
        for Refusal { module, why, help } in refusals {
            let _ = writeln!(text, "{CONFLICT}: module `{module}` is left out: {why}\n  help: {help}");
        }
        ui::talk(&text);
        !text.is_empty()
    }

    /// Returns whether the date of any hold has passed.
    pub(super) fn is_any_overdue(&self) -> bool {
        self.holds.iter().any(|hold| hold.is_overdue(self.today))
    }

    /// Returns the day on which the holds are looked at.
    pub(super) fn today(&self) -> Date {
        self.today
    }

    /// Returns the holds for scripts.
    pub(super) fn rows(&self) -> Vec<HoldRow> {
        let rows = self.holds.iter().map(|hold| HoldRow {
            module: hold.module.to_string(),
            cluster: hold.cluster.as_ref().map(ToString::to_string),
            at: hold.at.to_string(),
            reason: hold.reason.clone(),
            until: hold.until.to_string(),
            overdue: hold.is_overdue(self.today),
        });
        rows.collect()
    }

    /// Prints all holds, those of several clusters that are equal once.
    pub(super) fn print(&self) {
        let mut groups: BTreeMap<(&str, &str, &str, Date), Vec<&Hold>> = BTreeMap::new();
        for hold in &self.holds {
            let key = (hold.module.as_str(), hold.at.as_str(), hold.reason.as_str(), hold.until);
            groups.entry(key).or_default().push(hold);
        }
        let mut text = String::new();
        for ((module, _, reason, until), equal) in groups {
            let clusters: Vec<&str> = equal.iter().filter_map(|hold| Some(hold.cluster.as_ref()?.as_str())).collect();
            let of = if clusters.is_empty() { String::new() } else { format!(" of {}", clusters.join(", ")) };
            let [first, ..] = equal.as_slice() else { continue };
            let commit = first.short_commit();
            if first.is_overdue(self.today) {
                let release = equal.iter().map(|hold| format!("`{}`", hold.release_command())).collect::<Vec<_>>();
                let _ = writeln!(
                    text,
                    "\x1b[1;33mwarning\x1b[0m: module `{module}`{of} is still held at {commit}, although {until} has \
                     passed: {reason}\n  help: run {}, or hold it again with a later --until",
                    release.join(", ")
                );
            } else {
                let _ = writeln!(text, "note: module `{module}`{of} is held at {commit} until {until}: {reason}");
            }
        }
        ui::talk(&text);
    }
}
