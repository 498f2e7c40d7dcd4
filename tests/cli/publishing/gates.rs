//! `--check` and `--dry-run`, as gates of pull requests.

use kmodgen::vocabulary::SourceMap;
use kmodgen_yaml::Node;

use super::Fleet;

#[test]
fn a_check_says_whether_the_branch_is_out_of_date() {
    let fleet = Fleet::new();
    fleet.publish("--check").differs().shows("17 created");
    assert_eq!(fleet.git("fleet.git", &["for-each-ref"]), "");
    fleet.publish("").fine();
    let before = fleet.tip("main");
    fleet.publish("--check").fine().shows("17 unchanged");
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let run = fleet.publish("--check").differs();
    assert_snapshot!("publish_check", run.unhashed());
    fleet.publish("--dry-run").fine().shows("(nothing was written)");
    let json = fleet.publish("--dry-run --format json").fine().json();
    assert_eq!(json["publish"]["commit"], serde_json::Value::Null);
    assert!(json["publish"]["message"].as_str().unwrap().starts_with("kmodgen: 6 mappings changed\n\n"), "{json}");
    assert_eq!(fleet.tip("main"), before);
    assert!(!fleet.project.path("gitops").exists());
    // Nobody has to be known for it.
    let run = fleet.project.run("publish --repo fleet.git --branch main --path clusters/prod --check").differs();
    assert!(!run.stderr.contains("error"), "{run}");
}

#[test]
fn what_a_pull_request_needs() {
    let fleet = Fleet::published();
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let body = |json: &serde_json::Value| json["publish"]["pullRequest"]["body"].as_str().unwrap().to_owned();
    let dry = fleet.publish("--branch kmm/update --pull-request --dry-run --format json").fine().json();
    let run = fleet.publish("--branch kmm/update --pull-request").fine();
    assert_snapshot!("publish_pull_request", run.unhashed());
    // A step that comes again finds the same.
    let json = fleet.publish("--branch kmm/update --pull-request --format json").fine().json();
    let wanted = &json["publish"]["pullRequest"];
    assert_eq!([&wanted["branch"], &wanted["base"]], ["kmm/update", "main"]);
    assert_eq!(wanted["title"], "kmodgen: 6 mappings changed");
    assert!(body(&json).contains("\n**On nodes: 0 mappings to load, 6 to reload, 0 to unload**\n"), "{json}");
    assert_eq!(body(&json), body(&dry));
    // The description is about all commits of the branch.
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let later = fleet.publish("--branch kmm/update --pull-request --format json").fine().json();
    assert_eq!(later["publish"]["pullRequest"]["title"], "kmodgen: 3 mappings changed");
    assert!(["\n runtime image\n", "\n build step 1\n"].iter().all(|input| body(&later).contains(input)), "{later}");
    assert_eq!(json["publish"]["commit"], serde_json::Value::Null);
    // Once it is merged there is nothing to ask for.
    fleet.git("fleet.git", &["branch", "-f", "main", "kmm/update"]);
    let json = fleet.publish("--branch kmm/update --pull-request --format json").fine().json();
    assert_eq!(json["publish"]["pullRequest"], serde_json::Value::Null);
}

#[test]
fn nodes_are_not_unloaded_in_passing() {
    let fleet = Fleet::new();
    let kernel = "  - {release: 6.1.0-9-amd64, nodes: 3}\n";
    fleet.project.edit("kmodgen.yaml", "modules:\n", &format!("{kernel}modules:\n"));
    fleet.publish("").fine();
    fleet.project.edit(
        "kmodgen.yaml",
        "    source: driver\n",
        "    source: driver\n    unless: {kernel: ['6\\.1\\..*']}\n",
    );
    let before = fleet.tip("main");
    fleet.publish("").differs().says("pass --allow-remove");
    assert_eq!(fleet.tip("main"), before);
    fleet.publish("--allow-remove").fine();
    assert_eq!(fleet.commits("main"), 2);
}

/// The files of docs/gitops.md that have commands, by their paths.
fn documented() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/gitops.md")).unwrap();
    let blocks = page.split("```yaml file=").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter_map(|block| block.split_once('\n')).map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// The texts under keys that say what to run.
fn commands(node: &Node, key: &str, found: &mut Vec<String>) {
    if let Some(entries) = node.as_mapping() {
        entries.iter().for_each(|entry| commands(&entry.value, &entry.key.value, found));
    } else if let Some(items) = node.as_sequence() {
        items.iter().for_each(|item| commands(item, key, found));
    } else if let Some(scalar) = node.as_scalar().filter(|_| ["run", "script", "entry"].contains(&key)) {
        found.push(scalar.text.clone());
    }
}

/// Values under keys that say who commits.
fn identity(node: &Node, key: &str, found: &mut Vec<(String, String)>) {
    if let Some(entries) = node.as_mapping() {
        entries.iter().for_each(|entry| identity(&entry.value, &entry.key.value, found));
    } else if let Some(scalar) = node.as_scalar().filter(|_| key.starts_with("GIT_")) {
        found.push((key.to_owned(), scalar.text.clone()));
    }
}

/// Every command that the page gives to a forge or to pre-commit runs as it is written there.
#[test]
fn documented_gates_run() {
    let fleet = Fleet::new();
    fleet.project.run("generate").fine();
    fleet.git("", &["clone", "-q", "fleet.git", "seed"]);
    fleet.git("seed", &["commit", "-q", "--allow-empty", "-m", "first"]);
    fleet.git("seed", &["push", "-q", "origin", "HEAD:main"]);
    fleet.git("", &["clone", "-q", "--bare", "fleet.git", "mine.git"]);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kmodgen"), fleet.project.path("kmodgen")).unwrap();
    let path = format!("{}:{}", fleet.project.path("").display(), std::env::var("PATH").unwrap());
    let mut ran = 0;
    for (file, text) in documented() {
        let source = SourceMap::default().add(file.clone(), text.as_str());
        // Those with several documents are for a cluster.
        let Ok(Some(node)) = kmodgen_yaml::read(source, &text) else { continue };
        let mut found = Vec::new();
        commands(&node, "", &mut found);
        let mut who = Vec::new();
        identity(&node, "", &mut who);
        for command in found.iter().filter(|command| command.contains("kmodgen ")) {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-ec", command]).current_dir(fleet.project.path("")).env_clear().env("PATH", &path);
            shell.env("GITOPS_REPO", "mine.git").env("HOME", fleet.project.path("home")).envs(who.iter().cloned());
            let output = shell.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{file}: {command}\n{said}{}", String::from_utf8_lossy(&output.stdout));
            ran += 1;
        }
    }
    assert_eq!(ran, 9, "commands");
    let wanted: serde_json::Value = serde_json::from_str(&fleet.project.read("published.json")).unwrap();
    assert_eq!(wanted["publish"]["branch"], "kmm/update", "{wanted}");
    assert_eq!(fleet.tip("main"), fleet.git("mine.git", &["rev-parse", "main"]), "it was pushed");
}

/// What a clone gives a cluster is what the files here give.
#[test]
#[ignore = "needs kubectl"]
fn kustomize_builds_the_same_of_a_clone() {
    let fleet = Fleet::published();
    fleet.project.run("generate").fine();
    fleet.tree("main", "clusters/prod");
    let build = |folder: &str| {
        let output =
            std::process::Command::new("kubectl").arg("kustomize").arg(fleet.project.path(folder)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let built = build("gitops");
    assert!(built.len() > 1000);
    assert!(built == build("clone/clusters/prod"), "other objects");
}
