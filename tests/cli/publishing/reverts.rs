//! Commits of kmodgen that someone reverts: `publish` does not publish the same thing again.

use std::fs;
use std::process::Command;

use super::Fleet;
use super::holds::twice;
use crate::scenario::Run;

/// Changes a branch in a clone, by a shell's commands.
pub(super) fn in_clone(fleet: &Fleet, branch: &str, commands: &str) {
    let _ = fs::remove_dir_all(fleet.project.path("theirs"));
    fleet.git("", &["clone", "-q", "-b", branch, "fleet.git", "theirs"]);
    let mut command = Command::new("sh");
    command.args(["-ec", commands]).current_dir(fleet.project.path("theirs"));
    command.envs(super::WHO).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{commands}: {}", String::from_utf8_lossy(&output.stderr));
    fleet.git("theirs", &["push", "-q", "origin", &format!("HEAD:{branch}")]);
}

/// Reverts the last commit of `main`.
fn revert(fleet: &Fleet) {
    in_clone(fleet, "main", "git revert --no-edit HEAD");
}

/// Returns the Git ID of the folder of a module.
pub(super) fn module(fleet: &Fleet, revision: &str, module: &str) -> String {
    fleet.git("fleet.git", &["rev-parse", &format!("{revision}:clusters/prod/{module}")])
}

/// Checks that a run skips `alpha` because the commit with this ID was reverted.
pub(super) fn is_skipped(run: Run, commit: &str) -> Run {
    let short = commit.get(..12).unwrap();
    run.differs().says(&format!(
        "skipped module `alpha`: it was reverted on branch `main`, but the manifest still asks for the state of commit {short}"
    ))
}

#[test]
fn a_reverted_module_is_published_only_if_someone_asks_for_it() {
    for layout in ["", "output: {layout: bundle}\n"] {
        let fleet = Fleet::new();
        fleet.project.append("kmodgen.yaml", layout);
        fleet.publish("").fine();
        fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
        fleet.publish("").fine();
        let second = fleet.tip("main");
        revert(&fleet);
        let reverted = fleet.tip("main");
        for arguments in ["", "--check", "--dry-run", "--force --allow-remove", "--again beta"] {
            let run = fleet.publish(arguments);
            is_skipped(run, &second)
                .says(&format!("kmodgen hold alpha --repo fleet.git --path clusters/prod --at {reverted} "))
                .says("pass --again alpha");
            assert_eq!(fleet.tip("main"), reverted);
        }
        let json = fleet.publish("--format json").differs().json();
        assert_eq!(json["refused"][0]["module"], "alpha");
        // The commit of another module is on top of the revert then.
        fleet.project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
        for forget in [false, true] {
            if forget {
                fs::remove_dir_all(fleet.project.cache()).unwrap();
            }
            is_skipped(fleet.publish(""), &second);
        }
        assert_eq!(module(&fleet, "main", "alpha"), module(&fleet, &reverted, "alpha"));
        assert_ne!(module(&fleet, "main", "beta"), module(&fleet, &reverted, "beta"));
        fleet.project.run("generate").fine();
        // Both ways on.
        let hold = format!("hold alpha --repo fleet.git --path clusters/prod --at {reverted} --until 9999-12-31");
        fleet.project.kmodgen(&hold).arg("--reason").arg("panics").run().fine();
        fleet.publish("").fine().says("held at").shows("nothing to publish");
        fleet.project.run("hold alpha --release").fine();
        is_skipped(fleet.publish(""), &second);
        fleet.publish("--again alpha").fine().shows("3 to reload");
        assert_eq!(module(&fleet, "main", "alpha"), module(&fleet, &second, "alpha"));
        fleet.publish("").fine().shows("nothing to publish");
        let third = fleet.tip("main");
        revert(&fleet);
        is_skipped(fleet.publish(""), &third);
        fleet.is_sound();
    }
}

