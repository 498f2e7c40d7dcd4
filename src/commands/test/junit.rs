//! JUnit report of the cases.

use std::path::Path;

use super::Results;
use super::report::{complaints, strays};
use crate::adapters::ui;
use crate::test_cases::junit::{self, Complaint, TestResult, TestStatus};
use crate::test_cases::{SNAPSHOTS, State, Verdict};

/// The document: a test for each case, and one for the snapshots that no case has.
pub(super) fn document(results: &Results, folder: &Path) -> String {
    let mut entries: Vec<TestResult> = results.verdicts.iter().map(|verdict| entry(verdict, folder)).collect();
    if !results.unreferenced.is_empty() {
        let message = format!("no case uses {}", ui::count(results.unreferenced.len(), "snapshot"));
        let text = strays(&results.unreferenced, folder);
        let result = TestStatus::Failed(Complaint { message, text });
        // No case has a name with a slash.
        entries.push(TestResult { name: format!("{SNAPSHOTS}/"), result });
    }
    junit::document(&results.manifest.display().to_string(), &entries)
}

fn entry(verdict: &Verdict, folder: &Path) -> TestResult {
    let result = match verdict.state() {
        State::Passed => TestStatus::Passed,
        State::Failed => TestStatus::Failed(complaint(verdict, folder)),
        State::Trouble => TestStatus::Error(complaint(verdict, folder)),
    };
    TestResult { name: verdict.name.clone(), result }
}

fn complaint(verdict: &Verdict, folder: &Path) -> Complaint {
    Complaint { message: message(verdict), text: ui::without_colour(&complaints(verdict, folder)) }
}

/// In one line, what is the matter with a case.
fn message(verdict: &Verdict) -> String {
    let faults = verdict.trouble.iter().chain(&verdict.broken).map(|fault| fault.message.clone());
    let different = match verdict.differences.len() {
        0 => None,
        count => Some(format!("{} not as they were", ui::count(count, "snapshot"))),
    };
    faults.chain(different).collect::<Vec<_>>().join("; ")
}
