//! The commands, one file each.

pub mod build;
pub mod completions;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod generate;
pub mod hold;
pub mod import;
pub mod init;
pub mod kernels;
pub mod lint;
pub mod lock;
pub mod man;
pub mod plan;
pub mod preflight;
pub mod publish;
pub mod schema;
pub mod status;
pub mod templates;
pub mod test;
pub mod update;
pub mod verify;

mod alike;
mod cache_location;
mod changes;
mod columns;
mod drift;
mod exit;
mod faults;
mod hold_notes;
mod image_digests;
mod input_check;
mod make_files;
mod new_manifest;
mod orphan_clusters;
mod pin_clusters;
mod pins;
mod project;
mod registry_lookup;
mod releases;
mod report;
mod subject;

pub use exit::Exit;
pub use faults::Faults;
