//! SSH, through a real sshd and through commands that stand in its place.

use std::time::{Duration, Instant};

use super::world::{World, ends, text};
use crate::scenario::HANG;

/// An ssh that runs the command on this machine, and notes how it was called.
fn local_ssh(world: &World) -> String {
    let log = world.path("ssh.log").display().to_string();
    world.script("local-ssh", &format!("echo \"$@\" >> '{log}'\nfor last; do :; done\nexec sh -c \"$last\""))
}

#[test]
fn both_forms_of_urls() {
    let mut world = World::with_repository();
    let ssh = local_ssh(&world);
    world.set("GIT_SSH_COMMAND", &format!("{ssh} -v"));
    world.set("GIT_SSH_VARIANT", "ssh");
    let path = world.path("a.git").display().to_string();
    world.check_all_refs(&format!("ssh://git@h.example:2222{path}"));
    world.check_all_refs(&format!("git@h.example:{path}"));
    // One connection lists refs, another one fetches commits.
    let [one, other] = ["-p 2222 git", "git"].map(|user| format!("-v {user}@h.example git-upload-pack '{path}'\n"));
    assert_eq!(
        text(&world.path("ssh.log")).replace("-o SendEnv=GIT_PROTOCOL ", ""),
        [one.repeat(2), other.repeat(2)].concat()
    );
}

#[test]
fn the_command_comes_from_the_settings() {
    let mut world = World::with_repository();
    let ssh = local_ssh(&world);
    let url = format!("h.example:{}", world.path("a.git").display());
    world.configure(&format!("[core]\n sshCommand = {ssh}\n"));
    world.set("GIT_SSH", "/nonexistent");
    world.check_all_refs(&url);
    world.configure("");
    let error = world.server_error(&url);
    assert!(error.contains("`/nonexistent` is not installed"), "{error}");
    world.set("GIT_SSH", &ssh);
    world.check_all_refs(&url);
}

#[test]
fn what_the_server_says_is_passed_on() {
    let mut world = World::with_repository();
    let ssh = local_ssh(&world);
    world.set("GIT_SSH_COMMAND", &ssh);
    let error = world.server_error("h.example:/nonexistent/a.git");
    assert!(error.contains("there is no git repository") && error.contains("does not appear"), "{error}");
    let refuse = world.script("refuse", "printf 'git@h: Permission denied (publickey).\\r\\n' >&2; exit 255");
    world.set("GIT_SSH_COMMAND", &refuse);
    let error = world.server_error("h.example:a.git");
    assert!(error.contains("accepted none of your SSH keys: git@h: Permission denied (publickey)."), "{error}");
    world.set("GIT_SSH_COMMAND", "echo Welcome!; :");
    let error = world.server_error("h.example:a.git");
    assert!(error.contains("not a git server"), "{error}");
    world.set("GIT_SSH_COMMAND", "true");
    let error = world.server_error("h.example:a.git");
    assert!(error.contains("the server failed: Could not read from remote repository"), "{error}");
}

#[test]
fn an_ssh_that_hangs_is_ended() {
    let mut world = World::new();
    world.timeout(Duration::from_secs(3));
    // The grandchild holds the pipes open longer than the program that is killed.
    let hang = world.script("hang", "echo waiting for a key >&2\nsleep 600 &\necho $$ > \"$HOME/pid\"\nsleep 600");
    world.set("GIT_SSH_COMMAND", &format!("exec {hang}"));
    world.set("GIT_SSH_VARIANT", "ssh");
    let start = Instant::now();
    let error = world.server_error("h.example:a.git");
    assert!(error.contains("no response within 3 seconds: waiting for a key"), "{error}");
    assert!(start.elapsed() < HANG, "{:?}", start.elapsed());
    let pid = text(&world.path("pid"));
    assert!(ends(pid.trim()), "the program still runs");
}

#[test]
#[ignore = "needs sshd"]
fn a_real_sshd() {
    let mut world = World::with_repository();
    let (_server, url) = world.serve_ssh("a.git");
    world.check_all_refs(&url);
    let error = world.server_error(&format!("{url}/nowhere"));
    assert!(error.contains("there is no git repository"), "{error}");
    world.set("GIT_SSH_COMMAND", &world.ssh("user", "nothing"));
    let error = world.server_error(&url);
    assert!(error.contains("host key is not trusted"), "{error}");
    world.set("GIT_SSH_COMMAND", &world.ssh("host", "known"));
    let error = world.server_error(&url);
    assert!(error.contains("none of your SSH keys"), "{error}");
}
