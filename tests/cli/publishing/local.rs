//! A repository on disk: what is on the branch is what `generate` writes, and nothing else is
//! touched.

use super::Fleet;
use crate::scenario::{DEBIAN, EL9, Project, Tree};

/// What `generate` makes of the same manifest.
fn generated(fleet: &Fleet) -> Tree {
    let fresh = Project::fleet();
    fresh.write("kmodgen.yaml", fleet.project.read("kmodgen.yaml"));
    fresh.run("generate").fine();
    fresh.output()
}

#[test]
fn the_branch_has_what_generate_writes() {
    let fleet = Fleet::new();
    let run = fleet.publish("").fine().silent();
    assert_snapshot!("publish_first", run.unhashed());
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
    fleet.is_sound();
    let first = fleet.tip("main");
    let run = fleet.publish("").fine().silent();
    assert_snapshot!("publish_again", run);
    assert_eq!(fleet.tip("main"), first, "nothing changed, and no commit");
    // A machine that remembers nothing sees the same.
    std::fs::remove_dir_all(fleet.project.cache()).unwrap();
    fleet.publish("").fine().shows("nothing to publish");
    assert_eq!(fleet.tip("main"), first);
    assert!(!fleet.project.path("gitops").exists(), "nothing is written beside the manifest");
}

#[test]
fn only_what_changed_is_new() {
    let fleet = Fleet::published();
    fleet.commit(
        "main",
        "mkdir -p apps clusters/prod/notes; echo x > apps/x; echo n > clusters/prod/notes/n; chmod +x apps/x",
    );
    let id = |path: &str| fleet.git("fleet.git", &["rev-parse", &format!("main:{path}")]);
    let kept = ["apps", "clusters/prod/notes", "clusters/prod/beta", &format!("clusters/prod/alpha/{EL9}")];
    let before = kept.map(id);
    // A kernel goes, and one comes.
    let (from, to) = (format!("  - {DEBIAN}\n"), "  - 6.1.0-99-amd64\n");
    fleet.project.edit("kmodgen.yaml", &from, to);
    for forget in [false, true] {
        if forget {
            fleet.git("fleet.git", &["reset", "--soft", "HEAD~1"]);
            std::fs::remove_dir_all(fleet.project.cache()).unwrap();
        }
        let run = fleet.publish("--format json").fine();
        assert_eq!(run.summary(), [4, 4, 9, 4, 0], "{run}");
        let after = kept.map(id);
        assert_eq!((&after[..2], &after[3]), (&before[..2], &before[3]), "subtrees keep their ids");
        assert_eq!(fleet.git("fleet.git", &["ls-tree", "main", "apps/x"]).split(' ').next(), Some("100755"));
        let mut expected = generated(&fleet).paths().iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        expected.push("notes/n".into());
        expected.sort();
        assert_eq!(fleet.tree("main", "clusters/prod").paths(), expected);
        fleet.is_sound();
    }
}

#[test]
fn the_last_mapping_takes_its_folders_along() {
    let fleet = Fleet::published();
    let text = fleet.project.read("kmodgen.yaml");
    let (before, _) = text.split_once("  - name: beta\n").unwrap();
    fleet.project.write("kmodgen.yaml", before);
    fleet.publish("").differs().says("skipped module `beta`: it would lose all its kernels");
    fleet.publish("--allow-remove").fine().shows("unloads beta");
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
    fleet.is_sound();
}

#[test]
fn edits_by_hand_are_kept_and_named() {
    let fleet = Fleet::published();
    let edited = format!("clusters/prod/alpha/{EL9}/Dockerfile");
    fleet.commit("main", &format!("echo RUN true >> '{edited}'"));
    let run = fleet.publish("").differs();
    assert_snapshot!("publish_conflict", run.unhashed());
    // It holds up nothing else.
    fleet.project.edit("kmodgen.yaml", "name: beta", "name: gamma");
    fleet.publish("").differs().shows("created  clusters/prod/gamma/module.yaml");
    assert!(fleet.git("fleet.git", &["show", &format!("main:{edited}")]).ends_with("RUN true"));
    fleet.publish("--force --allow-remove").fine();
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
    fleet.is_sound();
}

#[test]
fn a_branch_begins_at_its_base() {
    let fleet = Fleet::new();
    fleet.commit("main", "echo main > which");
    fleet.commit("release", "echo release > which");
    let on = |branch: &str| fleet.git("fleet.git", &["show", &format!("{branch}:which")]);
    fleet.publish("--branch from-head").fine().shows("on new branch `from-head`");
    fleet.publish("--branch from-release --base release").fine();
    assert_eq!([on("from-head"), on("from-release")], ["main", "release"]);
    // What the base has already is no reason for a branch.
    fleet.publish("").fine();
    fleet.publish("--branch needless --base main").fine().shows("nothing to publish");
    assert!(!fleet.git("fleet.git", &["branch", "--list", "needless"]).contains("needless"));
    let run = fleet.publish("--branch new --base relaese").trouble();
    assert!(
        run.stderr.contains("there is no branch `relaese`") && run.stderr.contains("did you mean `release`?"),
        "{run}"
    );
    let run = fleet.publish("--branch main/x --path other").trouble();
    assert!(run.stderr.contains("there is a branch `main`"), "{run}");
    fleet.is_sound();
}

