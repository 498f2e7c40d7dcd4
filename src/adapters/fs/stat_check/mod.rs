//! Comparison of files with a cached run by their metadata.

mod background;
mod file_checker;

pub use background::BackgroundCheck;
