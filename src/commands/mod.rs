//! The verbs, one file each.

mod abandoned;
pub mod build;
pub mod explain;
pub mod generate;
pub mod kernels;
pub mod lock;
pub mod plan;
pub mod preflight;
pub mod publish;
pub mod schema;
pub mod test;
pub mod update;
pub mod verify;

mod answer;
mod inputs;
mod marks;
mod memory;
mod presence;
mod project;
mod recall;
mod report;
mod survey;

pub use answer::Answer;
pub use project::Faults;