#[test]
fn only_modules_that_exist_are_published_again() {
    let fleet = Fleet::new();
    let message = "neither the manifest nor the output folder has a module `alhpa`; did you mean";
    for flag in ["--again", "--take-over"] {
        let run = fleet.publish(&format!("{flag} alhpa")).trouble();
        run.says(&format!("error: {flag}: {message} `{flag} alpha`?\n"));
        assert_eq!(fleet.git("fleet.git", &["for-each-ref"]), "");
        fleet.publish(&format!("{flag} alpha --dry-run")).fine();
    }
    // A module that someone brought back is only on the branch.
    fleet.publish("").fine();
    let manifest = fleet.project.read("kmodgen.yaml");
    fleet.project.write("kmodgen.yaml", manifest.split("  - name: beta\n").next().unwrap());
    fleet.publish("--again beta --allow-remove").fine().shows("removed");
    fleet.publish("--again beta").trouble().says("has a module `beta`");
}

#[test]
fn a_changed_manifest_answers_a_revert() {
    let fleet = twice();
    revert(&fleet);
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"1\"", "DEBUG: \"2\"");
    fleet.publish("").fine().says("note: module `alpha` was reverted on branch `main` after commit ");
    fleet.publish("").fine().silent().shows("nothing to publish");
    // The manifest goes back itself, and on again.
    for debug in [("2", "1"), ("1", "0"), ("0", "1"), ("1", "2")] {
        let [from, to] = [debug.0, debug.1].map(|value| format!("DEBUG: \"{value}\""));
        fleet.project.edit("kmodgen.yaml", &from, &to);
        fleet.publish("").fine().silent();
    }
    // A revert of several commits at once.
    let last = fleet.tip("main");
    in_clone(&fleet, "main", "git revert --no-edit HEAD HEAD~1");
    is_skipped(fleet.publish(""), &last);
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"2\"", "DEBUG: \"0\"");
    fleet.publish("").fine().silent().shows("nothing to publish");
}

#[test]
fn each_module_of_a_reverted_commit_counts_for_itself() {
    let fleet = Fleet::published();
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    fleet.project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    fleet.publish("").fine();
    let second = fleet.tip("main");
    fleet.project.edit("kmodgen.yaml", &"3".repeat(40), &"4".repeat(40));
    fleet.publish("").fine();
    let beta = module(&fleet, "main", "beta");
    in_clone(
        &fleet,
        "main",
        "git revert --no-commit HEAD~1 || git checkout -q HEAD -- clusters/prod/beta; git add -A; git commit -qm Revert",
    );
    assert_eq!(module(&fleet, "main", "beta"), beta);
    is_skipped(fleet.publish(""), &second);
    assert_eq!(module(&fleet, "main", "beta"), beta);
    // A state that no commit had is an edit.
    in_clone(&fleet, "main", "echo '# mine' >>clusters/prod/beta/module.yaml; git commit -qam Edit");
    fleet.project.edit("kmodgen.yaml", &"4".repeat(40), &"5".repeat(40));
    is_skipped(fleet.publish(""), &second).says("beta/module.yaml").says("edited by hand");
}

#[test]
fn modules_come_and_go_by_reverts() {
    let fleet = Fleet::published();
    let text = fleet.project.read("kmodgen.yaml");
    let (alone, _) = text.split_once("  - name: beta\n").unwrap();
    fleet.project.write("kmodgen.yaml", alone);
    fleet.publish("--allow-remove").fine();
    let removal = fleet.tip("main");
    revert(&fleet);
    let beta = module(&fleet, "main", "beta");
    let run = fleet.publish("--allow-remove").differs();
    run.says(&format!("`beta`: it was brought back on branch `main` after commit {} removed it", &removal[..12]))
        .says("to remove it again, pass --again beta");
    assert_eq!(module(&fleet, "main", "beta"), beta);
    fleet.publish("--again beta").differs().says("it would lose all its kernels");
    fleet.publish("--again beta --allow-remove").fine();
    fleet.project.write("kmodgen.yaml", &text);
    fleet.publish("").fine().silent();
    // The commit that added it is reverted.
    revert(&fleet);
    let run = fleet.publish("").differs();
    run.says("skipped module `beta`: it was reverted").says("to do without it, remove it from the manifest");
    let top = fleet.git("fleet.git", &["show", "main:clusters/prod/kustomization.yaml"]);
    assert!(top.contains("- alpha") && !top.contains("- beta"), "{top}");
    fleet.publish("--again beta").fine();
    assert_eq!(module(&fleet, "main", "beta"), beta);
    fleet.publish("").fine().silent().shows("nothing to publish");
    fleet.is_sound();
}

