//! What KMM relies on, as checks.

pub mod dockerfile;
pub mod module;
