//! docs/incremental.md, tried with make and ninja: whatever changed is noticed, and nothing else is
//! done.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, SystemTime};

use super::{TICK, with_templates};
use crate::scenario::{DEBIAN, EL9, Project, RT, lines};

/// A program that the page has a file for.
struct Tool {
    program: &'static str,
    /// What its file is called.
    file: &'static str,
}

const MAKE: Tool = Tool { program: "make", file: "Makefile" };
const NINJA: Tool = Tool { program: "ninja", file: "build.ninja" };

impl Tool {
    /// The project with the page's file, and a `kmodgen` that writes down what it is asked, and
    /// builds nothing.
    fn prepare(&self, project: &Project) {
        let page = include_str!("../../../docs/incremental.md");
        let block = page.split(&format!(" file={}\n", self.file)).nth(1).unwrap();
        project.write(self.file, block.split("```").next().unwrap());
        let kmodgen = format!(
            "#!/bin/sh\ncase \"$1\" in\n\
             build) echo \"build $3\" >> asked; test ! -e broken || ! grep -qxF \"$3\" broken;;\n\
             *) echo \"$1\" >> asked; exec {} \"$@\";;\nesac\n",
            env!("CARGO_BIN_EXE_kmodgen")
        );
        project.write("bin/kmodgen", kmodgen);
        fs::set_permissions(project.path("bin/kmodgen"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn start(&self, project: &Project, arguments: &[&str]) -> Output {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=1", "300", self.program])
            .args(arguments)
            .current_dir(project.path(""))
            .env_clear()
            .env("HOME", project.path("../home"));
        command.env("PATH", format!("{}:{path}", project.path("bin").display())).output().unwrap()
    }

    /// Runs it; gives what `kmodgen` was asked, sorted, and whether all went well.
    fn run(&self, project: &Project) -> (Vec<String>, bool) {
        thread::sleep(TICK);
        project.write("asked", "");
        let output = self.start(project, &["-j2"]);
        thread::sleep(TICK);
        let mut asked: Vec<String> = lines(&project.read("asked")).into_iter().map(str::to_owned).collect();
        asked.sort();
        eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (asked, output.status.success())
    }
}

/// What `build` is asked for mappings of these modules on these kernels, then `generate`.
fn asked(modules: &[&str], releases: &[&str]) -> Vec<String> {
    let one = |module: &&str| {
        releases.iter().map(|release| format!("build {module}/{}", release.replace('+', "[+]"))).collect()
    };
    let mut asked: Vec<String> = modules.iter().flat_map(|module| -> Vec<String> { one(module) }).collect();
    asked.push("generate".into());
    asked.sort();
    asked
}

fn follows(tool: &Tool) {
    const NEW: &str = "6.12.108-cloud-amd64";
    let project = &with_templates();
    tool.prepare(project);
    if tool.program == "ninja" {
        // The page says so.
        project.write("built/mappings.ninja", "");
    }
    let list = format!("  - {DEBIAN}\n");
    let runs = |what: &str, expected: Vec<String>| {
        assert_eq!(tool.run(project), (expected, true), "{what}");
        assert_eq!(tool.run(project), (vec![], true), "nothing, after {what}");
    };
    let all = [EL9, RT, DEBIAN];
    runs("the first run", asked(&["alpha", "beta"], &all));
    project.edit("patches/fix.patch", "+new", "+newer");
    runs("a patch", asked(&["alpha"], &all));
    project.append("kmodgen.yaml", "# a comment\n");
    runs("a comment", asked(&[], &[]));
    project.write("templates/labels", "LABEL a=2\n");
    runs("an included template", asked(&["alpha"], &all));
    project.write("templates/local/more", "LABEL b=1\n");
    runs("a template that was looked for in vain", asked(&["alpha"], &all));
    project.remove("templates/local");
    runs("the same, gone again", asked(&["alpha"], &all));
    project.edit("kmodgen.yaml", &list, &format!("{list}  - {NEW}\n"));
    runs("a kernel that is new", asked(&["alpha", "beta"], &[NEW]));
    project.edit("kmodgen.yaml", &format!("  - {NEW}\n"), "");
    runs("a kernel that is gone", asked(&[], &[]));
    project.edit("kmodgen.yaml", "    patches: [patches/fix.patch]\n", "");
    project.remove("patches/fix.patch");
    runs("a patch that is gone", asked(&["alpha"], &all));

    project.write("broken", format!("alpha/{EL9}\n"));
    project.write("templates/labels", "LABEL a=3\n");
    assert!(!tool.run(project).1, "a command that fails");
    project.remove("broken");
    let (again, fine) = tool.run(project);
    assert!(
        fine && again.contains(&format!("build alpha/{EL9}")) && !again.contains(&"generate".to_owned()),
        "{again:?}"
    );

    if tool.program == "make" {
        // ninja says that the time is wrong, and goes no further.
        let file = fs::File::options().append(true).open(project.path("kmodgen.yaml")).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
        assert_eq!(tool.run(project), (asked(&[], &[]), true), "a file from the future");
        file.set_modified(SystemTime::now()).unwrap();
    }
    project.append("kmodgen.yaml", "nonsense: 1\n");
    project.write("templates/labels", "LABEL a=4\n");
    let (broken, fine) = tool.run(project);
    assert!(!fine && broken.iter().all(|line| line == "generate") && !broken.is_empty(), "{broken:?}");
    project.edit("kmodgen.yaml", "nonsense: 1\n", "");
    runs("the end of a mistake", asked(&["alpha"], &all));
}

#[test]
#[ignore = "needs make"]
fn make_runs_what_changed() {
    follows(&MAKE);
}

#[test]
#[ignore = "needs ninja"]
fn ninja_runs_what_changed() {
    follows(&NINJA);
}

/// Names that take some writing, of every kind that a depfile takes.
#[test]
#[ignore = "needs make and ninja"]
fn make_and_ninja_read_names_alike() {
    const MANIFEST: &str = "a #b\\c/kmodgen.yaml";
    const PATCH: &str = "a #b\\c/patches/a(1) $(b):ä#.patch";
    let project = Project::fleet();
    fs::create_dir(project.path("a #b\\c")).unwrap();
    for name in ["kmodgen.yaml", "patches"] {
        fs::rename(project.path(name), project.path("a #b\\c").join(name)).unwrap();
    }
    fs::rename(project.path("a #b\\c/patches/fix.patch"), project.path(PATCH)).unwrap();
    project.edit(MANIFEST, "patches/fix.patch", "\"patches/a(1) $(b):ä#.patch\"");
    project.kmodgen("generate --stamp stamp --depfile d -f").arg(MANIFEST).run().fine();
    project.write("Makefile", "stamp: ; touch stamp\ninclude d\n");
    project.write("build.ninja", "rule r\n  command = touch stamp\n  depfile = d\nbuild stamp: r\n");
    let text = project.read(PATCH);
    let make = || {
        thread::sleep(TICK);
        MAKE.start(&project, &["-q"]).status.code()
    };
    let ninja = |arguments: &[&str]| {
        thread::sleep(TICK);
        let output = NINJA.start(&project, arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        !said.contains("no work to do")
    };
    assert_eq!(make(), Some(0), "nothing to do");
    project.write(PATCH, &text);
    assert_eq!(make(), Some(1), "something to do");
    project.remove(PATCH);
    assert_eq!(make(), Some(1), "something to do, and no error");
    project.write(PATCH, &text);
    assert!(ninja(&[]) && !ninja(&[]));
    project.write(PATCH, &text);
    assert!(ninja(&["-n"]));
    project.remove(PATCH);
    assert!(ninja(&["-n"]));
}
