//! Findings in the formats of other programs.

mod github;
mod json;
mod located;
mod markdown;
mod sarif;

pub use github::github;
pub use json::json;
pub use markdown::markdown;
pub use sarif::sarif;
