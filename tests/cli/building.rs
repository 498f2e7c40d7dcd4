//! `build`, and the plan in the forms that others build from. What a real engine makes of a
//! Dockerfile is for e2e/run to tell; here a script stands in for it, and says what it was asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::scenario::{DEBIAN, EL9, Project, RT};

/// A project whose PATH has an engine that writes down what it is asked, and builds by `script`.
pub(crate) fn with_engine(script: &str) -> (Project, String) {
    let project = Project::generated().with(
        "bin/buildah",
        format!(
            "#!/bin/sh\necho \"$*\" >> asked\ncase \"$1\" in\n\
             images) test ! -e images || cat images ;;\n\
             build) while [ $# -gt 0 ]; do [ \"$1\" != --iidfile ] || id=$2; shift; done; {script}; echo sha256:made > \"$id\" ;;\n\
             esac\n"
        ),
    );
    let program = project.path("bin/buildah");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    (project, path)
}

pub(crate) const BUILD: &str = "build --offline --engine buildah --dtk quay.io/dtk:1";

/// The image that the plan gives a mapping.
fn image(project: &Project, module: &str, release: &str) -> String {
    let rows = project.run("plan --format json").fine().json();
    let row = rows.as_array().unwrap().iter().find(|row| row["module"] == module && row["release"] == release);
    row.unwrap()["image"].as_str().unwrap().to_owned()
}

#[test]
fn an_engine_gets_kmms_arguments_and_names_what_it_built() {
    let (project, path) = with_engine("true");
    let built = project.kmodgen(&format!("{BUILD} --only alpha/.*deb12.*")).env("PATH", &path).run().fine();
    built.shows("1 built, 0 pushed, 0 skipped, 0 failed, 0 cancelled");
    let asked = project.read("asked");
    for argument in [
        format!("--build-arg KERNEL_VERSION={DEBIAN}"),
        format!("--build-arg KERNEL_FULL_VERSION={DEBIAN}"),
        "--build-arg MOD_NAME=alpha".into(),
        "--build-arg MOD_NAMESPACE=".into(),
        "--build-arg DTK_AUTO=quay.io/dtk:1".into(),
        format!("tag sha256:made {}", image(&project, "alpha", DEBIAN)),
    ] {
        assert!(asked.contains(&argument), "{argument}\n{asked}");
    }
}

#[test]
fn an_image_that_is_there_is_not_built() {
    let (project, path) = with_engine("true");
    project.write("images", format!("{}\n", image(&project, "alpha", RT)));
    let run = project.kmodgen(&format!("{BUILD} --only alpha/.*rt")).env("PATH", &path).run().fine();
    run.shows("0 built, 0 pushed, 1 skipped");
    assert!(!project.read("asked").contains("build --file"));
}

#[test]
fn a_build_that_fails_shows_its_log_and_ends_the_run() {
    let (project, path) = with_engine("echo the compiler says no >&2; exit 3");
    let run = project.kmodgen(&format!("{BUILD} --only alpha --logs logs")).env("PATH", &path).run().differs();
    run.shows("0 built, 0 pushed, 0 skipped, 1 failed, 2 cancelled").says("  | the compiler says no");
    assert!(project.read(&format!("logs/alpha/{EL9}.log")).contains("the compiler says no"));
    assert!(!project.read("asked").contains("tag"));
    let run = project.kmodgen(&format!("{BUILD} --only alpha --keep-going")).env("PATH", &path).run().differs();
    run.shows("3 failed, 0 cancelled");
}

#[test]
fn ctrl_c_stops_the_engine_and_leaves_no_name_behind() {
    let (project, path) =
        with_engine("trap 'echo cleaned >> asked; exit 1' TERM; touch started; while :; do sleep 0.05; done");
    let mut command = project.kmodgen(&format!("{BUILD} --only alpha")).env("PATH", &path).command();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    project.waits_for("started");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("0 built, 0 pushed, 0 skipped, 0 failed, 3 cancelled"));
    let asked = project.read("asked");
    assert!(asked.contains("cleaned") && !asked.contains("tag"), "{asked}");
}

#[test]
fn what_is_missing_is_said_before_anything_runs() {
    let project = Project::generated();
    let run = project.kmodgen("build --offline --dtk quay.io/dtk:1").shell("PATH=/nothing").run().trouble();
    run.says("kmodgen builds with podman, buildah or docker");
    project.run("build --offline").trouble().says("give the kernel a `dtk`, or say --dtk IMAGE");
    project.run("plan --offline --format bake").trouble().says("or say --dtk IMAGE");
    project.run("build --offline --dtk not:a:reference").trouble().says("--dtk");
    let run = project.kmodgen("build --offline --engine docker --dtk quay.io/dtk:1").shell("PATH=/nothing").run();
    run.trouble().says("docker is not installed, or does not run");
}

