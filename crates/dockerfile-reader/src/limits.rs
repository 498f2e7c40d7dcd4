//! Limits of what is read.

/// Most constructs of shell text in one another.
pub const MOST_LEVELS: usize = 100;

/// Most stages of which one is built from the other.
pub const MOST_ANCESTORS: usize = 128;