#[test]
fn clusters_are_reverted_one_by_one() {
    let fleet = Fleet::new();
    fleet.project.append("kmodgen.yaml", "clusters: {north: {}, south: {namespace: other}}\n");
    fleet.publish("").fine();
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    fleet.publish("").fine();
    let second = fleet.tip("main");
    in_clone(&fleet, "main", "git checkout -q HEAD~1 -- clusters/prod/north; git commit -qm Back");
    let tip = fleet.tip("main");
    let run = fleet.publish("");
    is_skipped(run, &second)
        .says(&format!("kmodgen hold alpha --cluster north --repo fleet.git --path clusters/prod --at {tip} "));
    fleet.publish("--cluster south").fine().shows("nothing to publish");
    fleet.publish("--cluster north --again alpha").fine();
    assert_eq!(fleet.tip("main:clusters"), fleet.tip(&format!("{second}:clusters")));
}

#[test]
fn without_a_past_of_kmodgen_nothing_is_noticed() {
    // A template of messages without trailers.
    let fleet = Fleet::published();
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    fleet.publish("--message {{subject}}").fine();
    revert(&fleet);
    fleet.publish("").fine().silent().shows("3 to reload");
    // A shallow clone.
    revert(&fleet);
    let url = format!("file://{}", fleet.project.path("fleet.git").display());
    fleet.git("", &["clone", "-q", "--bare", "--depth=1", &url, "shallow.git"]);
    fleet.publish("--repo shallow.git").fine().silent();
    // A branch that was reset.
    is_skipped(fleet.publish(""), &fleet.tip("main~1"));
    let first = fleet.tip("main~4");
    fleet.git("fleet.git", &["update-ref", "refs/heads/main", &first]);
    fleet.publish("").fine().silent().shows("3 to reload");
}

#[test]
fn a_strange_past_stops_nothing() {
    // Clocks are wrong, and the folder was a file once.
    let fleet = Fleet::new();
    fleet.commit("main", "echo x >clusters");
    in_clone(&fleet, "main", "git rm -q clusters; GIT_COMMITTER_DATE='4000000000 +0000' git commit -qm Future");
    fleet.publish("").fine();
    for (from, to) in [("0", "1"), ("1", "2")] {
        fleet.project.edit("kmodgen.yaml", &format!("DEBUG: \"{from}\""), &format!("DEBUG: \"{to}\""));
        fleet.publish("").fine();
    }
    let third = fleet.tip("main");
    let folder = module(&fleet, "main~1", "alpha");
    in_clone(&fleet, "main", "GIT_COMMITTER_DATE='631152000 +0000' git revert --no-edit HEAD HEAD~1");
    is_skipped(fleet.publish(""), &third);
    // An object is missing.
    let object = format!("fleet.git/objects/{}/{}", &folder[..2], &folder[2..]);
    let bytes = fs::read(fleet.project.path(&object)).unwrap();
    fleet.project.remove(&object);
    fleet.publish("--dry-run").fine().silent().shows("3 to reload");
    fs::write(fleet.project.path(&object), bytes).unwrap();
    is_skipped(fleet.publish("--dry-run"), &third);
    // A message is larger than any of kmodgen.
    in_clone(&fleet, "main", "yes | head -c 2000000 | git commit -q --allow-empty -F -");
    fleet.publish("").fine().silent().shows("3 to reload");
}
