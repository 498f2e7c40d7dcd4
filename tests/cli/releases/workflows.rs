//! The documented workflows for the next release: each command runs as it is written, with stand-ins for servers, for
//! the build and for the forge.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use kmodgen::vocabulary::SourceMap;
use kmodgen_yaml::Node;

use super::NEXT;
use super::images::Store;
use crate::scenario::Project;

/// The files of the guide that have commands, by their paths.
fn documented() -> Vec<(String, String)> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guides/openshift-upgrade.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```yaml file=.git").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter_map(|block| block.split_once('\n')).map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// The scripts below a node, in their order. Lines of the action's `arguments` are commands of kmodgen.
fn scripts(node: &Node, key: &str, found: &mut Vec<String>) {
    if let Some(entries) = node.as_mapping() {
        entries.iter().for_each(|entry| scripts(&entry.value, &entry.key.value, found));
    } else if let Some(items) = node.as_sequence() {
        items.iter().for_each(|item| scripts(item, key, found));
    } else if let Some(scalar) = node.as_scalar() {
        match key {
            "run" | "script" => found.push(scalar.text.clone()),
            "arguments" => found.extend(scalar.text.lines().map(|line| format!("kmodgen {line}"))),
            _ => {}
        }
    }
}

const GRAPH: &str = r#"{"nodes": [{"version": "4.16.9"}, {"version": "4.17.0-rc.3"}, {"version": "4.17.1"}, {"version": "4.9.9 --force"}]}"#;

/// A project in a git repository that a forge has, with stand-ins for other programs.
fn project(port: u16) -> Project {
    let project = Project::fleet();
    project.write("fleet.yaml", "apiVersion: kmodgen/v1\nkernels:\n  - {release: 5.14.0-70.el9.x86_64, nodes: 3}\n");
    project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - file: fleet.yaml\n");
    let registry = format!("--mirror quay.io=127.0.0.1:{port} --insecure-registry 127.0.0.1:{port}");
    let real = env!("CARGO_BIN_EXE_kmodgen");
    // No engine builds here: the plan lists what one would build.
    let kmodgen = format!(
        "#!/bin/sh\ncase \"$1\" in\n kernels) exec {real} \"$@\" {registry};;\n build) [ \"$*\" = 'build --verify --push' ]; exec {real} plan --offline >built;;\n *) exec {real} \"$@\";;\nesac\n"
    );
    let programs = [
        ("kmodgen", kmodgen.as_str()),
        ("curl", "#!/bin/sh\nfor a; do :; done\necho \"$a\" >asked\ncat \"$0.json\" >graph.json\n"),
        ("gh", "#!/bin/sh\necho \"$*\" >>gh.log\n"),
        // GitLab's address is that of the forge here.
        ("git", "#!/bin/sh\n[ \"$1 $2\" = 'remote set-url' ] && exit 0\nexec \"$(command -v -p git)\" \"$@\"\n"),
    ];
    for (name, script) in programs {
        let path = format!("bin/{name}");
        project.write(&path, script);
        fs::set_permissions(project.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    project.write("bin/curl.json", GRAPH);
    project.write("forge/.keep", "");
    for line in [
        "init -q -b main",
        "add kmodgen.yaml fleet.yaml",
        "-c user.name=a -c user.email=a@example.com commit -q -m first",
        "init -q --bare forge/fleet.git",
        "-C forge/fleet.git config receive.advertisePushOptions true",
        "remote add origin forge/fleet.git",
    ] {
        project.git(line);
    }
    project
}

#[test]
fn documented_workflows_run() {
    let registry = Store::default().with_release().start();
    let files = documented();
    assert_eq!(files.len(), 2);
    for (file, text) in files {
        let project = project(registry.port);
        let source = SourceMap::default().add(file.clone(), text.as_str());
        let node = kmodgen_yaml::read(source, &text).unwrap().unwrap();
        let mut steps = Vec::new();
        scripts(&node, "", &mut steps);
        assert!(steps.len() >= 5, "{steps:?}");
        // A step of GitHub has what earlier steps put into its environment.
        let github = "set -a; [ ! -e \"$GITHUB_ENV\" ] || . \"$GITHUB_ENV\"; set +a\n";
        let steps: Vec<String> =
            steps.iter().map(|step| format!("{github}{}\n", step.replace("${{ env.RELEASE }}", "$RELEASE"))).collect();
        let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
        for round in ["first", "second"] {
            let mut shell = Command::new("bash");
            shell.args(["-eo", "pipefail", "-c", &steps.concat()]).current_dir(project.path("")).env_clear();
            shell.env("PATH", &path).env("HOME", project.path("home")).env("RUNNER_TEMP", project.path(""));
            shell
                .env("GITHUB_ENV", project.path("github.env"))
                .env("CHANNEL", "stable-4.17")
                .env("REGISTRY_AUTH", "{}");
            shell
                .env("CI_DEFAULT_BRANCH", "main")
                .env("CI_SERVER_HOST", "x")
                .env("CI_PROJECT_PATH", "x")
                .env("PUSH_TOKEN", "x");
            for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"] {
                shell.env(name, "kmm").env(name.replace("NAME", "EMAIL"), "kmm@example.com");
            }
            let output = shell.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{file}, {round}: {said}{}", String::from_utf8_lossy(&output.stdout));
        }
        assert!(project.read("asked").contains("channel=stable-4.17&arch=amd64"));
        assert!(project.read("built").contains(NEXT), "{}", project.read("built"));
        let pushed = pushed(&project);
        let expected =
            "Add the kernels of OpenShift 4.17.1\n\nfleet.yaml\nkmodgen.lock\nfirst\n\nfleet.yaml\nkmodgen.yaml\n";
        assert_eq!(pushed, expected, "{file}: the second round adds nothing");
        if file.contains("workflows") {
            assert_eq!(project.read("gh.log"), "pr create --fill --head openshift-4.17.1\n");
        }
    }
}

/// The commits that the forge has, with their files.
fn pushed(project: &Project) -> String {
    let mut log = Command::new("git");
    log.args(["log", "--format=%s", "--name-only", "openshift-4.17.1"]).current_dir(project.path("forge/fleet.git"));
    String::from_utf8(log.output().unwrap().stdout).unwrap()
}
