//! Which commit a name is, from repositories on disk.

use super::world::World;

#[test]
fn every_kind_of_name() {
    let world = World::with_repository();
    world.check_all_refs(&world.file_url("a.git"));
    world.check_all_refs(&world.file_url("a"));
}

#[test]
fn a_branch_moves_between_two_resolves() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    let before = world.commit_of(&url, "main");
    let after = world.commit("a.git", "three");
    assert_ne!(before, after);
    assert_eq!(world.commit_of(&url, "main"), after);
}

#[test]
fn a_tag_is_pushed_by_force() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    assert_eq!(world.commit_of(&url, "v1"), world.rev("main~1"));
    world.git("a.git", &["tag", "-f", "-a", "-m", "again", "v1", "main"]);
    assert_eq!(world.commit_of(&url, "v1"), world.rev("main"));
}

#[test]
fn a_missing_ref_names_its_neighbours() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    let error = world.ref_error(&url, "mian");
    assert!(error.contains("cannot resolve `mian`") && error.contains("did you mean `main`?"), "{error}");
    let error = world.ref_error(&url, "zzz");
    assert!(error.contains("it has, among others, `main`"), "{error}");
}

#[test]
fn a_branch_and_a_tag_of_one_name() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    world.git("a.git", &["tag", "main", "main~1"]);
    let error = world.ref_error(&url, "main");
    assert!(error.contains("refs/heads/main") && error.contains("refs/tags/main"), "{error}");
    assert_eq!(world.commit_of(&url, "refs/tags/main"), world.rev("refs/heads/main~1"));
}

#[test]
fn commits_of_a_folder_need_no_ref() {
    let world = World::with_repository();
    let url = world.file_url("a.git");
    let orphan = world.commit("a.git", "three");
    world.git("a.git", &["reset", "-q", "--hard", "HEAD~1"]);
    assert_eq!(world.commit_of(&url, &orphan[..10]), orphan);
    assert_eq!(world.commit_of(&url, &orphan), orphan);
    let error = world.ref_error(&url, &"0123456789".repeat(4));
    assert!(error.contains("does not contain that commit"), "{error}");
    let error = world.ref_error(&url, "0123456");
    assert!(error.contains("all 40 hexadecimal digits"), "{error}");
}

#[test]
fn a_tag_of_a_tree_is_no_commit() {
    let world = World::with_repository();
    world.git("a.git", &["tag", "-a", "-m", "tree", "tree", "main^{tree}"]);
    let error = world.ref_error(&world.file_url("a.git"), "tree");
    assert!(error.contains("it is a tree, not a commit"), "{error}");
}

#[test]
fn folders_without_commits() {
    let world = World::new();
    world.git("", &["init", "-q", "--bare", "empty.git"]);
    let error = world.ref_error(&world.file_url("empty.git"), "main");
    assert!(error.contains("the repository is empty"), "{error}");
    let error = world.server_error(&world.file_url("nowhere"));
    assert!(error.contains("there is no git repository: the folder does not exist"), "{error}");
    let error = world.server_error(&world.file_url(""));
    assert!(error.contains("the folder is none"), "{error}");
}

#[test]
#[ignore = "needs root"]
fn folders_of_other_users_are_read() {
    let world = World::with_repository();
    let main = world.rev("main");
    let changed = world.command("chown").args(["-R", "12345"]).arg(world.path("a.git")).status();
    assert!(changed.unwrap().success());
    assert_eq!(world.commit_of(&world.file_url("a.git"), "main"), main);
}

#[test]
fn instead_of_rewrites_the_longest_prefix() {
    let world = World::with_repository();
    let base = world.file_url("");
    world.configure(&format!(
        "[url \"file:///nowhere/\"]\n insteadOf = https://git.example.com/\n\
         [url \"{base}\"]\n insteadOf = https://git.example.com/team/\n"
    ));
    world.check_all_refs("https://git.example.com/team/a.git");
    let error = world.server_error("https://git.example.com/a.git");
    assert!(
        error.contains("`https://git.example.com/a.git` (`file:///nowhere/a.git` by git's `insteadOf`):"),
        "{error}"
    );
}

#[test]
fn broken_settings_are_named() {
    let world = World::with_repository();
    world.configure("[url\n");
    let error = world.server_error("https://git.example.com/a.git");
    assert!(error.contains("a setting cannot be used") && error.contains("gitconfig"), "{error}");
    // A repository on disk is read without them.
    assert!(world.resolve(&world.file_url("a.git"), &["main"]).unwrap()[0].is_ok());
}
