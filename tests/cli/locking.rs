//! The lock: what a ref stands for is asked once, written down, and asked again only by `update`.

use crate::git_servers::world::{World, free_port};
use crate::scenario::{EL9, Project, commit_id};

/// A module whose source is at `url` and `reference`, and one whose source is pinned by commit.
fn project(url: &str, reference: &str) -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "https://git.example.com/driver.git", url);
    project.edit("kmodgen.yaml", &format!("\"{}\"", commit_id('1')), reference);
    project
}

/// A URL that nothing answers at.
fn dead_url() -> String {
    format!("http://127.0.0.1:{}/driver.git", free_port())
}

fn lock_of(url: &str, reference: &str, commit: &str) -> String {
    dated_lock_of(url, reference, commit, None)
}

fn dated_lock_of(url: &str, reference: &str, commit: &str, date: Option<&str>) -> String {
    let commit = kmodgen_yaml::inline(commit);
    let date = date.map(|date| format!("    date: \"{date}\"\n")).unwrap_or_default();
    format!(
        "# Written by `kmodgen lock` and `kmodgen update`. Commit it beside the manifest.\nversion: 2\ntemplates: 1\n\
         sources:\n  - git: {url}\n    ref: {reference}\n    commit: {commit}\n{date}"
    )
}

/// Date of the newest commit of [`World::with_repository`].
const DATE: &str = "2026-05-01T12:00:03Z";

#[test]
fn an_old_entry_gets_its_date_by_update_alone() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    let old = lock_of(&url, "main", &world.rev("main")).replace("version: 2", "version: 1");
    let project = project(&url, "main").with("kmodgen.lock", &old);
    project.run("generate").fine();
    let before = project.read(&format!("gitops/alpha/{EL9}/Dockerfile"));
    assert!(before.contains("KBUILD_BUILD_TIMESTAMP=1980-01-01T00:00:00Z"), "{before}");
    project.run("lock").fine();
    assert_eq!(project.read("kmodgen.lock"), lock_of(&url, "main", &world.rev("main")));
    project.run("generate").fine().shows("17 unchanged");
    project.run("update").fine().shows("driver: main is up to date");
    assert_eq!(project.read("kmodgen.lock"), dated_lock_of(&url, "main", &world.rev("main"), Some(DATE)));
    project.run("generate").fine();
    let after = project.read(&format!("gitops/alpha/{EL9}/Dockerfile"));
    assert!(after.contains(&format!("KBUILD_BUILD_TIMESTAMP={DATE}")), "{after}");
    assert!(after.contains(&format!("org.opencontainers.image.created={DATE}")), "{after}");
}

#[test]
fn generate_resolves_and_writes_the_lock() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    let project = project(&url, "main");
    project.run("generate").fine();
    assert_eq!(project.read("kmodgen.lock"), dated_lock_of(&url, "main", &world.rev("main"), Some(DATE)));
    assert!(project.read(&format!("gitops/alpha/{EL9}/Dockerfile")).contains(&world.rev("main")));
    let before = project.tree();
    world.commit("a.git", "three");
    project.run("generate").fine().shows("17 unchanged");
    project.run("generate --check").fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new(), "the lock stays until `update`");
}

#[test]
#[ignore = "needs python3"]
fn over_http() {
    let world = World::with_repository();
    let (_server, port) = world.serve_http(&[]);
    let project = project(&format!("http://127.0.0.1:{port}/a.git/.git"), "v1");
    project.run("lock").fine();
    assert!(project.read("kmodgen.lock").contains(&world.rev("v1^{commit}")));
}

#[test]
fn a_complete_lock_asks_nobody() {
    let url = dead_url();
    let project = project(&url, "main").with("kmodgen.lock", lock_of(&url, "main", &commit_id('7')));
    for verb in ["generate", "generate --check", "plan", "lock", "lock --locked", "generate --offline"] {
        project.run(verb).fine();
    }
    assert!(project.read(&format!("gitops/alpha/{EL9}/Dockerfile")).contains(&commit_id('7')));
    project.run("update").trouble().says("cannot connect to `127.0.0.1:");
}

#[test]
fn full_commits_need_neither_lock_nor_server() {
    let project = project(&dead_url(), &commit_id('7'));
    project.run("generate --offline").fine();
    project.run("update").fine();
    assert!(project.read("kmodgen.lock").ends_with("sources: []\n"));
}

