//! Commit message about what is published: facts, and the texts that are made from them.

mod facts;
mod history;
mod message;

pub use facts::{Alterations, Altered, Facts, Files, HoldFacts, ModuleFacts, has_trailers};
pub use history::{History, ModuleState, PastCommit, Reverted, StateChange};
pub use message::{Message, render};
