//! Amount of output on stderr, and its colors.

use std::sync::atomic::{AtomicBool, Ordering};

use clap::ColorChoice;
use log::{LevelFilter, Log, Metadata, Record};

use super::complain;

static QUIET: AtomicBool = AtomicBool::new(false);

/// Prints what kmodgen's own crates log.
struct Details;

impl Log for Details {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("kmodgen")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            complain(&format!("{}\n", record.args()));
        }
    }

    fn flush(&self) {}
}

/// Sets what the command line asks for.
pub fn configure(quiet: bool, verbose: bool, color: ColorChoice) {
    QUIET.store(quiet, Ordering::Relaxed);
    // A second logger cannot be set: there is none in this program.
    if verbose && log::set_logger(&Details).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
    match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

pub(super) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}
