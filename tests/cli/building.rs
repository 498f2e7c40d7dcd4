//! `build`, and the plan in the forms that others build from. What a real engine makes of a
//! Dockerfile is for e2e/run to tell; here a script stands in for it, and says what it was asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::scenario::{DEBIAN, EL9, Project, RT, Terminal};

/// A project whose PATH has an engine that writes down what it is asked, and builds by `script`.
pub(crate) fn with_engine(script: &str) -> (Project, String) {
    let project = Project::generated();
    let program = project.path("bin/buildah");
    let text = format!(
        "#!/bin/sh\ncd '{}'\necho \"$*\" >> asked\ncase \"$1\" in\n\
         images) case \"$*\" in *dangling*) test ! -e unnamed || cat unnamed ;; *) test ! -e images || cat images ;; esac ;;\n\
         build) while [ $# -gt 0 ]; do [ \"$1\" != --iidfile ] || id=$2; shift; done; {script}; echo sha256:made > \"$id\" ;;\n\
         esac\n",
        project.path("").display()
    );
    project.write("bin/buildah", text);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(project.path("temp")).unwrap();
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
        // The date of sources without a date.
        "--timestamp 315532800 --layers".into(),
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

/// The JSON of a build that failed.
fn failed(script: &str) -> serde_json::Value {
    let (project, path) = with_engine(script);
    let run = project.kmodgen(&format!("{BUILD} --only alpha/.*rt --format json")).env("PATH", &path).run().differs();
    run.json()[0].clone()
}

#[test]
fn the_reason_is_what_the_log_says() {
    let noise = "echo 'STEP 3/9: RUN echo \"kmodgen: not this\"'; echo 'src/a.c:7:2: error: no member' >&2";
    assert_eq!(failed(&format!("{noise}; exit 2"))["reason"], "src/a.c:7:2: error: no member");
    let own = format!("{noise}; echo '#9 1.204 kmodgen: there are no headers'; seq 100; exit 2");
    assert_eq!(failed(&own)["reason"], "kmodgen: there are no headers");
    assert_eq!(failed("exit 2")["reason"], "exit status: 2");
    let (project, path) = with_engine(&format!("{noise}; seq 100; head -c 5000 /dev/zero | tr '\\0' x; exit 2"));
    let run = project.kmodgen(&format!("{BUILD} --only alpha/.*rt")).env("PATH", &path).run().differs();
    let run = run.says("  | src/a.c:7:2: error: no member\n  | …\n  | 82\n");
    assert!(run.stderr.lines().all(|line| line.chars().count() < 300), "{run}");
}

/// The names in a folder for temporary files.
fn temporary(project: &Project) -> Vec<String> {
    let names = fs::read_dir(project.path("temp")).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn a_run_leaves_logs_only_if_a_build_failed() {
    for (script, left) in [("true", 0), ("exit 1", 1)] {
        let (project, path) = with_engine(script);
        let run = project.kmodgen(&format!("{BUILD} --only alpha/.*rt")).env("PATH", &path).env("TMPDIR", "temp").run();
        assert_eq!(temporary(&project).len(), left, "{run}");
        // Logs are for the user, and stay when the next run sweeps.
        let _ = project
            .kmodgen(&format!("{BUILD} --only beta/.*rt --logs logs"))
            .env("PATH", &path)
            .env("TMPDIR", "temp")
            .run();
        assert_eq!(temporary(&project).len(), left);
    }
}

#[test]
fn json_names_the_logs_that_are_left() {
    for (script, options, left) in [("true", "", false), ("true", "--logs logs", true), ("exit 1", "", true)] {
        let (project, path) = with_engine(script);
        let run =
            project.kmodgen(&format!("{BUILD} --only alpha/.*rt --format json {options}")).env("PATH", &path).run();
        let run = if script == "true" { run.fine() } else { run.differs() };
        let row = run.json()[0].clone();
        let log = row.get("log").map(|log| project.path(&log.as_str().unwrap().replace("[temp]", "..")));
        assert_eq!(log.map(|log| log.is_file()), left.then_some(true), "{row}");
    }
}

#[test]
fn a_plan_of_a_selection_is_about_the_selection() {
    let project = Project::generated();
    // The builder of the Debian kernel is chosen in the cluster.
    project.run("plan --offline --format bake").trouble().says("--dtk IMAGE");
    project.run("plan --offline --format tekton").trouble().says("--dtk IMAGE");
    let bake = project.run("plan --offline --format bake --only .*el9.*").fine().json();
    assert_eq!(bake["group"]["default"]["targets"].as_array().unwrap().len(), 4, "{bake}");
    project.run("plan --offline --format tekton --only alpha/.*el9.*").fine().shows("PipelineRun");
    let images = project.run("plan --format images --only alpha/.*rt").fine().stdout;
    assert_eq!(images, format!("{}\n", image(&project, "alpha", RT)));
    assert_eq!(project.run("plan --format images --only beta").fine().stdout.lines().count(), 3);
}

#[test]
fn what_is_missing_is_said_before_anything_runs() {
    let project = Project::generated();
    let run = project.kmodgen("build --offline --dtk quay.io/dtk:1").shell("PATH=/nothing").run().trouble();
    run.says("kmodgen builds with podman, buildah or docker");
    project.run("build --offline").trouble().says("give the kernel a `dtk`, or pass --dtk IMAGE");
    project.run("plan --offline --format bake").trouble().says("or pass --dtk IMAGE");
    project.run("build --offline --dtk not:a:reference").trouble().says("--dtk");
    let run = project.kmodgen("build --offline --engine docker --dtk quay.io/dtk:1").shell("PATH=/nothing").run();
    run.trouble().says("docker is not installed, or does not run");
}

/// Returns the commands of a shell that run kmodgen with `folder` as a disk of its own, with no room.
fn on_a_full_disk(folder: &str) -> String {
    let mount = format!("mount -t tmpfs -o size=4k none {folder} && head -c 4096 /dev/zero > {folder}/all");
    let alone = "unshare --user --map-root-user --mount sh -c";
    format!("exec {alone} '{mount} && exec \"$0\" \"$@\"' \"$0\" \"$@\"")
}

#[test]
#[ignore = "needs user namespaces"]
fn a_full_disk_is_named_and_no_image_half_done() {
    let (project, path) = with_engine("true");
    let run = project.kmodgen(&format!("{BUILD} --only alpha --logs logs")).shell(&on_a_full_disk("temp"));
    let run = run.env("PATH", &path).env("TMPDIR", "temp").run().differs();
    run.shows("0 built, 0 pushed, 0 skipped, 1 failed, 2 cancelled")
        .says("buildah: cannot write to `[temp]/project/temp/kmodgen-")
        .says("`: the disk is full");
    let asked = project.read("asked");
    assert!(!asked.contains("tag") && !asked.contains("build --file"), "{asked}");
}

#[test]
fn a_folder_for_logs_that_cannot_be_made_is_named() {
    let (project, path) = with_engine("true");
    let run = project.kmodgen(&format!("{BUILD} --logs kmodgen.yaml/logs")).env("PATH", &path).run().differs();
    run.says("cannot write the log `kmodgen.yaml/logs/alpha/").says("a part of the path is not a folder");
    let run = project.kmodgen(BUILD).env("PATH", &path).env("TMPDIR", "nowhere").run().trouble();
    run.says("cannot create a folder for logs in `nowhere`");
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
    project.run("plan --offline --format tekton --dtk quay.io/dtk:1").fine().shows("kind: PipelineRun");
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
    assert_eq!(kept("--since HEAD~2 --only alpha/.*rt"), [false, false, false]);
    assert_eq!(kept("--since HEAD~2 --only alpha/.*el9_4.x86_64"), [true, true, true]);
    project.run("plan --format images --since nothing").trouble().says("no revision `nothing`");
}

/// An engine that takes its time, and whose storage is in the project.
const SLOW: &str = "trap 'echo cleaned >> asked; exit 1' TERM; trap 'echo interrupted >> asked; exit 1' INT; touch started; while test -d bin; do sleep 0.05; done";

#[test]
#[ignore = "needs script"]
fn ctrl_c_on_a_terminal_reaches_the_engine_through_kmodgen() {
    let (project, path) = with_engine(SLOW);
    let arguments = format!("{BUILD} --only alpha >result");
    let mut terminal = Terminal::run(&project, &path, "TMPDIR=temp", &arguments);
    project.waits_for("started");
    assert_eq!(temporary(&project).len(), 3, "of the run's logs, the context and the build");
    terminal.types("\u{3}");
    let (status, screen, _) = terminal.end();
    assert!(!status.success(), "{screen}");
    assert!(project.read("result").contains("3 cancelled"), "{screen}");
    let asked = project.read("asked");
    assert!(asked.contains("cleaned") && !asked.contains("interrupted") && !asked.contains("tag"), "{asked}");
    assert_eq!(temporary(&project), Vec::<String>::new());
}

#[test]
#[ignore = "needs flock"]
fn the_next_run_removes_what_a_killed_run_left() {
    let (project, path) = with_engine(SLOW);
    project.edit("bin/buildah", "case \"$1\" in", "case \"$1\" in\ninfo) echo \"$PWD/storage\" ;;");
    let build = |only: &str| {
        project.kmodgen(&format!("{BUILD} --only {only} --logs logs")).env("PATH", &path).env("TMPDIR", "temp")
    };
    // Somebody else's files and folders stay.
    fs::create_dir_all(project.path("temp/kmodgen-theirs/x")).unwrap();
    let mut child = build("alpha/.*rt").command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    project.waits_for("started");
    child.kill().unwrap();
    child.wait().unwrap();
    // The engine is asked to stop though nobody is left to ask it.
    project.waits_until(|| project.read("asked").contains("cleaned"));
    assert_eq!(temporary(&project).len(), 3);
    let mark = project.read("asked").split("src=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    for (id, text) in [("ours", mark.as_str()), ("theirs", "/tmp/kmodgen-other/run")] {
        project
            .write(&format!("storage/overlay-containers/{id}/userdata/buildah.json"), format!("{{\"a\": \"{text}\"}}"));
    }
    project.edit("bin/buildah", "touch started;", "exit 0;");
    // What a run that is alive has is not touched.
    let alive = project.path("temp/kmodgen-abcdef");
    fs::create_dir(&alive).unwrap();
    fs::set_permissions(&alive, fs::Permissions::from_mode(0o700)).unwrap();
    let mut holder = Command::new("flock");
    let holder = holder.arg("--no-fork").arg(&alive).args(["sh", "-c", "touch held; exec sleep 60"]);
    let mut holder = holder.current_dir(project.path("")).spawn().unwrap();
    project.waits_for("held");
    let _ = build("beta/.*rt").run();
    let asked = project.read("asked");
    assert!(asked.contains("\nrm ours\n") && !asked.contains("rm theirs"), "{asked}");
    let mut left = temporary(&project);
    left.sort();
    assert_eq!(left, ["kmodgen-abcdef", "kmodgen-theirs"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn every_command_with_temporary_folders_removes_those_of_killed_runs() {
    let (project, path) = with_engine("exit 0");
    project.edit("bin/buildah", "case \"$1\" in", "case \"$1\" in\ninfo) echo \"$PWD/storage\" ;;");
    let folder = |name: &str, mode: u32| {
        project.write(&format!("temp/{name}/run"), "buildah");
        project.write(&format!("temp/{name}/tmp/layer"), "large");
        fs::set_permissions(project.path(&format!("temp/{name}")), fs::Permissions::from_mode(mode)).unwrap();
    };
    for command in [
        "verify --engine buildah registry.example.com/x:1",
        "verify missing.tar",
        "publish --repo . --branch main --path fleet --check",
        &format!("{BUILD} --only beta/.*rt --logs logs"),
    ] {
        project.write("asked", "");
        folder("kmodgen-abcdef", 0o700);
        folder("kmodgen-public", 0o755);
        let mark = project.path("temp/kmodgen-abcdef/run");
        let mark = format!("{{\"secret\": \"src={}\"}}", mark.display());
        project.write("storage/overlay-containers/ours/userdata/buildah.json", mark);
        let _ = project.kmodgen(command).env("PATH", &path).env("TMPDIR", "temp").run();
        assert_eq!(temporary(&project), ["kmodgen-public"], "{command}");
        assert!(project.read("asked").contains("rm ours\n"), "{command}: {}", project.read("asked"));
    }
}

#[test]
fn temporary_folders_are_for_their_user_alone() {
    let (project, path) = with_engine("ls -ld temp/kmodgen-* > modes; ls -ld \"$TMPDIR/..\" >> modes");
    for umask in ["000", "022", "077"] {
        let run = project.kmodgen(&format!("{BUILD} --only alpha/.*rt")).env("PATH", &path).env("TMPDIR", "temp");
        let _ = run.shell(&format!("umask {umask}")).run().fine();
        let modes = project.read("modes");
        assert_eq!(modes.lines().count(), 4, "{modes}");
        assert!(modes.lines().all(|line| line.starts_with("drwx------")), "{umask}: {modes}");
    }
}

#[test]
fn a_document_is_written_for_each_image_that_is_built() {
    let (project, path) = with_engine("true");
    project.write("images", format!("{}\n", image(&project, "alpha", RT)));
    let build = || project.kmodgen(&format!("{BUILD} --only alpha --sbom sboms")).env("PATH", &path).run().fine();
    build().shows("2 built, 0 pushed, 1 skipped");
    assert!(!project.path(&format!("sboms/alpha/{RT}.spdx.json")).exists());
    let text = project.read(&format!("sboms/alpha/{DEBIAN}.spdx.json"));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["spdxVersion"], "SPDX-2.3");
    let names: Vec<&str> =
        document["packages"].as_array().unwrap().iter().map(|package| package["name"].as_str().unwrap()).collect();
    let runtime = "registry.example.com/ubi9/ubi-minimal";
    assert_eq!(
        names,
        ["registry.example.com/kmods/alpha", "driver", "patches/fix.patch", runtime, "quay.io/dtk"],
        "{text}"
    );
    build();
    assert_eq!(project.read(&format!("sboms/alpha/{DEBIAN}.spdx.json")), text);
    let (project, path) = with_engine("exit 1");
    let _ = project.kmodgen(&format!("{BUILD} --only alpha/.*rt --sbom sboms")).env("PATH", &path).run().differs();
    assert!(!project.path("sboms").exists());
}

#[test]
fn logs_and_documents_go_through_no_link_of_the_checkout() {
    let file = format!("sboms/alpha/{RT}.spdx.json");
    for (link, options) in [
        ("logs", "--logs logs"),
        ("out", "--logs out/logs"),
        ("logs/alpha", "--logs logs"),
        ("sboms", "--sbom sboms"),
        ("sboms/alpha", "--sbom sboms"),
        (&file, "--sbom sboms"),
    ] {
        let (project, path) = with_engine("true");
        if let Some((folder, _)) = link.rsplit_once('/') {
            fs::create_dir_all(project.path(folder)).unwrap();
        }
        project.link(link, project.outside());
        let run = project.kmodgen(&format!("{BUILD} --only alpha/.*rt {options}")).env("PATH", &path).run();
        assert!(run.code > 0 && run.stderr.contains("symbolic link"), "{run}");
        project.outside_is_untouched();
    }
}
