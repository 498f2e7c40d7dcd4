//! Which commit a name is, from repositories on disk.

use super::world::{Server, World, complaint};

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
    assert!(error.contains("some of its refs: `main`"), "{error}");
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
    assert!(error.contains("the folder is not the top of a repository"), "{error}");
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

/// Serves a repository with the protocol that sends commits by the id of a ref alone.
fn serve_old_protocol(world: &World) -> (Server, String) {
    world.configure("[protocol]\n version = 0\n");
    world.git("a.git", &["tag", "-d", "light"]);
    let (server, port) = world.serve_git();
    (server, format!("git://127.0.0.1:{port}/a.git"))
}

#[test]
fn a_commit_that_is_not_sent_by_id_is_fetched_by_ref() {
    let world = World::with_repository();
    let (_server, url) = serve_old_protocol(&world);
    let commit = world.resolve(&url, &["v1"]).unwrap().remove(0).unwrap();
    let expected = world.git("a.git", &["log", "-1", "--format=%H %ct", "v1"]);
    assert_eq!(format!("{} {}", commit.id, commit.date.unwrap().seconds()), expected);
}

#[test]
fn a_tag_of_a_tree_has_no_date() {
    let world = World::with_repository();
    world.git("a.git", &["tag", "-a", "-m", "tree", "tree", "main^{tree}"]);
    let (_server, url) = serve_old_protocol(&world);
    let commits = world.resolve(&url, &["tree", "main"]).unwrap();
    let error = complaint(commits[0].as_ref().unwrap_err());
    assert!(error.starts_with("cannot resolve `tree` in ") && error.contains("cannot get the date"), "{error}");
    assert_eq!(commits[1].as_ref().unwrap().id.as_str(), world.rev("main"));
}

#[test]
fn a_server_without_objects_is_named() {
    let mut world = World::with_repository();
    let (_server, port) = world.serve_git();
    let git = std::env::var_os("PATH").unwrap();
    let git = std::env::split_paths(&git).map(|folder| folder.join("git")).find(|path| path.is_file()).unwrap();
    let refusal = "echo 'fatal: remote error: no objects for you' >&2; exit 128";
    let script = format!("case \" $* \" in *' fetch '*) {refusal} ;; esac\nexec '{}' \"$@\"", git.display());
    std::fs::create_dir(world.path("bin")).unwrap();
    world.script("bin/git", &script);
    world.set("PATH", &format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap()));
    let error = world.ref_error(&format!("git://127.0.0.1:{port}/a.git"), "main");
    assert!(error.contains("cannot resolve `main` in `git://127.0.0.1:"), "{error}");
    assert!(error.contains("cannot get the date of its commit: the server failed"), "{error}");
    assert!(error.contains("no objects for you"), "{error}");
}

#[test]
fn commits_of_sha256_have_dates() {
    let world = World::new();
    world.git("", &["init", "-q", "-b", "main", "--object-format=sha256", "b.git"]);
    let id = world.commit("b.git", "one");
    let (_server, port) = world.serve_git();
    let commit = world.resolve(&format!("git://127.0.0.1:{port}/b.git"), &["main"]).unwrap().remove(0).unwrap();
    assert_eq!((commit.id.as_str(), commit.date.unwrap().seconds()), (id.as_str(), 1_777_636_803));
}
