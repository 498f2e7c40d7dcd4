//! SSH, through a real sshd and through commands that stand in its place.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::world::{Server, World, answers, free_port, installed, skip, text};

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
    let path = world.path("a.git").display().to_string();
    world.check_all_refs(&format!("ssh://git@h.example:2222{path}"));
    world.check_all_refs(&format!("git@h.example:{path}"));
    assert_eq!(
        text(&world.path("ssh.log")),
        format!("-v -p 2222 git@h.example git-upload-pack '{path}'\n-v git@h.example git-upload-pack '{path}'\n")
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
    assert!(error.contains("without a word"), "{error}");
}

#[test]
fn an_ssh_that_hangs_is_ended() {
    let mut world = World::new();
    world.timeout(Duration::from_secs(1));
    // The grandchild holds the pipes open longer than the program that is killed.
    let hang = world.script("hang", "echo waiting for a key >&2\nsleep 5 &\necho $$ > \"$HOME/pid\"\nsleep 5");
    world.set("GIT_SSH_COMMAND", &format!("exec {hang}"));
    let start = Instant::now();
    let error = world.server_error("h.example:a.git");
    assert!(error.contains("no answer within 1 second: waiting for a key"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let process = format!("/proc/{}", text(&world.path("pid")).trim());
    assert!(!std::path::Path::new(&process).exists(), "the program is gone");
}

/// Starts an sshd that lets the test's own key in.
fn serve_ssh(world: &World) -> Option<(Server, u16)> {
    installed("ssh-keygen", "-?")?;
    let candidates = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"];
    let Some(sshd) = candidates.iter().find(|path| fs::exists(path).unwrap_or(false)) else {
        return skip("sshd", "is not installed");
    };
    for key in ["host", "user"] {
        let mut command = world.command("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-f", key]);
        assert!(command.status().unwrap().success());
    }
    let home = world.path("").display().to_string();
    let port = free_port();
    fs::copy(world.path("user.pub"), world.path("authorized")).unwrap();
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {home}/host\nPidFile none\nUsePAM no\nStrictModes no\n\
         AuthorizedKeysFile {home}/authorized\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nSetEnv GIT_CONFIG_GLOBAL={home}/gitconfig\n"
    );
    fs::write(world.path("sshd_config"), config).unwrap();
    // sshd insists on this folder where it separates privileges, which it does as root.
    let _ = fs::create_dir("/run/sshd");
    let mut command = world.command(sshd);
    command.args(["-D", "-e", "-f", &format!("{home}/sshd_config")]).stderr(Stdio::null());
    let server = Server(command.spawn().unwrap());
    answers(port).then_some((server, port)).or_else(|| skip("sshd", "does not start"))
}

#[test]
fn a_real_sshd() {
    let mut world = World::with_repository();
    let Some((_server, port)) = serve_ssh(&world) else { return };
    let home = world.path("").display().to_string();
    let user = String::from_utf8(world.command("id").arg("-un").output().unwrap().stdout).unwrap();
    // The server runs git with its own HOME, where another owner's repository would be refused.
    world.configure("[safe]\n directory = *\n");
    let url = format!("ssh://{}@127.0.0.1:{port}{home}a.git", user.trim());
    let ssh = |key: &str, known: &str| {
        format!(
            "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile='{home}{key}' \
             -o UserKnownHostsFile='{home}{known}' -o GlobalKnownHostsFile=none"
        )
    };
    let host_key = text(&world.path("host.pub"));
    fs::write(world.path("known"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
    world.set("GIT_SSH_COMMAND", &ssh("user", "known"));
    world.check_all_refs(&url);
    let error = world.server_error(&format!("{url}/nowhere"));
    assert!(error.contains("there is no git repository"), "{error}");
    world.set("GIT_SSH_COMMAND", &ssh("user", "nothing"));
    let error = world.server_error(&url);
    assert!(error.contains("host key is not trusted"), "{error}");
    world.set("GIT_SSH_COMMAND", &ssh("host", "known"));
    let error = world.server_error(&url);
    assert!(error.contains("none of your SSH keys"), "{error}");
}
