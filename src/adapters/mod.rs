//! What touches the world: files, git servers and the terminal.

pub mod git;
