//! Declarative generator of Driver Toolkit Dockerfiles, KMM ConfigMaps and KMM Modules.
//!
//! A pipeline with a pure middle. Data flows one way:
//!
//! ```text
//! text -> yaml::Node -> Manifest -(+Lock)-> Expansion -> RenderedMapping -> Output -(+Tree)-> Change
//!      read         decode          expand            render           name         compare
//! ```
//!
//! A fleet's texts are never held at once: each mapping is rendered, compared with the output folder and staged, one
//! after the other. A mapping whose inputs and files are as the [`cache`] has them is not even rendered.
//!
//! `tests/layers` lists the modules in the order of their layers, and checks that a module uses only those
//! before it.

#[cfg(test)]
#[macro_use]
mod snapshot;
#[cfg(test)]
mod testing;

// Layer 0: names as types.
pub mod vocabulary;

// Layer 1: the pure core. No file system, environment, clock, randomness or printing.
pub mod bundle;
pub mod bundle_folder;
pub mod cache;
pub mod checksum;
pub mod contract;
pub mod depfile;
pub mod documents;
pub mod file_stat;
pub mod fingerprint;
pub mod handoff;
pub mod header;
pub mod holds;
pub mod impact;
pub mod import;
pub mod init;
pub mod kernels;
pub mod lint;
pub mod lock;
pub mod manifest;
pub mod merge;
pub mod objects;
pub mod output;
pub mod ownership;
pub mod parallel;
pub mod plan;
pub mod previous;
pub mod publish;
pub mod reconcile;
pub mod render;
pub mod requires;
pub mod rollout;
pub mod sbom;
pub mod shared_files;
pub mod status;
pub mod template;
pub mod test_cases;
pub mod tree;

// Layer 2: adapters, the only code that touches the world.
pub mod adapters;

// Layer 3: the driver, from the command line to an exit code.
pub mod cli;
pub mod commands;
pub mod driver;
pub mod settings;
