//! Telling from outside whether files are as they were.

mod evidence;
mod eye;
mod look;

pub(super) use evidence::{evidence, path_evidence};
pub use evidence::{fingerprint, now};
pub use look::Looking;
