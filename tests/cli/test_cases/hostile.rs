//! Bad input: each gets a message, and nothing outside of the snapshots is touched.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::{change, fleet_with_cases, tested};
use crate::scenario::{EL9, Project, Tree};

#[test]
fn every_fault_of_every_case_is_told_at_once() {
    let project = Project::fleet()
        .with("tests/a.yaml", "apiVersion: kmodgen/v1\nmoduls: [alpha]\nreleases: '['\nsnapshot: [dockerfil]\nexpect:\n  - contians: x\n  - {}\n  - {contains: x, lacks: y}\n  - {mappings: many}\n")
        .with("tests/b.yaml", "snapshot: false\n")
        .with("tests/c.yaml", "")
        .with("tests/d.yml", "apiVersion: kmodgen/v1\nexpect:\n  - {error: x}\n  - {mappings: 1, in: module}\n  - {contains: x, in: module, when: {kernel: x}}\n  - contains: \"\"\n")
        .with("tests/e f.yaml", "apiVersion: kmodgen/v1\nset: [a]\nkernels: []\n")
        .with("tests/d.yaml", "apiVersion: kmodgen/v1\n");
    assert_snapshot!("faults", project.run("test").trouble());
}

#[test]
fn cases_that_select_nothing() {
    let case = |text: &str| Project::fleet().with("tests/case.yaml", format!("apiVersion: kmodgen/v1\n{text}"));
    for (text, said) in [
        ("modules: [alhpa]\n", "did you mean `alpha`?"),
        ("releases: '4\\..*'\n", "no kernel of the manifest is, or matches, `4\\..*`"),
        ("releases: [5.14.0]\n", "a pattern matches the whole release"),
        ("cluster: x\n", "the manifest has no cluster `x`"),
        ("set: {modules: [{name: x}]}\n", "the manifest has no module `x`"),
        (
            "set: {modules: [{name: alpha, unless: {kernel: '.*'}}]}\nmodules: [alpha]\n",
            "nothing comes out of this case",
        ),
    ] {
        let run = case(text).run("test");
        assert_eq!(run.code, 2, "{text}: {run}");
        run.shows(said).shows("tests/case.yaml:").shows("1 in trouble");
    }
    let none = "set: {modules: [{name: alpha, unless: {kernel: '.*'}}]}\nmodules: [alpha]\nexpect: [{mappings: 0}]\n";
    case(none).run("test").fine();
}

#[test]
fn no_cases_at_all() {
    for project in [Project::fleet(), Project::fleet().with("tests/README.md", "").with("tests/.hidden.yaml", "")] {
        project.run("test").trouble().says("there are no test cases: write one as `tests/NAME.yaml`");
    }
    let project = Project::fleet().with("tests", "a file");
    project.run("test").trouble().says("cannot read `tests`");
}

#[test]
fn what_stands_where_a_snapshot_would() {
    let path = format!("snapshots/all/alpha/{EL9}/Dockerfile");
    for (make, said) in [
        (
            (|p, path| {
                p.remove(path);
                fs::create_dir(p.path(path)).unwrap()
            }) as fn(&Project, &str),
            "a folder is there",
        ),
        (
            |p, path| {
                p.remove(path);
                p.link(path, p.outside().join("precious"))
            },
            "a symbolic link is there",
        ),
        (|p, path| p.write(path, "FROM scratch\n"), "a file is there that is not kmodgen's"),
        (|p, path| p.write(path, b"\xff\xfe"), "a file is there that is not UTF-8 text, and not kmodgen's"),
    ] {
        let project = tested();
        make(&project, &path);
        let said = format!("  blocked  {path}: {said}; move it away");
        project.run("test").differs().shows(&said).shows("1 blocked");
        let before = project.tree();
        project.run("test --accept").differs().shows(&said);
        assert_eq!(project.tree().since(&before), Vec::<String>::new());
        project.outside_is_untouched();
    }
}

