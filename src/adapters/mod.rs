//! What touches the world: files, git servers and the terminal.

pub mod fs;
pub mod git;
pub mod ui;
