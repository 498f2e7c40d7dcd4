//! A first manifest, proposed from the files of a repository: pure, from texts to a text with reasons.
//!
//! ```text
//! RepositoryFiles -> Makefile, DkmsConf, Configure -> Units -(+Request)-> Proposal: manifest, findings, gaps
//! ```

mod configure;
mod contents;
mod dkms_conf;
mod expansion;
mod kbuild;
mod licenses;
mod make_vars;
mod makefile;
mod manifest;
mod names;
mod platform;
mod proposal;
mod release;
mod repository;
mod units;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use contents::{Reference, Request};
pub use names::name_of_url;
pub use platform::ClusterKernel;
pub use proposal::{Finding, Gap, Proposal};
pub use release::newest_release;
pub use repository::{RepositoryFiles, is_read, may_be_included};
