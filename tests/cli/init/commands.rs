//! From an empty folder to a published branch, and what is never overwritten.

use super::{NODES, Newcomer};
use crate::git_servers::world::free_port;

const DRIVER: &[(&str, &str)] = &[("Kbuild", "obj-m := driver.o\n"), ("driver.c", ""), ("COPYING", "GPL\n")];

#[test]
fn four_commands_lead_to_a_published_branch() {
    let newcomer = Newcomer::with(DRIVER);
    let (_server, port) = newcomer.world.serve_git();
    newcomer.project.write("nodes.json", NODES);
    newcomer.world.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
    let init = format!("init git://127.0.0.1:{port}/driver --nodes nodes.json");
    let shown = newcomer.run(&init).fine().silent();
    let shown = newcomer.shown(&shown).replace(&port.to_string(), "[port]");
    assert_snapshot!("init_from_a_server", shown);
    newcomer.run("lock").fine();
    let generated = newcomer.run("generate --format json").fine();
    assert_eq!(generated.summary(), [9, 0, 0, 0, 0]);
    let fleet = newcomer.world.path("fleet.git");
    let run = newcomer.run(&format!("publish --repo {} --branch main --path kmods", fleet.display())).fine();
    assert!(run.stdout.contains("on new branch `main`"), "{run}");
    let files = newcomer.world.git("fleet.git", &["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(files.lines().filter(|path| path.ends_with("/Dockerfile")).count(), 3, "{files}");
    let lock = newcomer.project.read("kmodgen.lock");
    assert!(lock.contains(&newcomer.world.git("driver", &["rev-parse", "v1.1"])), "{lock}");
    newcomer.run("generate --check").fine();
}

#[test]
fn without_nodes_an_example_generates_at_once() {
    let newcomer = Newcomer::with(DRIVER);
    newcomer
        .init("driver", "--namespace drivers --image registry.example.com/team/driver")
        .fine()
        .shows("is an example");
    newcomer.run("lock").fine();
    let run = newcomer.run("generate --format json").fine();
    assert_eq!(run.summary(), [5, 0, 0, 0, 0]);
    let manifest = newcomer.project.read("kmodgen.yaml");
    for line in ["namespace: drivers ", "image: registry.example.com/team/driver\n", "ref: v1.1 "] {
        assert!(manifest.contains(line), "{line}\n{manifest}");
    }
}

#[test]
fn nothing_is_overwritten() {
    let newcomer = Newcomer::with(DRIVER);
    newcomer.project.write("nodes.json", NODES);
    newcomer.project.write("fleet.yaml", "mine\n");
    let before = newcomer.project.tree();
    newcomer.init("driver", "--nodes nodes.json").differs().says("`fleet.yaml` is there already; nothing is written");
    assert_eq!(newcomer.project.tree().since(&before), [""; 0]);
    newcomer.project.remove("fleet.yaml");
    newcomer.project.link("kmodgen.yaml", "nowhere");
    let before = newcomer.project.tree();
    newcomer.init("driver", "--nodes nodes.json").differs().says("`kmodgen.yaml` is there already");
    assert_eq!(newcomer.project.tree().since(&before), [""; 0]);
    newcomer.init("driver", "--nodes nodes.json -o new/folder").fine().shows("kmodgen lock -f new/folder/kmodgen.yaml");
    assert_eq!(newcomer.project.tree().since(&before), ["+ new/folder/fleet.yaml", "+ new/folder/kmodgen.yaml"]);
    newcomer.run("lock -f new/folder/kmodgen.yaml").fine();
    newcomer.run("generate -f new/folder/kmodgen.yaml").fine();
    newcomer.init("driver", "-o new/folder").differs();
    newcomer.init("driver", "-o nodes.json").trouble().says("nodes.json");
}

#[test]
fn a_clone_is_read_here_and_fetched_from_its_server() {
    let newcomer = Newcomer::with(DRIVER);
    newcomer.world.git("driver", &["remote", "add", "origin", "https://git.example.com/team/heart-beat.git"]);
    let path = newcomer.world.path("driver").display().to_string();
    newcomer.run(&format!("init {path} --offline")).fine();
    let manifest = newcomer.project.read("kmodgen.yaml");
    for line in ["git: https://git.example.com/team/heart-beat.git\n", "- name: heart-beat\n", "kmods: [driver]"] {
        assert!(manifest.contains(line), "{line}\n{manifest}");
    }
    // A URL with a login goes nowhere.
    newcomer.world.git("driver", &["remote", "set-url", "origin", "https://me:secret@git.example.com/driver.git"]);
    newcomer.project.remove("kmodgen.yaml");
    newcomer.run(&format!("init {path}")).fine().shows("a cluster does not reach a folder of this machine");
    let manifest = newcomer.project.read("kmodgen.yaml");
    assert!(manifest.contains("git: file:///") && !manifest.contains("secret"), "{manifest}");
}

#[test]
fn offline_only_the_url_is_used() {
    let newcomer = Newcomer::new();
    let run = newcomer.run("init https://git.example.com/team/driver.git --offline").differs();
    assert_snapshot!("init_offline", newcomer.shown(&run));
    newcomer.project.remove("kmodgen.yaml");
    let run = newcomer.run("init git@git.example.com:team/driver.git --offline --ref v3.1").differs();
    assert!(run.stdout.contains("v3.1") && !run.stdout.contains("sources.driver.ref"), "{run}");
    newcomer.run("generate --offline").trouble().says("not pinned");
}

#[test]
fn refs_are_chosen_or_given() {
    let newcomer = Newcomer::with(DRIVER);
    let wanted = |arguments: &str, line: &str| {
        newcomer.init("driver", arguments).fine();
        let manifest = newcomer.project.read("kmodgen.yaml");
        assert!(manifest.contains(line), "{line}\n{manifest}");
        newcomer.run("lock").fine();
        for file in ["kmodgen.yaml", "kmodgen.lock"] {
            newcomer.project.remove(file);
        }
    };
    let commit = newcomer.world.git("driver", &["rev-parse", "HEAD"]);
    wanted("", "ref: v1.1  # the newest release among 3 tags");
    wanted("--ref main", "ref: main  # given with --ref");
    wanted(&format!("--ref {commit}"), &commit);
    wanted(&format!("--ref {}", &commit[..10]), &commit[..10]);
    newcomer.world.commit("driver", "second");
    newcomer.world.git("driver", &["branch", "v1.1"]);
    wanted("", "ref: refs/tags/v1.1 ");
    newcomer.world.git("driver", &["tag", "-d", "v1.0", "v1.1"]);
    wanted("", "ref: main  # the default branch");
    newcomer.world.git("driver", &["checkout", "-q", "--detach"]);
    wanted("", "# the commit of HEAD");
    newcomer.init("driver", "--ref mian").trouble().says("did you mean `main`?");
    newcomer.init("driver", "--ref=-x").trouble().says("is not a git ref");
}

#[test]
fn servers_send_a_commit_by_any_of_its_names() {
    let newcomer = Newcomer::with(DRIVER);
    newcomer.world.git("driver", &["tag", "-a", "-m", "annotated", "v1.2"]);
    let (_server, port) = newcomer.world.serve_git();
    let commit = newcomer.world.git("driver", &["rev-parse", "HEAD"]);
    for reference in ["v1.2", "main", "refs/heads/main", "HEAD", &commit] {
        newcomer.run(&format!("init git://127.0.0.1:{port}/driver --ref {reference}")).fine().shows("Kbuild:1");
        newcomer.project.remove("kmodgen.yaml");
    }
    newcomer.run(&format!("init git://127.0.0.1:{port}/driver --ref mian")).trouble().says("did you mean `main`?");
}

#[test]
fn bad_arguments_are_named() {
    let newcomer = Newcomer::with(DRIVER);
    let before = newcomer.project.tree();
    let port = free_port();
    for (arguments, said) in [
        ("init nowhere".to_owned(), "has no scheme"),
        ("init https://me:hunter2@git.example.com/a.git".to_owned(), "contains a user or password"),
        ("init https://example.com/driver-1.0.tar.gz --offline".to_owned(), "is an archive, and `init` reads git"),
        (format!("init {}", newcomer.world.path("").display()), "the folder is not the top of a repository"),
        (format!("init git://127.0.0.1:{port}/a.git"), "cannot connect to `127.0.0.1:"),
        (format!("init {}", newcomer.world.file_url("nothing")), "there is no git repository"),
        (format!("init {} --namespace A", newcomer.world.file_url("driver")), "namespace `A` contains"),
        (format!("init {} --image r/x:1", newcomer.world.file_url("driver")), "write `r/x`"),
        (format!("init {} --nodes none.json", newcomer.world.file_url("driver")), "cannot read input `none.json`"),
        (format!("init {} --namespace {}", newcomer.world.file_url("driver"), "n".repeat(60)), "KMM allows 41"),
    ] {
        let run = newcomer.run(&arguments).trouble();
        assert!(run.stderr.contains(said) && !run.stderr.contains("hunter2"), "`{said}`\n{run}");
    }
    assert_eq!(newcomer.project.tree().since(&before), [""; 0]);
}
