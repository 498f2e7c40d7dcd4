//! Comparison of files with a cached run by their metadata.

mod background;
mod file_checker;
mod folder_check;
mod result;

pub use background::{BackgroundCheck, FinishingCheck};
