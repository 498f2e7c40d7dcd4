//! The examples: what is committed is what this version writes, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The example folders. A test that finds none has found nothing out.
fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 4, "{folders:?}");
    folders
}

/// Runs `generate`, and hands back what it says.
fn generate(manifest: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kmodgen"));
    command.arg("generate").args(["--offline", "--locked", "--format", "json"]).args(arguments);
    command.arg("--file").arg(manifest).output().unwrap()
}

/// The report of a run that must end well.
fn report(example: &Path, output: &Output) -> Value {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}{}", example.display(), String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn count(report: &Value, name: &str) -> u64 {
    report["summary"][name].as_u64().unwrap()
}

/// Every file below a folder, by its path there.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn committed_outputs_are_current() {
    for example in examples() {
        let output = generate(&example.join("kmodgen.yaml"), &["--check"]);
        let report = report(&example, &output);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("note["), "{}: {said}", example.display());
        for name in ["created", "updated", "removed", "conflicts"] {
            assert_eq!(count(&report, name), 0, "{}: {report:#}", example.display());
        }
        assert!(count(&report, "unchanged") > 4, "{}", example.display());
    }
}

#[test]
fn their_own_tests_pass() {
    let tested: Vec<_> = examples().into_iter().filter(|example| example.join("tests").exists()).collect();
    assert!(tested.len() >= 2, "{tested:?}");
    for example in tested {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kmodgen"));
        let output = command.arg("test").arg("--file").arg(example.join("kmodgen.yaml")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}:\n{said}{}", example.display(), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(" 0 failed; "), "{said}");
    }
}

#[test]
fn a_second_run_writes_nothing() {
    for example in examples() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("kmodgen.yaml");
        // A copy: a lock that is not canonical would be written anew.
        for path in tree(&example).into_keys().filter(|path| !path.starts_with("gitops")) {
            fs::create_dir_all(folder.path().join(&path).parent().unwrap()).unwrap();
            fs::copy(example.join(&path), folder.path().join(path)).unwrap();
        }
        let output = folder.path().join("out");
        let arguments = ["--output", output.to_str().unwrap()];
        let first = report(&example, &generate(&manifest, &arguments));
        let written = tree(&output);
        assert_eq!(count(&first, "created"), written.len() as u64, "{first:#}");
        assert_eq!(written, tree(&example.join("gitops")), "{}", example.display());
        let second = report(&example, &generate(&manifest, &arguments));
        assert_eq!(count(&second, "unchanged"), written.len() as u64, "{second:#}");
        assert_eq!(count(&second, "created") + count(&second, "updated") + count(&second, "removed"), 0, "{second:#}");
        let lock = |folder: &Path| fs::read_to_string(folder.join("kmodgen.lock")).unwrap();
        assert_eq!(lock(folder.path()), lock(&example), "{}: the lock is not canonical", example.display());
    }
}
