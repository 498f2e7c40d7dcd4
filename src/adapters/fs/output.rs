//! Checks that output may be written to a path.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::again::again;
use super::describe;
use crate::vocabulary::is_gits_own;

/// Checks that nothing is written to git's own files, nor, unless the user `named` the folder on the
/// command line, outside of the manifest's folder: a symbolic link may have come with a checkout.
///
/// # Errors
/// Why nothing is written to `path`, and what to do.
pub fn check_output(path: &Path, manifest: &Path, named: bool) -> Result<(), String> {
    let shown = path.display();
    let manifest = if manifest.as_os_str().is_empty() { Path::new(".") } else { manifest };
    let home = again(|| fs::canonicalize(manifest)).map_err(|error| describe(&error))?;
    let real = resolved(path).map_err(|why| format!("cannot write to `{shown}`: {why}"))?;
    let own = |path: &Path| {
        path.components().any(|part| matches!(part, Component::Normal(name) if is_gits_own(&name.to_string_lossy())))
    };
    // A checkout may be anywhere, even in a folder that has git's name.
    let below = real.strip_prefix(&home).unwrap_or(&real);
    let written = path.strip_prefix(manifest).unwrap_or(path);
    if own(below) || own(written) {
        return Err(format!("cannot write to `{shown}`: it is in a folder that belongs to git; choose another folder"));
    }
    if !named && !real.starts_with(&home) {
        return Err(format!(
            "cannot write to `{shown}`: a symbolic link points outside the manifest's folder, to `{}`; pass --output DIR if this is intended",
            real.display()
        ));
    }
    Ok(())
}

/// Checks that a path is of a folder, or that there is nothing.
///
/// # Errors
/// What is at the path.
pub fn check_folder(path: &Path) -> Result<(), String> {
    let found = match again(|| fs::symlink_metadata(path)) {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(found) if found.is_symlink() => "a symbolic link",
        Ok(_) => "a file",
    };
    Err(format!("cannot write to `{}`: it is {found}, but must be a folder", path.display()))
}

/// Resolves the links of a path of which the end need not exist.
fn resolved(path: &Path) -> Result<PathBuf, String> {
    let path = std::path::absolute(path).map_err(|error| describe(&error))?;
    let mut missing = Vec::new();
    for folder in path.ancestors() {
        match again(|| fs::canonicalize(folder)) {
            Ok(real) => return Ok(missing.iter().rev().fold(real, |real, name| real.join(name))),
            Err(_) if fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) => {
                return Err(format!("`{}` is a broken symbolic link", folder.display()));
            }
            // What cannot be looked at is told of by who writes there.
            Err(_) => missing.extend(folder.file_name()),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn output_stays_in_the_manifests_folder() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        let home = top.join("project");
        fs::create_dir_all(home.join(".git")).unwrap();
        fs::create_dir(home.join("real")).unwrap();
        for (link, to) in [("out", ".."), ("hooks", ".git"), ("in", "real"), ("nowhere", "../absent"), ("abs", "/tmp")]
        {
            symlink(to, home.join(link)).unwrap();
        }
        for good in ["gitops", "a/b/c", "in", "in/x", ".github", "real"] {
            check_output(&home.join(good), &home, false).unwrap();
        }
        for bad in
            ["out", "out/x", "hooks", "hooks/x", "nowhere", "nowhere/x", "abs/x", ".git", ".GIT/x", ".git./x", "a/.git"]
        {
            assert!(check_output(&home.join(bad), &home, false).is_err(), "{bad}");
        }
        // Who says so on the command line may write elsewhere, but not there.
        check_output(&home.join("out/x"), &home, true).unwrap();
        for bad in [".git", "hooks", ".git/hooks", "../project/.Git"] {
            assert!(check_output(&home.join(bad), &home, true).is_err(), "{bad}");
        }
    }
}
