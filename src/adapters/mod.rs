//! What touches the world: files, git servers and the terminal.

pub mod engine;
pub mod fs;
pub mod git;
pub mod registry;
pub mod ui;
