//! Differences one by one, at a terminal.

use std::path::Path;

use super::accept::SnapshotWriter;
use super::drawing::draw;
use super::{Results, shown};
use crate::adapters::ui;
use crate::test_cases::{Difference, DifferenceKind};
use crate::vocabulary::RelPath;

/// Answer to a question about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Accept,
    Reject,
    /// No more of this case.
    Skip,
    /// No more at all.
    Quit,
}

impl Choice {
    fn parse(line: &str) -> Option<Self> {
        match line.to_ascii_lowercase().as_str() {
            "a" | "accept" => Some(Self::Accept),
            "r" | "reject" => Some(Self::Reject),
            "s" | "skip" => Some(Self::Skip),
            "q" | "quit" => Some(Self::Quit),
            _ => None,
        }
    }
}

/// Asks about each difference. What is accepted is written at once, so that nothing of it is lost.
pub(super) fn review(keeper: &SnapshotWriter, folder: &Path, results: &mut Results) -> anyhow::Result<()> {
    let total = results.differences().filter(|difference| difference.matter.is_acceptable()).count();
    let mut review = Review { keeper, folder, total, asked: 0, over: false };
    for verdict in &mut results.verdicts {
        let accepted = review.group(&mut verdict.differences)?;
        verdict.right += accepted.len();
        results.accepted.extend(accepted);
    }
    results.removed.extend(review.group(&mut results.unreferenced)?);
    Ok(())
}

struct Review<'r> {
    keeper: &'r SnapshotWriter,
    folder: &'r Path,
    total: usize,
    asked: usize,
    /// Set once the person wants no more questions.
    over: bool,
}

impl Review<'_> {
    /// Asks about the differences of a case, and takes out those that are accepted.
    fn group(&mut self, differences: &mut Vec<Difference>) -> anyhow::Result<Vec<RelPath>> {
        let (mut accepted, mut open, mut skipped) = (Vec::new(), Vec::new(), false);
        for difference in std::mem::take(differences) {
            if !difference.matter.is_acceptable() {
                open.push(difference);
                continue;
            }
            self.asked += 1;
            let word = if self.over || skipped { Choice::Reject } else { self.ask(&difference) };
            skipped |= word == Choice::Skip;
            self.over |= word == Choice::Quit;
            if word == Choice::Accept {
                self.keeper.accept(&difference)?;
                accepted.push(difference.path);
            } else {
                open.push(difference);
            }
        }
        *differences = open;
        Ok(accepted)
    }

    fn ask(&self, difference: &Difference) -> Choice {
        let diff = draw(&shown(self.folder, &difference.path), &difference.matter);
        let question = match difference.matter {
            DifferenceKind::Unreferenced { .. } => "no case uses this snapshot: remove it?",
            DifferenceKind::New { .. } => "this snapshot is new: keep it?",
            _ => "this snapshot is different: replace it?",
        };
        ui::complain(&format!("{diff}\n[{}/{}] {question}\n", self.asked, self.total));
        loop {
            let prompt = "a accept, r reject, s skip the rest of the case, q quit > ";
            match ui::ask(prompt).as_deref().map(Choice::parse) {
                Some(Some(word)) => return word,
                Some(None) => {}
                None => return Choice::Quit,
            }
        }
    }
}
