//! What is published, told in a commit message: facts, and the texts that are made of them.

mod facts;
mod message;

pub use facts::{Altered, Facts, Files, ModuleFacts};
pub use message::{Message, render};
