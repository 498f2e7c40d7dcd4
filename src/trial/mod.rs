//! Tests of a user's own manifest and templates: what comes out of them, held to snapshots and to
//! what a case expects.
//!
//! ```text
//! tests/NAME.yaml -> Case -(+Subject)-> plan -(+snapshots)-> Verdict -> report, JUnit
//!                  read            attempt    compare
//! ```
//!
//! A case is the manifest with some of its modules and kernels, or with changes. It goes the way
//! that `generate` goes, so what it shows is what `generate` would write.

mod assertion;
mod attempt;
mod case;
mod check;
pub mod junit;
mod refusal;
mod since;
mod snapshots;
mod subject;
mod verdict;

#[cfg(test)]
mod tests;

pub use assertion::{ASSERTION, Assertion, Claim};
pub use attempt::{Bench, attempt};
pub use case::{CASE, CASES, Case, Part};
pub use snapshots::{SNAPSHOTS, is_current, leftovers};
pub use subject::{Past, Subject, Text};
pub use verdict::{Difference, Matter, State, Verdict};
