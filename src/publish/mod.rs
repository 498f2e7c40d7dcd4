//! Commit message about what is published: facts, and the texts that are made from them.

mod facts;
mod message;

pub use facts::{Altered, Facts, Files, ModuleFacts};
pub use message::{Message, render};
