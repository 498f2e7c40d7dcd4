//! Git servers: resolves branches and tags to commits, without cloning.

mod config;
mod environment;
mod error;
mod location;
mod refs;

pub use environment::GitEnvironment;
pub use error::{RefProblem, ResolveError, ServerProblem};
