//! Tests of a user's own manifest and templates: what comes out of them, held to snapshots and to
//! what a case expects.
//!
//! ```text
//! tests/NAME.yaml -> Case -(+Subject)-> plan -(+snapshots)-> Verdict -> report, JUnit
//!                  read            run_case    compare
//! ```
//!
//! A case is the manifest with some of its modules and kernels, or with changes. It goes the way
//! that `generate` goes, so what it shows is what `generate` would write.

mod assertion;
mod case;
mod check;
mod compare_revision;
pub mod junit;
mod output_part;
mod refusal;
mod run_case;
mod snapshots;
mod subject;
mod verdict;

#[cfg(test)]
mod tests;

pub use assertion::{ASSERTION, Assertion, Claim};
pub use case::{CASE, CASES, Case};
pub use output_part::OutputPart;
pub use run_case::run_case;
pub use snapshots::{SNAPSHOTS, is_current, leftovers};
pub use subject::{RevisionError, Revisions, Subject, TestEnvironment, Text};
pub use verdict::{Difference, DifferenceKind, State, Verdict};
