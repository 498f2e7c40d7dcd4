//! The report of `init`: what was found, with reasons, what was not, and the next commands.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::init::{Finding, Gap, Proposal, Request};

/// Writes the report.
pub(super) fn text(
    proposal: &Proposal,
    request: &Request,
    written: &[PathBuf],
    manifest: &Path,
    is_elsewhere: bool,
) -> String {
    let mut text = String::new();
    let place = if request.is_read { "found in" } else { "of" };
    let _ = writeln!(text, "{place} {}:", request.url.escape_debug());
    for Finding { fact, value, reason } in &proposal.found {
        let _ = writeln!(text, "  {:<11}{value}  ({reason})", format!("{fact}:"));
    }
    let (needed, others): (Vec<&Gap>, Vec<&Gap>) = proposal.gaps.iter().partition(|gap| gap.is_needed);
    for (title, gaps) in [("not found, to be filled in:", needed), ("to be reviewed:", others)] {
        if !gaps.is_empty() {
            let _ = writeln!(text, "{title}");
        }
        for Gap { field, reason, .. } in gaps {
            let _ = writeln!(text, "  {field}: {reason}");
        }
    }
    if !proposal.remarks.is_empty() {
        let _ = writeln!(text, "remarks:");
    }
    for remark in &proposal.remarks {
        let _ = writeln!(text, "  {remark}");
    }
    for path in written {
        let _ = writeln!(text, "{} written", path.display());
    }
    let file = if is_elsewhere { format!(" -f {}", manifest.display()) } else { String::new() };
    let reference = request.reference.name.escape_debug();
    let _ = write!(
        text,
        "next:\n  kmodgen lock{file}      # pins the commit of {reference}\n  \
         kmodgen generate{file}  # writes a Dockerfile and a ConfigMap for each kernel, and the Modules\n  \
         kmodgen publish{file} --repo REPOSITORY --branch BRANCH  # commits them for GitOps\n"
    );
    text
}
