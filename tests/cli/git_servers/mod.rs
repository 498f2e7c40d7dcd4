//! Resolves refs of real repositories, served by real servers on this machine.
//!
//! The environment is a value that each test makes for itself, so tests run side by side, in one
//! process, and none sees the settings of the machine. Where a server is not installed a test says
//! so and passes, unless `KMODGEN_REQUIRE_SERVERS=1`.

pub(crate) mod http;
mod refs;
mod ssh;
mod tcp;
pub(crate) mod world;
