//! What is published, told in a commit message: facts, and the texts that are made of them.

mod facts;
mod message;
mod path;

pub use facts::{Altered, Facts, Files, ModuleFacts};
pub use message::{Message, render};
pub use path::FolderPath;
