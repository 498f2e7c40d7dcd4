//! A folder in which pages of the documentation are tried out.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What the pages' pieces are put into.
const PAGES: &[(&str, &str)] = &[
    ("apiVersion", "apiVersion: kmodgen/v1\n"),
    ("namespace", "namespace: drivers\n"),
    ("sources", "sources:\n  driver: {git: https://git.example.com/driver.git, ref: main}\n"),
    ("baseImages", "baseImages: {builder: dtk, runtime: registry.redhat.io/ubi9/ubi-minimal:9.4}\n"),
    ("platform", "platform: {kind: openshift, version: \"4.21\"}\n"),
    (
        "kernels",
        "kernels:\n  - release: 5.14.0-427.28.1.el9_4.x86_64\n    labels: {site: north}\n  - 5.14.0-427.81.1.el9_4.x86_64+rt\n",
    ),
];

const MODULE: &[(&str, &str)] = &[
    ("name", "name: driver\n"),
    ("source", "source: driver\n"),
    ("kmods", "kmods: [driver, driver_core]\n"),
    ("image", "image: registry.example.com/drivers/driver\n"),
    (
        "moduleSpec",
        "moduleSpec:\n  selector: {node-role.kubernetes.io/worker: \"\"}\n  moduleLoader: {container: {modprobe: {moduleName: driver}}}\n",
    ),
];

/// Pins the refs and images that the pages use, so that no server is asked.
pub(crate) const LOCK: &str = "version: 2
templates: 1
sources:
  - {git: \"https://git.example.com/driver.git\", ref: main, commit: 1111111111111111111111111111111111111111}
  - {git: \"https://git.example.com/driver.git\", ref: v1.2.0, commit: 2222222222222222222222222222222222222222}
images:
  - image: registry.redhat.io/ubi9/ubi-minimal:9.4
    digest: sha256:4444444444444444444444444444444444444444444444444444444444444444
  - image: registry.redhat.io/ubi9/ubi-minimal:9.5
    digest: sha256:5555555555555555555555555555555555555555555555555555555555555555
  - image: registry.example.com/base/north:1
    digest: sha256:6666666666666666666666666666666666666666666666666666666666666666
  - image: registry.example.com/driver/source:1.2
    digest: sha256:7777777777777777777777777777777777777777777777777777777777777777
  - image: registry.example.com/tools/dtk:4.16
    digest: sha256:8888888888888888888888888888888888888888888888888888888888888888
";

const CARGO: &str = "#!/bin/sh
case \"$1 $2 $3 $4\" in
  'run --release --locked --') shift 4; exec kmodgen \"$@\";;
  'test --locked  ') exit 0;; # This is that run.
  'install --locked --path .' | 'build --release --locked --target') exit 0;; # CI does both.
  *) echo \"the stand-in for cargo does not know: $*\" >&2; exit 1;;
esac
";

/// Nodes that a cluster has.
const NODES: &str = r#"{"kind": "List", "items": [
  {"kind": "Node", "metadata": {"name": "worker-0"}, "status": {"nodeInfo": {
    "architecture": "amd64", "kernelVersion": "5.14.0-427.28.1.el9_4.x86_64",
    "osImage": "Red Hat Enterprise Linux CoreOS 416.94.202407081958-0"}}},
  {"kind": "Node", "metadata": {"name": "worker-1"}, "status": {"nodeInfo": {
    "architecture": "amd64", "kernelVersion": "5.14.0-570.17.1.el9_6.x86_64",
    "osImage": "Red Hat Enterprise Linux CoreOS 9.6.20250514-0 (Plow)"}}}
]}
"#;

const OC: &str = "#!/bin/sh
case \"$*\" in
  'get nodes -o json') exec cat \"$0.nodes\";;
  *) echo \"the stand-in for oc does not know: $*\" >&2; exit 1;;
esac
";

