//! The commands, run as a user runs them: the real program, on real files, in a folder of its own.
//!
//! `scenario` is the vocabulary; every other file is one promise of the product.

#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "tests make files and run programs")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail as tests do")]

#[macro_use]
mod scenario;

mod building;
mod bundles;
mod clusters;
mod conflicts;
mod context;
mod converting;
mod determinism;
mod diff;
mod differential;
mod dkms;
mod docs;
mod examples;
mod faults;
mod files;
mod firmware;
mod first_errors;
mod further_modules;
mod generate;
mod git_servers;
mod help;
mod holds;
mod hostile_checkout;
mod hostile_files;
mod hostile_names;
mod hostile_templates;
mod image_pins;
mod import;
mod includes;
mod incremental;
mod init;
mod instructions;
mod kernel_forms;
mod kernels;
mod lint;
mod locking;
mod merging;
mod notes;
mod owners;
mod pin_groups;
mod plan_formats;
mod planted;
mod prebuilt;
mod progress;
mod projects;
mod promotion;
mod pruning;
mod publishing;
mod pushed;
mod refusals;
mod registries;
mod releases;
mod reports;
mod secrets;
mod setup;
mod shared_layout;
mod sharing;
mod status;
mod streams;
mod symlinks;
mod test_cases;
mod twice;
mod units;
mod variables;
mod verify;