#[test]
fn a_work_tree_is_not_left_behind() {
    let fleet = Fleet::new();
    fleet.git("", &["init", "-q", "-b", "main", "work"]);
    fleet.git("work", &["commit", "-q", "--allow-empty", "-m", "first"]);
    let publish = |branch: &str| fleet.publish(&format!("--repo work --branch {branch}"));
    let run = publish("main").trouble();
    assert_snapshot!("publish_checked_out", run);
    publish("fleet").fine();
    assert_eq!(fleet.git("work", &["rev-list", "--count", "fleet"]), "2");
    // One that is checked out in another folder is no better.
    fleet.git("work", &["worktree", "add", "-q", "../linked", "fleet"]);
    publish("fleet").trouble().says("checked out in").says("linked");
    assert_eq!(fleet.git("work", &["status", "--porcelain"]), "");
    assert_eq!(fleet.git("linked", &["status", "--porcelain"]), "");
    fleet.publish("--repo linked --branch other --path elsewhere").fine();
    assert_eq!(fleet.git("work", &["rev-list", "--count", "other"]), "3");
    // To look is no harm.
    publish("main --check").differs();
    let log = fleet.git("work", &["reflog", "show", "fleet"]);
    assert!(log.contains("kmodgen publish: kmodgen: 6 mappings added"), "{log}");
}

#[test]
fn clusters_have_a_folder_each() {
    let fleet = Fleet::new();
    fleet.project.append("kmodgen.yaml", "clusters: {north: {}, south: {namespace: other}}\n");
    fleet.publish("").fine();
    let south = fleet.tip("main:clusters/prod/south");
    fleet.project.edit("kmodgen.yaml", "north: {}", "north: {namespace: third}");
    let run = fleet.publish("--format json").fine();
    assert_eq!(run.json()["files"][0]["path"].as_str().unwrap().split('/').next(), Some("north"));
    assert_eq!(fleet.tip("main:clusters/prod/south"), south);
    assert_eq!(fleet.commits("main"), 2, "one commit for all of them");
    fleet.publish("--cluster south").fine().shows("nothing to publish");
    fleet.project.edit("kmodgen.yaml", "south: {namespace: other}", "west: {}");
    fleet.publish("").differs().says("`clusters/prod/south` does not belong to a cluster any more");
    fleet.is_sound();
}

#[test]
fn the_manifest_says_where() {
    let fleet = Fleet::new();
    fleet.project.append(
        "kmodgen.yaml",
        "publish: {repo: fleet.git, branch: kmm, path: ., message: 'kmm: {{ added }} added'}\n",
    );
    let publish = |arguments: &str| {
        let run = fleet.project.kmodgen(&format!("publish {arguments}"));
        super::WHO.iter().fold(run, |run, (name, value)| run.env(name, value)).run()
    };
    publish("").fine();
    assert_eq!(fleet.git("fleet.git", &["log", "--format=%B", "kmm"]), "kmm: 6 added");
    assert_eq!(fleet.git("fleet.git", &["ls-tree", "--name-only", "kmm"]), "alpha\nbeta\nkustomization.yaml");
    publish("--branch other --path x").fine().shows("`other`");
    publish("--check").fine();
}

/// Many files are one pack, whose objects are read as git reads them.
#[test]
fn many_files_are_one_pack() {
    let fleet = Fleet::new();
    let kernels: String = (0..120).map(|number| format!("  - 6.1.{number}-1-amd64\n")).collect();
    fleet.project.edit("kmodgen.yaml", "modules:\n", &format!("{kernels}modules:\n"));
    fleet.publish("").fine();
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
    fleet.is_sound();
    let packs = || fleet.git("fleet.git", &["count-objects", "-v"]);
    assert!(packs().contains("count: 0\n") && packs().contains("packs: 1\n"), "{}", packs());
    assert!(packs().contains("garbage: 0\n"), "{}", packs());
    let index = fleet.git("fleet.git", &["rev-parse", "--git-path", "objects/pack"]);
    let pack = std::fs::read_dir(fleet.project.path("fleet.git").join(index)).unwrap().flatten();
    let pack = pack.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "idx")).unwrap();
    let listed = fleet.git("fleet.git", &["verify-pack", "-v", &pack.display().to_string()]);
    assert!(listed.contains("chain length = 1: "), "files are told from one another");
    // A change of all of them reads what was packed.
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    std::fs::remove_dir_all(fleet.project.cache()).unwrap();
    let run = fleet.publish("--format json").fine();
    assert_eq!(run.summary(), [0, 494, 3, 0, 0], "{run}");
    assert_eq!(fleet.tree("main", "clusters/prod"), generated(&fleet));
    fleet.is_sound();
}
