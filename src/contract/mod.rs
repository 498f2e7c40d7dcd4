//! Checks of what KMM relies on.

pub mod dockerfile;
pub mod module;
