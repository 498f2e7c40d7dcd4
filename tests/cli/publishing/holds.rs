//! Held modules on a branch: their files are those of a commit of the repository that is published to.

use super::Fleet;
use crate::scenario::{EL9, Run};

/// A fleet that was published twice, with another make variable in `alpha` the second time.
pub(super) fn twice() -> Fleet {
    let fleet = Fleet::published();
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    fleet.publish("").fine();
    fleet
}

fn hold(fleet: &Fleet, arguments: &str) -> Run {
    let arguments = format!("hold alpha --repo fleet.git --path clusters/prod --until 9999-12-31 {arguments} --reason");
    fleet.project.kmodgen(&arguments).arg("panics").run()
}

/// The tree of a module on a branch.
fn module(fleet: &Fleet, revision: &str, module: &str) -> String {
    fleet.git("fleet.git", &["rev-parse", &format!("{revision}:clusters/prod/{module}")])
}

#[test]
fn a_held_module_is_published_as_it_was() {
    let fleet = twice();
    hold(&fleet, "--at main~1").fine().says("module `alpha` is held at");
    let first = module(&fleet, "main~1", "alpha");
    fleet.publish("--check").differs();
    fleet.publish("--dry-run").fine().shows("3 to reload");
    fleet.publish("").fine().says("held at").shows("3 to reload");
    assert_eq!(module(&fleet, "main", "alpha"), first);
    let message = fleet.git("fleet.git", &["log", "-1", "--format=%B", "main"]);
    let at = fleet.git("fleet.git", &["rev-parse", "main~2"]);
    assert!(message.contains(&format!("\nheld\n  alpha at {} until 9999-12-31: panics\n", &at[..12])), "{message}");
    fleet.publish("").fine().says("held at").shows("nothing to publish");
    fleet.project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"1\"", "DEBUG: \"2\"");
    let beta = module(&fleet, "main", "beta");
    fleet.publish("").fine();
    assert_eq!(module(&fleet, "main", "alpha"), first);
    assert_ne!(module(&fleet, "main", "beta"), beta);
    fleet.is_sound();
    let json = fleet.publish("--format json").fine().json();
    assert_eq!((&json["holds"][0]["module"], &json["holds"][0]["overdue"]), (&"alpha".into(), &false.into()));
    fleet.project.run("hold alpha --release").fine();
    fleet.publish("").fine().shows("3 to reload");
    assert_ne!(module(&fleet, "main", "alpha"), first);
}

#[test]
fn a_held_module_is_published_in_its_layout() {
    for (first, second) in [("bundle", "bundle"), ("files", "bundle"), ("bundle", "files")] {
        let fleet = Fleet::new();
        fleet.project.append("kmodgen.yaml", &format!("output: {{layout: {first}}}\n"));
        fleet.publish("").fine();
        fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
        if first != second {
            fleet.project.edit("kmodgen.yaml", &format!("layout: {first}"), &format!("layout: {second}"));
        }
        fleet.publish("").fine();
        hold(&fleet, "--at main~1").fine();
        let beta = module(&fleet, "main", "beta");
        fleet.publish("--check").differs();
        fleet.publish("").fine().shows("3 to reload");
        assert_eq!(module(&fleet, "main", "alpha"), module(&fleet, "main~2", "alpha"), "{first}, {second}");
        assert_eq!(module(&fleet, "main", "beta"), beta);
        fleet.publish("").fine().shows("nothing to publish");
        fleet.is_sound();
        let alpha = module(&fleet, "main~1", "alpha");
        fleet.project.run("hold alpha --release").fine();
        fleet.publish("").fine().shows("3 to reload");
        assert_eq!(module(&fleet, "main", "alpha"), alpha);
    }
}

#[test]
fn a_commit_of_another_repository_stops_its_module_alone() {
    let fleet = twice();
    hold(&fleet, "--at main~1").fine();
    fleet.git("", &["init", "-q", "--bare", "-b", "main", "other.git"]);
    let run = fleet.publish("--repo other.git").differs();
    run.says("skipped module `alpha`: it is held, but commit ").says("is not in `other.git`").says("git fetch origin ");
    assert_eq!(fleet.git("other.git", &["ls-tree", "--name-only", "main:clusters/prod"]), "beta\nkustomization.yaml");
    let text = fleet.git("other.git", &["show", "main:clusters/prod/kustomization.yaml"]);
    assert!(text.contains("- beta") && !text.contains("- alpha"), "{text}");
}

#[test]
fn a_date_that_has_passed_is_told_and_publishes_the_rest() {
    let fleet = twice();
    hold(&fleet, "--at main~1").fine();
    fleet.project.edit("kmodgen.holds.yaml", "9999-12-31", "2020-01-01");
    fleet.publish("").differs().says("is still held").shows("3 to reload");
    fleet.publish("").differs().says("2020-01-01 has passed").shows("nothing to publish");
}

#[test]
fn a_held_module_has_the_kernels_of_its_commit() {
    let fleet = twice();
    fleet.project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - {release: 5.14.0-999.el9.x86_64, nodes: 2}\n");
    fleet.publish("").fine();
    hold(&fleet, "--at main~1").fine();
    let run = fleet.publish("").differs();
    run.says("would be unloaded on nodes that run 5.14.0-999.el9.x86_64 (2)")
        .says("choose a commit that has these kernels");
    fleet.publish("--allow-remove").fine().shows("unloads alpha on 5.14.0-999.el9.x86_64");
    assert_eq!(module(&fleet, "main", "alpha"), module(&fleet, "main~2", "alpha"));
    let tree = fleet.tree("main", "clusters/prod");
    assert!(tree.paths().iter().any(|path| path.starts_with(&format!("alpha/{EL9}/"))));
}
