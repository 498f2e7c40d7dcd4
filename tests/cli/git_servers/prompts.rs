//! Passwords that a person or a program of theirs is asked for, and runs without anyone to ask.

use std::fs;

use super::world::{World, text};
use crate::scenario::{Project, Terminal};

/// A project whose first source is a branch of a repository on a server.
fn unpinned(url: &str) -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "git: https://git.example.com/driver.git", &format!("git: {url}"));
    project.edit("kmodgen.yaml", &format!("ref: \"{}\"", "1".repeat(40)), "ref: main");
    project
}

/// The world's variables, as arguments of env(1).
fn variables(world: &World, project: &Project) -> String {
    let own =
        world.variables().iter().filter(|(name, _)| name != "PATH").map(|(name, value)| format!("'{name}={value}'"));
    let own = own.collect::<Vec<_>>().join(" ");
    format!("-u DISPLAY -u SSH_ASKPASS -u GIT_ASKPASS {own} 'KMODGEN_CACHE_DIR={}'", project.cache().display())
}

fn path() -> String {
    std::env::var("PATH").unwrap()
}

#[test]
#[ignore = "needs python3"]
fn a_program_answers() {
    let mut world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let url = format!("http://127.0.0.1:{port}/a.git/.git");
    let script = "case \"$1\" in Username*) echo me;; *) echo right;; esac";
    world.set("GIT_ASKPASS", &world.script("askpass", script));
    world.check_all_refs(&url);
    world.set("GIT_ASKPASS", &world.script("askpass", "exit 1"));
    let error = world.server_error(&url);
    assert!(error.contains("requires a password") && error.contains("unable to read askpass response"), "{error}");
}

#[test]
#[ignore = "needs python3 and script"]
fn a_person_answers_at_the_terminal() {
    let world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let project = unpinned(&format!("http://127.0.0.1:{port}/a.git/.git"));
    let mut terminal = Terminal::run(&project, &path(), &variables(&world, &project), "lock");
    let [user, password] = [("Username", ""), ("Password", "me@")]
        .map(|(what, user)| format!("{what} for 'http://{user}127.0.0.1:{port}':"));
    // One connection lists refs, another one fetches commits.
    let first = format!("{user} me\n{password}");
    for (before, after) in [(user.clone(), first.clone()), (format!("{first}\n{user}"), format!("{first}\n{first}"))] {
        terminal.shows(&before);
        terminal.types("me\n");
        terminal.shows(&after);
        terminal.types("right\n");
    }
    let (status, screen, _) = terminal.end();
    assert!(status.success(), "{screen}");
    assert!(!screen.contains("right"), "what is typed is not shown: {screen}");
    assert!(project.read("kmodgen.lock").contains(&world.rev("main")));
}

/// Input from elsewhere means that nobody can be asked, even if there is a terminal.
#[test]
#[ignore = "needs python3 and script"]
fn nobody_is_asked_behind_a_pipe() {
    let mut world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    let project = unpinned(&format!("http://127.0.0.1:{port}/a.git/.git"));
    let terminal = Terminal::run(&project, &path(), &variables(&world, &project), "lock </dev/null");
    let (status, screen, _) = terminal.end();
    assert_eq!(status.code(), Some(2), "{screen}");
    assert!(screen.contains("terminal prompts disabled") && !screen.starts_with("Username"), "{screen}");

    let log = world.path("tty").display().to_string();
    let ssh = world.script(
        "ssh",
        &format!("if (: </dev/tty) 2>/dev/null; then echo found; else echo none; fi > '{log}'; exit 255"),
    );
    world.set("GIT_SSH_COMMAND", &ssh);
    let project = unpinned("ssh://h.example/a.git");
    for (input, found) in [("", "found\n"), ("</dev/null", "none\n")] {
        let terminal = Terminal::run(&project, &path(), &variables(&world, &project), &format!("lock {input}"));
        let (status, screen, _) = terminal.end();
        assert_eq!(status.code(), Some(2), "{screen}");
        assert_eq!(text(&world.path("tty")), found, "{screen}");
        fs::remove_file(world.path("tty")).unwrap();
    }
}

#[test]
fn without_git_one_message_says_so() {
    let project = unpinned("https://git.example.com/a.git");
    for verb in ["lock", "update"] {
        let run = project.kmodgen(verb).shell("PATH=/nonexistent").run().trouble();
        assert_snapshot!(format!("without_git_{verb}"), run);
    }
    // A commit id in full needs no server.
    project.edit("kmodgen.yaml", "ref: main", &format!("ref: \"{}\"", "1".repeat(40)));
    for verb in ["lock", "generate", "plan"] {
        project.kmodgen(verb).shell("PATH=/nonexistent").run().fine();
    }
}
