//! What a run knows of the one before, and what it tells make and ninja.

mod tools;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::Duration;

use crate::scenario::{DEBIAN, EL9, Project, lines};

/// Long enough for a file's time to tell what was before from what is after, on any machine.
const TICK: Duration = Duration::from_millis(50);

const MARKS: &str = "generate --stamp built/stamp --depfile built/stamp.d";

/// The fleet; `alpha` has a template, which includes one that is there and one that is not.
fn with_templates() -> Project {
    let own = "{% extends 'kmodgen/dtk' %}{% block labels %}{% include 'templates/labels' %}\
               {% include 'templates/local/more' ignore missing %}{% endblock %}";
    let project = Project::fleet().with("templates/own", own).with("templates/labels", "LABEL a=1\n");
    project.edit("kmodgen.yaml", "name: alpha\n", "name: alpha\n    template: templates/own\n");
    project
}

#[test]
fn a_template_is_watched_also_when_no_mapping_was_rendered() {
    let project = with_templates();
    project.run("generate").fine();
    let comment: &dyn Fn() = &|| project.append("kmodgen.yaml", "# a comment\n");
    let edit: &dyn Fn() = &|| project.append("gitops/beta/module.yaml", "# an edit\n");
    for (label, change, updated) in [("2", comment, 0), ("3", edit, 1)] {
        thread::sleep(TICK);
        change();
        project.run("generate --force").fine().shows(&format!("{updated} updated"));
        thread::sleep(TICK);
        project.write("templates/labels", format!("LABEL a={label}\n"));
        project.run("generate").fine().shows("7 updated");
        assert!(project.read(&format!("gitops/alpha/{EL9}/Dockerfile")).contains(&format!("LABEL a={label}")));
    }
}

#[test]
fn a_depfile_names_all_that_was_read() {
    let project = with_templates();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), &format!("  - {DEBIAN}\n  - file: kernels.yaml\n"));
    project.write("kernels.yaml", "apiVersion: kmodgen/v1\nkernels: [6.12.108-cloud-amd64]\n");
    let expected = "built/stamp: \\
 kmodgen.yaml \\
 kmodgen.lock \\
 kernels.yaml \\
 patches/fix.patch \\
 templates \\
 templates/labels \\
 templates/own

kmodgen.yaml:

kmodgen.lock:

kernels.yaml:

patches/fix.patch:

templates:

templates/labels:

templates/own:
";
    let comment: &dyn Fn() = &|| project.append("kmodgen.yaml", "# a comment\n");
    // The first run, one that remembers all, one that remembers the mappings, and one that has nothing to remember.
    let nothing: &dyn Fn() = &|| ();
    let forget: &dyn Fn() = &|| fs::remove_dir_all(project.path("../cache")).unwrap();
    for change in [nothing, nothing, comment, forget] {
        change();
        project.run(MARKS).fine();
        assert_eq!(project.read("built/stamp.d"), expected);
        assert_eq!(project.read("built/stamp"), "");
        thread::sleep(TICK);
    }
    // Where no stamp is asked for, from elsewhere, and with another output folder.
    for (arguments, target, manifest) in [
        ("-f ../project/kmodgen.yaml", "../project/gitops/kustomization.yaml", "../project/kmodgen.yaml"),
        (
            "-f ../project/kmodgen.yaml -o ../project/gitops",
            "../project/gitops/kustomization.yaml",
            "../project/kmodgen.yaml",
        ),
    ] {
        for _ in 0..2 {
            let run = project.kmodgen(&format!("generate --depfile ../project/d {arguments}")).from(project.outside());
            run.run().fine().shows("0 created, 0 updated");
            assert!(project.read("d").starts_with(&format!("{target}: \\\n {manifest} \\\n")), "{}", project.read("d"));
        }
    }
    project.outside_is_untouched();
}

#[test]
fn marks_are_for_runs_that_ended_well() {
    let project = with_templates();
    let started = project.kmodgen(MARKS).run().fine();
    started.silent();
    let before = project.tree();
    let untouched = |arguments: &str| assert_eq!(project.tree().written_since(&before), lines(arguments));
    for flag in ["--check", "--dry-run"] {
        project.run(&format!("generate {flag} --stamp s")).trouble().says("cannot be used with");
        project.run(&format!("generate {flag} --depfile d")).trouble().says("cannot be used with");
    }
    // An error, and a conflict.
    project.append("kmodgen.yaml", "nonsense: 1\n");
    project.run(MARKS).trouble();
    project.edit("kmodgen.yaml", "nonsense: 1\n", "# a comment\n");
    project.append("gitops/alpha/module.yaml", "# an edit\n");
    project.run(MARKS).differs();
    untouched("gitops/alpha/module.yaml\nkmodgen.yaml");
    project.run(&format!("{MARKS} --force")).fine();
    assert_eq!(project.tree().written_since(&before).len(), 4);
}

#[test]
fn marks_replace_nothing_that_is_not_theirs() {
    let project = with_templates();
    let before = project.tree();
    for (arguments, why) in [
        ("--stamp kmodgen.yaml", "is not empty, as a stamp must be"),
        ("--stamp patches", "is not empty, as a stamp must be"),
        ("--depfile patches/fix.patch", "is not a depfile"),
        ("--depfile patches", "cannot write depfile `patches`: it is a folder"),
        ("--stamp s --depfile ./s", "choose different files"),
        ("--stamp kmodgen.yaml/s", "a part of the path is not a folder"),
        ("--stamp a*b --depfile d", "cannot name `a*b` in a depfile"),
    ] {
        project.run(&format!("generate {arguments}")).trouble().says(why);
    }
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    // What it reads may have such a name, too.
    project.write("templates/local/more", "");
    project.write("patches/a=b.patch", "x\n");
    project.edit("kmodgen.yaml", "patches/fix.patch", "\"patches/a=b.patch\"");
    project.run("generate --depfile d").trouble().says("cannot name `patches/a=b.patch` in a depfile: make and ninja");
    assert!(!project.path("gitops/alpha").exists());
}

#[test]
fn a_stamp_has_the_time_of_the_start() {
    let project = with_templates();
    let time = |path: &str| {
        let metadata = fs::metadata(project.path(path)).unwrap();
        (metadata.mtime(), metadata.mtime_nsec())
    };
    project.run(MARKS).fine();
    // This run wrote the lock, which it also read.
    assert!(time("built/stamp") >= time("kmodgen.lock"));
    thread::sleep(TICK);
    project.append("patches/fix.patch", "+more\n");
    project.run(MARKS).fine();
    assert!(time("built/stamp") >= time("patches/fix.patch"));
    assert!(time("built/stamp") <= time(&format!("gitops/alpha/{EL9}/Dockerfile")));

    // A folder that is watched, and that the run itself writes to.
    project.edit("templates/own", "templates/local/more", "more");
    for _ in 0..2 {
        thread::sleep(TICK);
        project.run("generate --stamp stamp --depfile stamp.d").fine();
        assert!(project.read("stamp.d").contains(" . \\\n"), "{}", project.read("stamp.d"));
        assert!(time("stamp") >= time("."));
    }
}
