//! Git trees, packs and commits with libgit2; servers through the user's own git.
//!
//! [`Server`] lists, fetches and pushes with `git` as a child process, so that credentials, proxies, certificates,
//! ssh and `insteadOf` are the user's, and nothing of a checkout is used. [`Objects`] writes new objects into a
//! repository as loose files or one pack, [`edited`] makes a tree from an old one and [`Edits`], and [`Commit`] is the
//! bytes of a commit, signed if the user's settings ask for it. None of these takes a checkout.
#![warn(missing_docs)]
#![expect(clippy::disallowed_methods, reason = "repositories are files, and commits have a time")]

mod commit;
mod commit_error;
mod config;
mod dates;
mod delta;
mod entry;
mod environment;
mod identity;
mod location;
mod object;
mod pack;
mod problem;
mod pushed;
mod server;
mod signing;
mod tree;
mod words;
mod writer;

pub use commit::Commit;
pub use commit_error::{CommitError, SigningProblem};
pub use config::GitConfig;
pub use dates::Tip;
pub use environment::GitEnvironment;
pub use identity::{Moment, Person};
pub use location::{Location, Scheme};
pub use object::{ObjectId, ObjectKind};
pub use problem::{ServerProblem, shown};
pub use pushed::Pushed;
pub use server::{FETCHED, Head, Server, init_bare};
pub use tree::{Edit, Edits, Entry, Names, Trees, edited, parse};
pub use writer::{Objects, sweep};
