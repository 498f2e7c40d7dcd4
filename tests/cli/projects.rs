//! Public kernel module projects, as manifests without a template of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kmodgen::contract::dockerfile;

/// Templates that come with kmodgen; any other value of `template` names a file.
const TEMPLATES: [&str; 4] = ["dtk", "kernel-devel", "debian", "sles"];

/// The project folders.
fn projects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 16, "{folders:?}");
    folders
}

/// Generates a project into a temporary folder, and returns its Dockerfiles by their path there.
fn dockerfiles(project: &Path) -> BTreeMap<PathBuf, String> {
    let folder = tempfile::tempdir().unwrap();
    // A copy: kmodgen rewrites a lock that is not in its canonical form.
    for entry in fs::read_dir(project).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kmodgen"));
    command.args(["generate", "--offline", "--locked", "--format", "json"]);
    let run = command.current_dir(&folder).output().unwrap();
    let messages = String::from_utf8_lossy(&run.stderr);
    assert_eq!((run.status.code(), &*messages), (Some(0), ""), "{}", project.display());
    let lock = |folder: &Path| fs::read_to_string(folder.join("kmodgen.lock")).unwrap();
    assert_eq!(lock(folder.path()), lock(project), "{}", project.display());

    let output = folder.path().join("gitops");
    let mut found = BTreeMap::new();
    let mut folders = vec![output.clone()];
    while let Some(folder) = folders.pop() {
        let before = found.len();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let dockerfile = path.join("Dockerfile");
            if dockerfile.is_file() {
                let name = dockerfile.strip_prefix(&output).unwrap().to_owned();
                found.insert(name, fs::read_to_string(dockerfile).unwrap());
            } else if path.is_dir() {
                folders.push(path);
            }
        }
        let is_module = folder.join("module.yaml").exists();
        assert_eq!(is_module, found.len() > before, "{}: {}", project.display(), folder.display());
    }
    found
}

#[test]
fn each_has_dockerfiles_that_keep_the_rules() {
    for project in projects() {
        let dockerfiles = dockerfiles(&project);
        assert!(!dockerfiles.is_empty(), "{}", project.display());
        for (path, text) in dockerfiles {
            assert_eq!(dockerfile::check(&text, true), Ok(()), "{}: {}", project.display(), path.display());
            assert!(text.len() < dockerfile::LONGEST_ON_OPENSHIFT, "{}: {}", project.display(), path.display());
        }
    }
}

#[test]
fn none_has_a_template_of_its_own() {
    for project in projects() {
        let manifest = fs::read_to_string(project.join("kmodgen.yaml")).unwrap();
        assert!(manifest.starts_with("# "), "{}", project.display());
        for value in manifest.split("template:").skip(1) {
            let value = value.lines().next().unwrap().trim();
            assert!(TEMPLATES.contains(&value), "{}: {value}", project.display());
        }
    }
}

/// An RPM that is rebuilt, a script on a part of an image, a `dkms.conf`, and firmware of a second source.
#[test]
fn dockerfiles_of_four_projects() {
    for (name, path) in [
        ("doca-ofed", "doca-ofed/5.14.0-503.11.1.el9_5.x86_64"),
        ("gpfs", "dublin/gpfs/5.14.0-570.45.1.el9_6.x86_64"),
        ("jool", "jool/6.12.113+deb12-amd64"),
        ("habanalabs", "habanalabs/5.14.0-427.81.1.el9_4.x86_64"),
    ] {
        let project = projects().into_iter().find(|project| project.ends_with(name)).unwrap();
        let path = Path::new(path).join("Dockerfile");
        assert_snapshot!(format!("project_{}", name.replace('-', "_")), dockerfiles(&project)[&path]);
    }
}
