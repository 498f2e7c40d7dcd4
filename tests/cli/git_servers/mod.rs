//! Resolves refs of real repositories, served by real servers on this machine.
//!
//! The environment is a value that each test makes for itself, so tests run side by side, in one
//! process, and none sees the settings of the machine.

pub(crate) mod http;
mod prompts;
mod refs;
mod ssh;
mod tcp;
pub(crate) mod world;
