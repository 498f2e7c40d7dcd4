//! Commits of kmodgen that reach a branch as pull requests do, which are no reverts.

use super::Fleet;
use super::reverts::{in_clone, is_skipped, module};

/// Publishes the next value of a make variable to the branch `update`, which is merged into `main` by a shell's
/// commands and then deleted.
fn merge(fleet: &Fleet, (from, to): (&str, &str), commands: &str) {
    let [from, to] = [from, to].map(|value| format!("DEBUG: \"{value}\""));
    fleet.project.edit("kmodgen.yaml", &from, &to);
    fleet.publish("--branch update --base main").fine().silent();
    // Someone else is faster.
    in_clone(fleet, "main", "date +%N >>other; git add -A; git commit -qm Other");
    in_clone(fleet, "main", commands);
    fleet.git("fleet.git", &["branch", "-q", "-D", "update"]);
    fleet.publish("").fine().silent().shows("nothing to publish");
}

#[test]
fn merged_branches_are_no_reverts() {
    let squash = "git merge -q --squash origin/update";
    let message = "git log -1 --format='Update (#12)%n%n* %B' origin/update";
    for way in [
        "git merge -q --no-ff --no-edit origin/update".to_owned(),
        "git cherry-pick origin/update".to_owned(),
        "git cherry-pick -x origin/update".to_owned(),
        "git checkout -q -B rebased origin/update; git rebase -q origin/main".to_owned(),
        format!("{squash}; {message} | git commit -qF -"),
        format!("{squash}; git commit -qm 'Update (#12)'"),
    ] {
        let fleet = Fleet::published();
        for values in [("0", "1"), ("1", "0"), ("0", "2"), ("2", "0"), ("0", "1")] {
            merge(&fleet, values, &way);
        }
        let tip = fleet.tip("main");
        let before = module(&fleet, "main~1", "alpha");
        in_clone(&fleet, "main", "git revert --no-edit HEAD || git revert --no-edit -m 1 HEAD");
        assert_eq!(module(&fleet, "main", "alpha"), before);
        if way.ends_with("(#12)'") {
            // Nothing shows that the commits are kmodgen's.
            fleet.publish("").fine();
            continue;
        }
        let published = if way.contains("--no-ff") { fleet.tip(&format!("{tip}^2")) } else { tip };
        is_skipped(fleet.publish(""), &published);
        is_skipped(fleet.publish("--branch update --base main"), &published);
    }
}

#[test]
fn parallel_branches_are_no_reverts() {
    let fleet = Fleet::published();
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    fleet.publish("--branch left --base main").fine();
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"1\"", "DEBUG: \"2\"");
    fleet.publish("--branch right --base main").fine();
    // Both change the same lines: someone takes one side.
    in_clone(
        &fleet,
        "main",
        "git merge -q --no-ff --no-edit origin/left
         git merge -q origin/right || true
         git checkout -q origin/left -- . && git commit -qm Merge",
    );
    assert_eq!(module(&fleet, "main", "alpha"), module(&fleet, "left", "alpha"));
    fleet.publish("").fine().silent().shows("3 to reload");
}
