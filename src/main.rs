//! The `kmodgen` command.

fn main() {}