#[test]
fn no_link_is_followed() {
    for path in ["snapshots", "snapshots/all", "snapshots/all/alpha"] {
        let project = tested();
        fs::rename(project.path(path), project.outside().join("moved")).unwrap();
        project.link(path, project.outside().join("moved"));
        change(&project);
        project.edit("kmodgen.yaml", &format!("  - release: {EL9}\n"), "  - release: 5.14.0-1.el9.x86_64\n");
        let before = Tree::read(&project.outside());
        let run = project.run("test --accept");
        assert!([1, 2].contains(&run.code), "{run}");
        run.shows(&format!("`{path}` is a symbolic link, and has to be a folder"));
        assert_eq!(Tree::read(&project.outside()).written_since(&before), Vec::<&str>::new(), "{path}");
    }
}

#[test]
fn a_damaged_snapshot_is_replaced_when_told_to() {
    let project = tested();
    let path = format!("snapshots/all/alpha/{EL9}/Dockerfile");
    let mut bytes = project.read(&path).into_bytes();
    let at = bytes.len() - 3;
    bytes[at] = 0xff;
    project.write(&path, bytes);
    project.run("test").differs().shows("1 changed");
    project.run("test --accept").fine();
    project.run("test").fine();
}

#[test]
fn a_snapshot_cannot_steer_the_terminal() {
    let project = tested();
    project.append(&format!("snapshots/all/alpha/{EL9}/Dockerfile"), "# \u{1b}[2J\u{7}\n");
    let run = project.run("test").differs().shows("-# \\u{1b}[2J\\u{7}");
    assert!(!run.stdout.contains('\u{1b}'));
}

#[test]
fn snapshots_that_cannot_be_written_stay_as_they_were() {
    let project = tested();
    change(&project);
    let before = project.tree();
    // Also root gets no file of more than a block.
    let run = project.kmodgen("test --accept").shell("trap '' XFSZ; ulimit -f 1").run().trouble();
    run.says(&format!("cannot write `snapshots/all/alpha/{EL9}/Dockerfile`"));
    assert_eq!(project.tree().since(&before), Vec::<String>::new());
    project.run("test --accept").fine();
}

#[test]
fn a_folder_that_cannot_be_written() {
    let project = fleet_with_cases().with("snapshots", "a file");
    project.run("test --accept").differs().shows("`snapshots` is a file, and has to be a folder");
    // Root may write anywhere.
    if Command::new("id").arg("-u").output().unwrap().stdout != b"0\n" {
        let project = tested();
        change(&project);
        let folder = project.path(&format!("snapshots/all/alpha/{EL9}"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        project.run("test --accept").trouble().says("permission denied");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_manifest_that_is_wrong_is_told_once() {
    let project = tested();
    project.edit("kmodgen.yaml", "namespace: kmm-ci", "namspace: kmm-ci");
    let run = project.run("test").trouble().says("did you mean `namespace`?");
    assert_eq!(run.stderr.matches("namspace").count(), 2, "{run}");
}

#[test]
fn two_runs_do_not_mix() {
    let project = fleet_with_cases();
    std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| project.run("test --accept").fine())));
    });
    project.run("test").fine();
}

#[test]
#[ignore = "needs python3"]
fn junit_is_xml_whatever_is_in_it() {
    let project = tested();
    project.append(&format!("snapshots/all/alpha/{EL9}/Dockerfile"), "# <&\"'>]]> \u{1}\u{fffe}\u{1f600}\n");
    project.write("tests/bad.yaml", "apiVersion: kmodgen/v1\nmodules: [nothing]\n");
    project
        .write("tests/bold.yaml", "apiVersion: kmodgen/v1\nsnapshot: false\nexpect: [{contains: \"<\\e&]]>\\x01\"}]\n");
    project.remove("tests/rt.yaml");
    let run = project.run("test --junit report.xml");
    assert_eq!(run.code, 2, "{run}");
    let script = "\
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(root.tag, root.get('tests'), root.get('failures'), root.get('errors'))
for case in root.iter('testcase'):
    print(case.get('name'), *(child.tag for child in case))
";
    let python = Command::new("python3").args(["-c", script]).arg(project.path("report.xml")).output().unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let read = String::from_utf8(python.stdout).unwrap();
    assert_eq!(read, "testsuites 4 3 1\nall failure\nbad error\nbold failure\nsnapshots/ failure\n");
    project.run("test all --junit no/such/folder.xml").says("cannot write");
}