/// The commands of a shell that run kmodgen where `folder` is a disk of its own, with no room.
/// `None` where this machine does not let anyone mount.
fn on_a_full_disk(folder: &str) -> Option<String> {
    let mount = format!("mount -t tmpfs -o size=4k none {folder} && head -c 4096 /dev/zero > {folder}/all");
    let alone = "unshare --user --map-root-user --mount sh -c";
    let mut try_it = Command::new("sh");
    try_it.args(["-c", &format!("{alone} 'mount -t tmpfs none /mnt'")]).stderr(Stdio::null());
    if !try_it.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine lets nobody mount");
        return None;
    }
    Some(format!("exec {alone} '{mount} && exec \"$0\" \"$@\"' \"$0\" \"$@\""))
}

#[test]
fn a_full_disk_is_named_and_no_image_half_done() {
    let (project, path) = with_engine("true");
    fs::create_dir(project.path("temp")).unwrap();
    if let Some(shell) = on_a_full_disk("temp") {
        let run = project.kmodgen(&format!("{BUILD} --only alpha --logs logs"));
        let run = run.env("PATH", &path).env("TMPDIR", "temp").shell(&shell).run().differs();
        run.shows("0 built, 0 pushed, 0 skipped, 1 failed, 2 cancelled")
            .says("buildah: cannot write to `temp`: the disk is full");
        let asked = project.read("asked");
        assert!(!asked.contains("tag") && !asked.contains("build --file"), "{asked}");
    }
    let (project, path) = with_engine("true");
    let run = project.kmodgen(&format!("{BUILD} --logs kmodgen.yaml/logs")).env("PATH", &path).run().differs();
    run.says("cannot write the log `kmodgen.yaml/logs/alpha/").says("a part of the path is not a folder");
    let run = project.kmodgen(BUILD).env("PATH", &path).env("TMPDIR", "nowhere").run().trouble();
    run.says("cannot make a folder for logs in `nowhere`");
}

#[test]
fn the_plan_is_handed_on_in_each_form() {
    let project = Project::generated();
    let matrix = project.run("plan --offline --format matrix --only alpha").fine().json();
    assert_eq!(matrix["include"].as_array().unwrap().len(), 3);
    assert_eq!(matrix["include"][0]["image"], image(&project, "alpha", EL9));
    assert_eq!(project.run("plan --offline --format github --only alpha").fine().json(), matrix);
    let bake = project.run("plan --offline --format bake --dtk quay.io/dtk:1").fine().json();
    let targets = bake["group"]["default"]["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 6);
    for target in targets {
        let target = &bake["target"][target.as_str().unwrap()];
        let dockerfile = format!("{}/Dockerfile", target["context"].as_str().unwrap());
        assert!(project.path(&dockerfile).is_file(), "{dockerfile}");
    }
    project.run("plan --offline --format tekton --dtk quay.io/dtk:1").fine().shows("kind: \"PipelineRun\"");
}

#[test]
fn a_registry_keeps_what_nodes_may_still_unload() {
    let project = Project::generated();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(project.path("")).env("HOME", project.path("../home")).env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(arguments);
        assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{arguments:?}");
    };
    let generation = |debug: &str| {
        project.edit("kmodgen.yaml", "DEBUG: \"0\"", &format!("DEBUG: \"{debug}\""));
        project.run("generate").fine();
        let image = image(&project, "alpha", EL9);
        git(&["add", "--all"]);
        git(&["commit", "-q", "-m", debug]);
        project.edit("kmodgen.yaml", &format!("DEBUG: \"{debug}\""), "DEBUG: \"0\"");
        image
    };
    git(&["init", "-q"]);
    let [first, second, third] = ["1", "2", "3"].map(generation);
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"3\"");
    let images = |arguments: &str| project.run(&format!("plan --format images {arguments}")).fine().stdout;
    let kept =
        |arguments: &str| [&first, &second, &third].map(|image| images(arguments).lines().any(|line| line == image));
    assert_eq!(kept(""), [false, false, true]);
    assert_eq!(kept("--since HEAD~1"), [false, true, true]);
    assert_eq!(kept("--since HEAD~2"), [true, true, true]);
    project.run("plan --format images --since nothing").trouble().says("no revision `nothing`");
}
