//! Sources that are folders beside the manifest: what is in them is an input like any other, and a build
//! gets exactly that.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::building::BUILD;
use crate::scenario::{Change, EL9, Project};

fn project() -> Project {
    Project::of(&format!(
        "apiVersion: kmodgen/v1
namespace: drivers
sources: {{local: {{path: src/driver, dir: kernel}}}}
baseImages: {{builder: dtk, runtime: 'registry.example.com/runtime:1', pin: false}}
kernels: [{EL9}]
modules:
  - name: local
    source: local
    kmods: [local]
    image: registry.example.com/kmods/local
    moduleSpec: {{selector: {{a: ''}}}}
"
    ))
    .with("src/driver/kernel/Makefile", "obj-m := local.o\n")
    .with("src/driver/kernel/local.c", "/* nothing yet */\n")
    .with("src/driver/configure", "#!/bin/sh\n")
    .with("src/README", "not of the driver\n")
}

fn make_executable(project: &Project, path: &str) {
    fs::set_permissions(project.path(path), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn whatever_changes_in_a_folder_is_another_image() {
    let project = project();
    project.run("generate").fine();
    let before = project.tree();
    project.run("generate").fine().shows("0 created, 0 updated");
    project.write("src/README", "still not of the driver\n");
    project.write("src/driver/.git", "gitdir: ../../.git/modules/driver\n");
    fs::create_dir(project.path("src/driver/empty")).unwrap();
    project.run("generate").fine().shows("0 created, 0 updated");
    let written = project.tree();
    assert_eq!(written.written_since(&before), ["src/README", "src/driver/.git"]);
    let changes: [(&str, Change<'_>); 5] = [
        ("bytes", &|p| p.append("src/driver/kernel/local.c", "/* more */\n")),
        ("a new file in a folder", &|p| p.write("src/driver/kernel/Kbuild", "")),
        ("a mode", &|p| make_executable(p, "src/driver/configure")),
        ("a link", &|p| p.link("src/driver/kernel/alias.c", "local.c")),
        ("a file that goes", &|p| p.remove("src/driver/kernel/Kbuild")),
    ];
    for (what, change) in changes {
        change(&project);
        let run = project.run("generate --check").differs();
        assert!(run.stdout.contains("1 to reload"), "{what}: {}", run.stdout);
        project.run(&format!("explain {EL9}")).fine().shows("source local digest ");
        let told = project.run("generate").fine();
        assert!(told.stdout.contains("1 to reload"), "{what}: {}", told.stdout);
        project.run("generate --check").fine();
    }
}

#[test]
fn a_depfile_names_its_files_and_folders() {
    let project = project();
    for _ in 0..2 {
        project.run("generate --depfile d").fine();
        let text = project.read("d");
        for name in ["src/driver", "src/driver/kernel", "src/driver/kernel/local.c", "src/driver/configure"] {
            assert!(text.contains(&format!(" {name} \\\n")) || text.contains(&format!(" {name}\n")), "{name}: {text}");
        }
        assert!(!text.contains("src/README"), "{text}");
    }
}

#[test]
fn a_build_is_given_what_was_planned_and_nothing_else() {
    let project = project();
    make_executable(&project, "src/driver/configure");
    project.link("src/driver/kernel/alias.c", "local.c");
    project.write(
        "bin/buildah",
        "#!/bin/sh\ncase \"$1\" in build)
           while [ $# -gt 1 ]; do [ \"$1\" != --iidfile ] || id=$2; shift; done
           (cd \"$1\" && find . -type f -perm -100 -printf '%p*\\n' -o -type f -print -o -type l -printf '%p -> %l\\n') | sort > \"${0%/*}/../given\"
           echo sha256:made > \"$id\" ;;
         esac\n",
    );
    make_executable(&project, "bin/buildah");
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    project.run("generate").fine();
    project.kmodgen(BUILD).env("PATH", &path).run().fine().shows("1 built");
    let expected =
        ["driver/configure*", "driver/kernel/Makefile", "driver/kernel/alias.c -> local.c", "driver/kernel/local.c"];
    assert_eq!(project.read("given"), expected.map(|name| format!("./src/{name}\n")).concat());
}

/// The Dockerfile's own check, by a real shell.
#[test]
fn a_dockerfile_knows_the_folder_that_it_is_for() {
    let project = project();
    project.write("src/driver/odd 'name' $x.h", "x\n");
    project.run("generate").fine();
    let dockerfile = project.read(&format!("gitops/local/{EL9}/Dockerfile"));
    let start = dockerfile.find("RUN cd /usr/src/kmodgen-context/local").unwrap() + "RUN ".len();
    let check = dockerfile[start..].split("\n\n").next().unwrap();
    let copied = project.path("copied");
    let check = check
        .replace(" \\\n", " ")
        .replace("/usr/src/kmodgen-context/local", project.path("src/driver").to_str().unwrap())
        .replace("/usr/src/kmodgen/local", copied.to_str().unwrap());
    let run = || Command::new("sh").args(["-c", &check]).output().unwrap();
    let output = run();
    assert!(output.status.success(), "{check}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(copied.join("kernel/local.c").exists());
    project.append("src/driver/kernel/local.c", "/* later */\n");
    let output = run();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("src/driver is not as it was when this Dockerfile was generated"), "{words}");
}

#[test]
fn others_that_build_are_told_where_it_is() {
    let project = project();
    project.run("generate").fine();
    let plan = |arguments: &str| project.run(&format!("plan --offline --dtk quay.io/dtk:1 {arguments}")).fine();
    let bake = plan("--format bake").json();
    let target = bake["target"].as_object().unwrap().values().next().unwrap();
    assert_eq!(target["context"], ".");
    assert_eq!(target["dockerfile"], format!("gitops/local/{EL9}/Dockerfile"));
    assert_eq!(plan("--format github").json()["include"][0]["context"], ".");
    assert!(plan("--format tekton").stdout.contains("value: \".\""));
    assert_eq!(plan("--format json").json()[0]["context"], ".");
    project.run("plan").fine().says("1 mapping with sources beside the manifest, which KMM cannot build");

    // From elsewhere, every path is told from there.
    let from = project
        .kmodgen("plan --offline --dtk q.io/d:1 --format bake -f ../project/kmodgen.yaml")
        .from(project.outside());
    let bake = from.run().fine().json();
    let target = bake["target"].as_object().unwrap().values().next().unwrap();
    assert_eq!(target["context"], "../project");
    assert_eq!(target["dockerfile"], format!("gitops/local/{EL9}/Dockerfile"));
}

#[test]
fn what_cannot_be_copied_is_named() {
    let project = project();
    project.link("src/driver/up", "../../../outside");
    project.write("src/driver/a\\b", "");
    assert!(Command::new("mkfifo").arg(project.path("src/driver/pipe")).status().unwrap().success());
    let run = project.run("generate").trouble();
    run.says("`src/driver/up` is a link that points outside it").says("`src/driver/pipe` is a pipe").says("3 errors");
    project.outside_is_untouched();

    let project = self::project();
    project.edit("kmodgen.yaml", "path: src/driver", "path: alias");
    project.link("alias", "src/driver");
    project.run("generate").trouble().says("cannot use the folder `alias`: it is reached through a link");
    project.edit("kmodgen.yaml", "path: alias", "path: src/README");
    project.run("generate").trouble().says("cannot use the folder `src/README`: a part of the path is not a folder");
}