/// Makes the repositories of a git server, and has git take them for that server.
const SERVER: &str = "set -e
git config --global user.name Ann
git config --global user.email ann@example.com
git init -q -b main
git commit -q --allow-empty -m 'Begin'
git clone -q --bare . ops/fleet.git
printf 'obj-m := heartbeat.o\\n' >Makefile
printf 'GPL-2.0-only\\n' >COPYING
git add Makefile COPYING
git commit -qm 'First release'
git tag v1.0.0
git clone -q --bare . team/heartbeat.git
git config --global url.\"file://$PWD/\".insteadOf https://git.example.com/
";

/// A folder in which a page is tried out.
pub(crate) struct Page {
    folder: TempDir,
}

impl Page {
    pub(crate) fn new() -> Self {
        let page = Self { folder: TempDir::new().unwrap() };
        let copied = Command::new("cp").arg("-R").arg(Path::new(ROOT).join("examples")).arg(page.path("")).status();
        assert!(copied.unwrap().success());
        page.write_program("cargo", CARGO);
        page.write_program("oc", OC);
        page.write("bin/oc.nodes", NODES);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kmodgen"), page.path("bin/kmodgen")).unwrap();
        page
    }

    /// Makes repositories below `https://git.example.com/` that the page's commands can use.
    pub(crate) fn with_server(self) -> Self {
        fs::create_dir(self.path("server")).unwrap();
        let (said, fine) = self.run(&format!("cd server; {SERVER}"));
        assert!(fine, "{said}");
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn write_program(&self, name: &str, script: &str) {
        let path = format!("bin/{name}");
        self.write(&path, script);
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a line of shell; gives what it prints on both streams, and whether it ended well.
    pub(crate) fn run(&self, line: &str) -> (String, bool) {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {line}")])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            // Commits have the same ids in each run.
            .env("GIT_AUTHOR_DATE", "2026-11-29T12:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-11-29T12:00:00Z")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.success())
    }

    /// Runs a block's commands; gives the block as it should be.
    pub(crate) fn console(&self, place: &str, text: &str) -> String {
        let mut right = String::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let (said, fine) = self.run(line);
            assert!(fine, "{place}: `{line}` fails:\n{said}");
            let _ = write!(right, "$ {line}\n{said}");
        }
        assert!(!right.is_empty(), "{place}: a block without a command");
        right
    }

    /// Tries out some fields, in the manifest or in its module.
    pub(crate) fn part(&self, place: &str, name: &str, text: &str, refused: Option<&str>) {
        let manifest = completed(name, text);
        self.write("part/kmodgen.yaml", &manifest);
        self.write("part/kmodgen.lock", LOCK);
        let out = place.replace([':', '/'], "-");
        let (said, fine) = self.run(&format!("cd part && kmodgen generate --offline -o ../out/{out}"));
        match refused {
            None => assert!(fine && !said.contains("warning"), "{place}: {said}\n{manifest}"),
            Some(text) => assert!(!fine && said.contains(text), "{place}: {said}\n{manifest}"),
        }
    }
}

/// The manifest that some fields of it, or of its module, are part of.
pub(crate) fn completed(name: &str, text: &str) -> String {
    let module = name == "module";
    let (manifest_fields, module_fields) = if module { ("", text) } else { (text, "") };
    let mut manifest = merged(PAGES, manifest_fields);
    if !manifest_fields.lines().any(|line| line.starts_with("modules:")) {
        let fields = merged(MODULE, module_fields).replace('\n', "\n    ");
        let _ = write!(manifest, "modules:\n  - {}\n", fields.trim_end());
    }
    manifest
}

/// The fields of `base`, those of `text` in the place of theirs.
fn merged(base: &[(&str, &str)], text: &str) -> String {
    let given: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '-']))
        .filter_map(|line| line.split_once(':').map(|(key, _)| key))
        .collect();
    let kept = base.iter().filter(|(key, _)| !given.contains(key)).map(|(_, text)| *text);
    kept.chain([text]).collect()
}
