//! Nothing that comes with a checkout decides which programs run: each way in has a tripwire.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::building::{BUILD, with_engine};
use crate::git_servers::world::World;
use crate::scenario::{Invocation, Project};

/// Who commits.
const WHO: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "Ann"),
    ("GIT_AUTHOR_EMAIL", "ann@example.com"),
    ("GIT_COMMITTER_NAME", "Ben"),
    ("GIT_COMMITTER_EMAIL", "ben@example.com"),
];

/// The file that a program leaves which must not run.
fn tripwire(project: &Project) -> String {
    project.outside().join("tripped").display().to_string()
}

fn is_tripped(project: &Project) -> bool {
    project.outside().join("tripped").exists()
}

/// A script of the checkout that leaves the file.
fn trap(project: &Project, path: &str) -> String {
    project.write(path, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\n", tripwire(project)));
    let path = project.path(path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// A bare repository with hooks and settings that name programs, in a folder of the checkout.
fn embed(project: &Project, folder: &str) {
    fs::create_dir_all(project.path(folder)).unwrap();
    let mut git = Command::new("git");
    git.args(["init", "-q", "--bare", "-b", "main", "."]).current_dir(project.path(folder)).env_clear();
    let done = git.env("PATH", std::env::var_os("PATH").unwrap()).env("GIT_CONFIG_NOSYSTEM", "1").status();
    assert!(done.unwrap().success());
    let wire = tripwire(project);
    let program = trap(project, &format!("{folder}/program"));
    let config = format!(
        "[core]\n repositoryformatversion = 0\n bare = true\n fsmonitor = {program}\n sshCommand = {program}\n\
         \x20alternateRefsCommand = {program}\n askPass = {program}\n editor = {program}\n pager = {program}\n\
         [credential]\n helper = \"!touch '{wire}'; :\"\n[commit]\n gpgsign = true\n[user]\n signingkey = x\n\
         [gpg]\n program = {program}\n[gpg \"ssh\"]\n program = {program}\n defaultKeyCommand = {program}\n\
         [filter \"x\"]\n smudge = {program}\n clean = {program}\n process = {program}\n[diff \"x\"]\n textconv = {program}\n\
         [receive]\n procReceiveRefs = refs\n[gc]\n recentObjectsHook = {program}\n auto = 1\n\
         [uploadpack]\n packObjectsHook = {program}\n[remote \"origin\"]\n receivepack = {program}\n uploadpack = {program}\n"
    );
    project.write(&format!("{folder}/config"), config);
    for hook in [
        "pre-receive",
        "update",
        "post-receive",
        "post-update",
        "reference-transaction",
        "push-to-checkout",
        "proc-receive",
        "pre-commit",
        "post-commit",
        "pre-push",
    ] {
        trap(project, &format!("{folder}/hooks/{hook}"));
    }
}

fn known(invocation: Invocation) -> Invocation {
    WHO.iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value))
}

#[test]
#[ignore = "needs python3"]
fn a_folder_that_looks_like_a_bare_repository() {
    let world = World::with_repository();
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    for url in [format!("http://127.0.0.1:{port}/a.git"), "ssh://127.0.0.1:1/a.git".to_owned()] {
        let project = Project::fleet();
        embed(&project, "deploy");
        let manifest = project.read("kmodgen.yaml");
        let first = manifest.lines().find(|line| line.contains("git: ")).unwrap().trim().to_owned();
        project.write("deploy/kmodgen.yaml", manifest.replace(&first, &format!("git: {url}\n    ref: main")));
        fs::create_dir_all(project.path("deploy/patches")).unwrap();
        fs::copy(project.path("patches/fix.patch"), project.path("deploy/patches/fix.patch")).unwrap();
        let text = project.read("deploy/kmodgen.yaml");
        let pinned = text.lines().filter(|line| line.trim_start().starts_with("ref: ") && !line.contains("main"));
        let unpinned = pinned.fold(text.clone(), |text, line| text.replace(&format!("{line}\n"), ""));
        project.write("deploy/kmodgen.yaml", unpinned);
        for verb in ["lock", "plan", "generate", "build --dtk quay.io/dtk:1", "test"] {
            let run = project.kmodgen(verb).from(project.path("deploy")).run().trouble();
            assert!(!is_tripped(&project), "{run}");
            assert!(verb == "test" || run.stderr.contains("error"), "{run}");
        }
        // The repository is found all the same, but only one with a `.git`.
        let run = project.kmodgen("plan --offline --format images --since HEAD").from(project.path("deploy")).run();
        assert!(!run.stderr.contains("no work tree") && !is_tripped(&project), "{run}");
    }
}

#[test]
fn a_repository_in_the_checkout_that_is_published_to() {
    let project = Project::fleet();
    project.run("lock").fine();
    embed(&project, "evil.git");
    embed(&project, "remote.git");
    let remote = project.path("remote.git").display().to_string();
    for (number, url) in [remote.clone(), "../remote.git".to_owned(), format!("file://{remote}")].iter().enumerate() {
        let config = project.read("evil.git/config");
        project.write("evil.git/config", format!("{config} url = {url}\n"));
        let publish = |more: &str| {
            let line = format!("publish --repo evil.git --branch main --path . --push {more}");
            known(project.kmodgen(&line)).run()
        };
        let run = publish("").fine().shows(", pushed");
        assert!(!is_tripped(&project), "{run}");
        run.says("note: skipped the hooks of the remote, because it is in the checkout; pass --run-hooks to run them");
        let at = |folder: &str| fs::read_to_string(project.path(folder).join("refs/heads/main")).unwrap();
        assert_eq!(at("evil.git"), at("remote.git"));
        publish("").fine().shows("nothing to publish");
        project.write("evil.git/config", config);
        project.edit("kmodgen.yaml", &format!("DEBUG: \"{number}\""), &format!("DEBUG: \"{}\"", number + 1));
    }
    // Who asks for hooks gets them.
    project.append("evil.git/config", &format!(" url = {remote}\n"));
    let line = "publish --repo evil.git --branch main --path . --push --run-hooks";
    let run = known(project.kmodgen(line)).run();
    assert!(is_tripped(&project), "{run}");
}

/// The manifest is in a folder of the checkout, and the repository in another one.
#[test]
fn a_repository_beside_the_manifests_folder() {
    let project = Project::fleet();
    project.run("lock").fine();
    for name in ["kmodgen.yaml", "kmodgen.lock", "patches/fix.patch"] {
        project.write(&format!("deploy/{name}"), project.read(name));
    }
    fs::create_dir(project.path(".git")).unwrap();
    embed(&project, "evil.git");
    embed(&project, "remote.git");
    project.append("evil.git/config", " url = ../remote.git\n");
    let line = "publish --repo ../evil.git --branch main --path . --push";
    known(project.kmodgen(line)).from(project.path("deploy")).run().fine().says("--run-hooks");
    assert!(!is_tripped(&project));
}

#[test]
fn variables_that_a_checkout_may_set() {
    let project = Project::fleet();
    project.run("lock").fine();
    embed(&project, "fleet.git");
    let program = trap(&project, "program");
    for name in ["git", "gpg", "ssh", "ssh-keygen"] {
        trap(&project, name);
    }
    project.write(".gitconfig", format!("[commit]\n gpgsign = true\n[gpg]\n program = {program}\n"));
    project.write("config/git/config", project.read(".gitconfig"));
    project.write("gitconfig", "[commit]\n gpgsign = true\n");
    let path = format!(".::bin:{}", std::env::var("PATH").unwrap());
    let line = "publish --repo fleet.git --branch main --path .";
    let run = known(project.kmodgen(line)).env("GIT_CONFIG_GLOBAL", ".gitconfig").env("GIT_DIR", "fleet.git");
    let run = run.env("HOME", ".").env("XDG_CONFIG_HOME", "config").env("PATH", &path).run().fine();
    assert!(!is_tripped(&project), "{run}");
    // The user's own settings sign, with no program of the checkout.
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let global = project.path("gitconfig").display().to_string();
    let run = known(project.kmodgen(line)).env("GIT_CONFIG_GLOBAL", &global).env("PATH", &path).run();
    assert!(!is_tripped(&project), "{run}");
    run.trouble().says("the commit cannot be signed");
}

#[test]
fn an_engine_gets_nothing_of_the_checkout() {
    let (project, path) = with_engine("true");
    project.edit("bin/buildah", "#!/bin/sh\n", "#!/bin/sh\nwhere=$(pwd); git=$(env | grep ^GIT_ | sort)\n");
    project.edit("bin/buildah", "echo \"$*\" >> asked\n", "echo \"$*\" >> asked\necho \"$where $git\" > seen\n");
    trap(&project, "buildah");
    let run = project.kmodgen(&format!("{BUILD} --only alpha/.*rt")).env("PATH", &format!(".:{path}"));
    let run = run.env("GIT_DIR", "evil.git").env("GIT_EXTERNAL_DIFF", "./program").env("GIT_TRACE", "1").run().fine();
    assert!(!is_tripped(&project), "{run}");
    let seen = project.read("seen");
    assert!(seen.starts_with("/ GIT_CONFIG_COUNT=3\n"), "{seen}");
    assert!(seen.contains("GIT_CONFIG_VALUE_0=explicit"), "{seen}");
    for gone in ["GIT_DIR", "GIT_EXTERNAL_DIFF", "GIT_TRACE"] {
        assert!(!seen.contains(gone), "{seen}");
    }
}

#[test]
fn a_registrys_helper_is_a_program_in_path() {
    let project = Project::generated();
    trap(&project, "evil");
    trap(&project, "docker-credential-evil");
    fs::create_dir(project.path("docker-credential-x")).unwrap();
    for helper in ["x/../evil", "evil", "/evil"] {
        project.write("config.json", format!("{{\"credsStore\": \"{helper}\"}}"));
        project.write("auth.json", project.read("config.json"));
        let path = format!(".:{}", std::env::var("PATH").unwrap());
        let run = project.kmodgen("plan --format matrix --timeout 1 --only alpha/.*rt").env("PATH", &path);
        let run = run
            .env("DOCKER_CONFIG", ".")
            .env("REGISTRY_AUTH_FILE", "auth.json")
            .env("https_proxy", "http://127.0.0.1:1")
            .run();
        assert!(!is_tripped(&project), "{run}");
    }
}

/// The settings of the checkout that kmodgen runs in are those of nobody.
#[test]
#[ignore = "needs python3"]
fn the_checkout_that_kmodgen_runs_in() {
    let mut world = World::with_repository();
    world.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    world.log_in("me", "right");
    let local = world.script("local-ssh", "for last; do :; done; exec sh -c \"$last\"");
    world.set("GIT_SSH_COMMAND", &local);
    world.set("GIT_SSH_VARIANT", "ssh");
    let http = format!("http://127.0.0.1:{port}");
    for (source, fleet) in [
        (format!("{http}/a.git/.git"), format!("{http}/fleet.git")),
        (
            format!("h.example:{}", world.path("a.git").display()),
            format!("h.example:{}", world.path("fleet.git").display()),
        ),
    ] {
        let project = Project::fleet();
        embed(&project, ".git");
        let program = project.path(".git/program").display().to_string();
        project.append(
            ".git/config",
            &format!(
                "[include]\n path = included\n[url \"ext::{program} \"]\n insteadOf = {http}\n insteadOf = h.example\n\
                 [url \"file:///nowhere/\"]\n pushInsteadOf = {http}\n[http]\n proxy = http://127.0.0.1:1\n\
                 sslVerify = false\n[protocol \"ext\"]\n allow = always\n[core]\n gitProxy = {program}\n\
                 hooksPath = .git/hooks\n bare = false\n worktree = ..\n"
            ),
        );
        project.write(".git/included", format!("[core]\n sshCommand = {program}\n[credential]\n helper = {program}\n"));
        project.edit("kmodgen.yaml", "https://git.example.com/driver.git", &source);
        project.edit("kmodgen.yaml", &format!("\"{}\"", "1".repeat(40)), "main");
        let run = |arguments: &str| {
            let run = known(project.kmodgen(arguments));
            world.variables().iter().fold(run, |run, (name, value)| run.env(name, value)).run()
        };
        run("lock").fine();
        run("update").fine();
        assert!(project.read("kmodgen.lock").contains(&world.rev("main")));
        let path = if source.starts_with("http") { "http" } else { "ssh" };
        run(&format!("publish --repo {fleet} --branch main --path {path} --push")).fine().shows(", pushed");
        assert!(!is_tripped(&project));
    }
}

/// A repository that came with a checkout says where to push to, but not how.
#[test]
#[ignore = "needs python3"]
fn a_remote_that_a_checkout_names() {
    let world = World::new();
    world.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    world.log_in("me", "right");
    let project = Project::fleet();
    project.run("lock").fine();
    embed(&project, "evil.git");
    let config = project.read("evil.git/config");
    let publish = |url: &str| {
        project
            .write("evil.git/config", format!("{config} url = {url}\n proxy = http://127.0.0.1:1\n mirror = true\n"));
        let run = known(project.kmodgen("publish --repo evil.git --branch main --path . --push"));
        world.variables().iter().fold(run, |run, (name, value)| run.env(name, value)).run()
    };
    publish(&format!("http://127.0.0.1:{port}/fleet.git")).fine().shows(", pushed");
    assert!(!is_tripped(&project));
    let program = project.path("evil.git/program").display().to_string();
    for url in [
        format!("ext::{program} x"),
        format!("ext::sh -c {program}"),
        format!("--receive-pack={program}"),
        format!("-u{program}:x"),
        format!("ssh://-oProxyCommand={program}/x"),
        format!("ssh://%2doProxyCommand={program}/x"),
        format!("-oProxyCommand={program}:x"),
        "ssh://h.example/x%0ay".to_owned(),
        format!("fd::17/{program}"),
        "\"https://h.example/a\\nb\"".to_owned(),
    ] {
        let run = publish(&url).trouble();
        assert!(run.stderr.contains("error[publish]") && !is_tripped(&project), "{url}: {run}");
    }
}
