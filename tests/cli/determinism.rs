//! The output is a function of the manifest's meaning, and of nothing else.

use std::fs;

use crate::scenario::{Project, Tree};

/// A fleet of enough kernels that several threads have work.
fn large() -> Project {
    let project = Project::fleet();
    let releases: String = (0..70).map(|number| format!("  - 6.1.{number}-1-amd64\n")).collect();
    project.edit("kmodgen.yaml", "modules:\n", &format!("{releases}modules:\n"));
    project
}

#[test]
fn from_anywhere_in_any_environment() {
    let project = Project::generated();
    let manifest = project.path("kmodgen.yaml");
    let elsewhere = project.outside();
    for (name, run) in [
        ("folder", project.kmodgen("generate -o").arg(project.path("folder")).arg("-f").arg(&manifest).from(elsewhere)),
        ("locale", project.kmodgen("generate -o locale").env("LC_ALL", "tr_TR.UTF-8").env("LANG", "de_DE.ISO-8859-1")),
        ("zone", project.kmodgen("generate -o zone").env("TZ", "Pacific/Chatham").env("SOURCE_DATE_EPOCH", "1")),
        ("umask", project.kmodgen("generate -o umask").shell("umask 077")),
        ("colour", project.kmodgen("generate -o colour").env("CLICOLOR_FORCE", "1").env("TERM", "xterm")),
        ("jobs", project.kmodgen("generate -o jobs -j 1")),
    ] {
        run.run().fine();
        assert_eq!(Tree::read(&project.path(name)).since(&project.output()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn files_are_readable_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::fleet();
    project.kmodgen("generate").shell("umask 077").run().fine();
    let mode = fs::metadata(project.path("gitops/alpha/module.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn with_any_number_of_threads() {
    let project = large();
    project.run("generate -j 1").fine();
    project.run("generate -j 8 -o eight").fine();
    assert_eq!(Tree::read(&project.path("eight")).since(&project.output()), Vec::<String>::new());
    assert_eq!(project.output().paths().len(), 2 * (2 * 73 + 2) + 1);
    assert_eq!(
        project.run("plan -j 1").fine().stdout,
        project.run("plan -j 8").fine().stdout.replace("eight", "gitops")
    );
}

#[test]
fn wherever_the_project_is() {
    let (here, there) = (Project::generated(), Project::fleet());
    fs::create_dir_all(there.path("deep/down")).unwrap();
    for name in ["kmodgen.yaml", "patches"] {
        fs::rename(there.path(name), there.path("deep/down").join(name)).unwrap();
    }
    there.run("generate -f deep/down/kmodgen.yaml").fine();
    assert_eq!(Tree::read(&there.path("deep/down/gitops")).since(&here.output()), Vec::<String>::new());
}

#[test]
fn in_any_order_of_keys_and_with_any_comments() {
    let (one, other) = (Project::fleet(), Project::fleet());
    one.edit("kmodgen.yaml", "{DEBUG: \"0\"}", "{A: \"1\", DEBUG: \"0\"}");
    one.edit(
        "kmodgen.yaml",
        "    moduleSpec: {selector: {node-role.kubernetes.io/worker: \"\"}}\n",
        "    moduleSpec: {selector: {a: b, c: d}}\n",
    );
    other.write("kmodgen.yaml", include_str!("scenario/fleet_reordered.yaml"));
    one.run("generate").fine();
    other.run("generate").fine();
    assert_eq!(other.output().since(&one.output()), Vec::<String>::new());
}
