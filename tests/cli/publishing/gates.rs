//! `--check` and `--dry-run`, as gates of pull requests.

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
    let run = fleet.publish("--branch kmm/update --pull-request").fine();
    assert_snapshot!("publish_pull_request", run.unhashed());
    // A step that comes again finds the same.
    let json = fleet.publish("--branch kmm/update --pull-request --format json").fine().json();
    let wanted = &json["publish"]["pullRequest"];
    assert_eq!([&wanted["branch"], &wanted["base"]], ["kmm/update", "main"]);
    assert_eq!(wanted["title"], "kmodgen: 6 mappings changed");
    assert!(wanted["body"].as_str().unwrap().contains("alpha: changed (runtime image)\n"), "{json}");
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
        "    source: driver\n    kernels: {exclude: ['6\\.1\\..*']}\n",
    );
    let before = fleet.tip("main");
    fleet.publish("").differs().says("say --allow-remove");
    assert_eq!(fleet.tip("main"), before);
    fleet.publish("--allow-remove").fine();
    assert_eq!(fleet.commits("main"), 2);
}
