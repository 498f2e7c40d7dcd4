//! Access to files, git servers, images and the terminal.

pub mod download;
pub mod engine;
pub mod fs;
pub mod git;
pub mod oci;
pub mod programs;
pub mod registry;
pub mod release;
pub mod templates;
pub mod ui;