#[test]
fn what_is_missing_is_an_error_where_nobody_may_be_asked() {
    let world = World::with_repository();
    let project = project(&world.file_url("a.git"), "main");
    let before = project.tree();
    for (name, verb) in [
        ("not_locked_check", "generate --check"),
        ("not_locked", "generate --locked"),
        ("not_locked_offline", "generate --offline"),
    ] {
        let run = project.run(verb).trouble();
        assert_snapshot!(name, run.to_string().replace(&world.file_url("a.git"), "[url]"));
    }
    for verb in ["plan --locked", "lock --offline", "lock --locked", &format!("explain {EL9} --offline")] {
        project.run(verb).trouble().says("`main` is not pinned in kmodgen.lock");
    }
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
}

#[test]
fn a_server_that_is_away_leaves_everything_as_it_is() {
    let project = project(&dead_url(), "main");
    let before = project.tree();
    project.run("generate").trouble().says("error[unresolved-ref]").says("kmodgen.yaml:5:10").says("cannot connect");
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
}

#[test]
fn a_ref_that_is_not_there() {
    let world = World::with_repository();
    let project = project(&world.file_url("a.git"), "mian");
    project.run("generate").trouble().says("kmodgen.yaml:6:10").says("did you mean `main`?");
    assert!(!project.path("gitops").exists() && !project.path("kmodgen.lock").exists());
}

#[test]
fn update_moves_what_it_is_asked_to() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    let project = project(&url, "main");
    project.edit("kmodgen.yaml", "https://git.example.com/tools.git", &url);
    project.edit("kmodgen.yaml", &format!("\"{}\"", commit_id('2')), "v1");
    project.run("generate").fine();
    let (old, old_tag) = (world.rev("main"), world.rev("v1^{commit}"));
    let new = world.commit("a.git", "three");
    world.git("a.git", &["tag", "-f", "-a", "-m", "again", "v1", "main"]);

    project.run("update tools").fine().shows(&format!("tools: v1 {old_tag} -> {new}\n"));
    assert!(project.read("kmodgen.lock").contains(&old), "`main` was not named");
    project.run("update").fine().shows(&format!("driver: main {old} -> {new}\ntools: v1 is up to date\n"));
    project.run("update").fine().shows("driver: main is up to date\n");
    project.run("generate").fine().shows("6 to reload");
}

#[test]
fn update_of_an_unknown_source() {
    let project = Project::fleet();
    assert_snapshot!("update_near", project.run("update drivr").trouble());
    assert_snapshot!("update_far", project.run("update xyz").trouble());
    assert!(!project.path("kmodgen.lock").exists());
}

#[test]
fn the_lock_is_canonical_and_holds_no_more_than_needed() {
    let url = dead_url();
    let project = project(&url, "main").with("kmodgen.lock", lock_of(&url, "main", &commit_id('7')));
    project.append("kmodgen.lock", "  - git: https://git.example.com/gone.git\n    ref: main\n    commit: \"");
    project.append("kmodgen.lock", &(commit_id('8') + "\" # a comment\n"));
    project.run("generate").fine();
    assert!(project.read("kmodgen.lock").contains("gone.git"), "generate adds, and lock tidies");
    project.run("lock").fine().says("kmodgen.lock written");
    assert_eq!(project.read("kmodgen.lock"), lock_of(&url, "main", &commit_id('7')));
    let before = project.tree();
    project.run("lock").fine().says("kmodgen.lock is complete");
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());

    project.write("kmodgen.lock", lock_of(&url, "main", &commit_id('7')).replace('\n', "\r\n"));
    let before = project.tree();
    project.run("generate").fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new(), "a CRLF checkout is the same lock");
}

#[test]
fn a_damaged_lock() {
    let (ours, theirs) = (commit_id('7'), commit_id('8'));
    let lock = lock_of("https://git.example.com/driver.git", "main", &ours);
    let conflict = format!("<<<<<<< ours\n    commit: \"{ours}\"\n=======\n    commit: \"{theirs}\"\n>>>>>>> theirs\n");
    for (name, text) in [
        ("lock_merge_conflict", lock.replace(&format!("    commit: \"{ours}\"\n"), &conflict)),
        ("lock_newer", lock.replace("version: 2", "version: 3")),
        ("lock_bad_commit", lock.replace(&ours, "7777")),
        ("lock_empty", String::new()),
    ] {
        let project = project("https://git.example.com/driver.git", "main").with("kmodgen.lock", &text);
        let before = project.tree();
        assert_snapshot!(name, project.run("generate").trouble());
        assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    }
}
