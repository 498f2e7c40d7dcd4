//! Resolves refs of real repositories, served by real servers on this machine.
//!
//! The environment is a value that each test makes for itself, so tests run side by side, in one
//! process, and none sees the settings of the machine. Where a server is not installed a test says
//! so and passes, unless `KMODGEN_REQUIRE_SERVERS=1`.

#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "tests make files and run servers")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail as tests do")]

mod http;
mod refs;
mod ssh;
mod tcp;
mod world;
