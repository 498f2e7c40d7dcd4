//! Sets `KMODGEN_LONG_VERSION`: the version with the commit that the program is built from, if it is known, and its date.
#![expect(clippy::disallowed_methods, reason = "a build script asks git and reads files")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

fn main() {
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = commit().map(|commit| format!(" ({commit})")).unwrap_or_default();
    println!("cargo::rustc-env=KMODGEN_LONG_VERSION={version}{commit}");
    println!("cargo::rerun-if-changed=build.rs");
}

/// Returns the commit and its date. Debug builds have none, since they would be built again after every commit.
fn commit() -> Option<String> {
    if env::var("PROFILE").ok()? != "release" {
        return None;
    }
    let folder = env::var("CARGO_MANIFEST_DIR").ok()?;
    packaged_commit(&folder).or_else(|| checked_out_commit(&folder))
}

/// Reads the commit that `cargo package` writes beside the sources.
fn packaged_commit(folder: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new(folder).join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    rest.get(..10).map(str::to_owned)
}

/// Asks git, if this folder is the root of a repository: sources may lie in a repository of something else.
fn checked_out_commit(folder: &str) -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(["-C", folder]).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let root = fs::canonicalize(git(&["rev-parse", "--show-toplevel"])?).ok()?;
    if root != fs::canonicalize(folder).ok()? {
        return None;
    }
    // Every commit and checkout adds a line to it.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={}", Path::new(folder).join(log).display());
    git(&["log", "-1", "--abbrev=10", "--format=%h %cs"])
}
