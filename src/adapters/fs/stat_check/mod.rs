//! Comparison of files with a cached run by their metadata.

mod background;
mod file_checker;
mod folder_check;
mod known_shared;
mod result;

pub use background::{BackgroundCheck, FinishingCheck};
pub use known_shared::KnownShared;
