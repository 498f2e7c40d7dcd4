//! Facts about objects and Dockerfiles, read once for all rules.

mod command;
mod dockerfile;
mod module;
mod project;
mod text_place;
mod variables;

pub use command::{ArgumentFacts, CommandFacts};
pub use dockerfile::{CopyFacts, DockerfileContents, DockerfileFacts, KMM_ARGUMENTS, StageFacts, UndeclaredVariable};
pub use module::{MappingFacts, ModuleFacts, Text, entry, string, text, texts};
pub use project::{BuildFacts, ConfigMapFacts, ProjectFacts, is_of_flux, unreadable};
pub use text_place::TextPlace;
pub use variables::variables;
