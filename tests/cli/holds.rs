//! A held module stays as it was in a commit, and the others are as without the hold.

mod layouts;

use std::collections::BTreeMap;
use std::process::Command;

use crate::scenario::{DEBIAN, EL9, Project, Run};

/// A date that has not passed when this test runs.
const LATER: &str = "9999-12-31";

/// A fleet whose first output is tagged `v1`. The second one, `v2`, has another make variable in `alpha`.
fn fleet() -> Project {
    let project = Project::generated();
    project.commit("v1");
    change(&project);
    project.run("generate").fine();
    project.commit("v2");
    project
}

fn change(project: &Project) {
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
}

/// Changes the layout of the output folder.
fn change_layout(project: &Project, layout: &str) {
    let text = project.read("kmodgen.yaml");
    let rest = text.split("output: {layout:").next().unwrap();
    project.write("kmodgen.yaml", format!("{rest}output: {{layout: {layout}}}\n"));
}

fn hold(project: &Project, arguments: &str) -> Run {
    project.kmodgen(&format!("hold {arguments} --until {LATER} --reason")).arg("panics, see #12").run()
}

fn commit(project: &Project, revision: &str) -> String {
    let output = Command::new("git").args(["rev-parse", revision]).current_dir(project.path("")).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The output folder as it is in a commit.
fn files_at(project: &Project, revision: &str, module: &str) -> String {
    let pathspec = format!("{revision}:gitops/{module}");
    let output = Command::new("git").args(["ls-tree", "-r", &pathspec]).current_dir(project.path("")).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The files of a module on disk are those of a commit.
fn is_as_at(project: &Project, revision: &str, module: &str) {
    project.git("add --all .");
    let tree = Command::new("git").arg("write-tree").current_dir(project.path("")).output().unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert_eq!(
        files_at(project, tree.trim_end(), module),
        files_at(project, revision, module),
        "{module} at {revision}"
    );
}

#[test]
fn a_held_module_goes_back_and_stays() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine().says("note: module `alpha` is held at ").says(": panics, see #12");
    assert!(project.read("kmodgen.holds.yaml").contains(&commit(&project, "v1")));
    project.run("generate --check").differs();
    let plan = project.run("plan --format json").fine().json();
    let row = plan.as_array().unwrap().iter().find(|row| row["module"] == "alpha" && row["release"] == EL9).unwrap();
    assert_eq!((&row["state"], &row["hold"]["reason"]), (&"changed".into(), &"panics, see #12".into()), "{row}");
    project.run("explain").fine().shows("alpha").says("is held at");
    let back = project.run("generate").fine();
    back.shows("3 to reload").says(&format!("until {LATER}: panics, see #12"));
    is_as_at(&project, "v1", "alpha");
    is_as_at(&project, "v2", "beta");
    for _ in 0..2 {
        project.run("generate --check").fine().says("is held at");
        let json = project.run("generate --format json").fine().json();
        assert_eq!(json["holds"][0]["overdue"], false, "{json}");
        assert_eq!(json["summary"]["updated"], 0, "{json}");
    }
    project.edit("kmodgen.yaml", "DEBUG: \"1\"", "DEBUG: \"2\"");
    project.run("generate").fine().shows("0 updated");
    is_as_at(&project, "v1", "alpha");
    project.run("hold --list").fine().shows("alpha").shows(LATER);
    project.run("hold alpha --release").fine().says("released module `alpha`");
    project.run("generate").fine().shows("3 to reload");
    assert!(project.read("kmodgen.holds.yaml").ends_with("holds: []\n"));
}

#[test]
fn the_effect_of_a_hold_on_nodes_is_printed() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine().shows("on nodes: 0 mappings to load, 3 to reload, 0 to unload\n");
    project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - {release: 5.14.0-999.el9.x86_64, nodes: 2}\n");
    project.run("hold alpha --release").fine();
    project.run("generate").fine();
    let run = hold(&project, "alpha --at v1").fine();
    run.shows("3 to reload, 1 to unload (2 nodes)\nunloads alpha on 5.14.0-999.el9.x86_64\n");
    let run = hold(&project, "beta --at v1").fine();
    assert!(run.stdout.contains("0 to reload, 1 to unload"), "{run}");
    project.commit("v3");
    assert_eq!(hold(&project, "beta --at v3").fine().stdout, "");
}

#[test]
fn a_held_module_is_not_rendered() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine();
    project.remove("patches/fix.patch");
    project.run("generate").fine();
    is_as_at(&project, "v1", "alpha");
}

#[test]
fn an_edit_of_a_held_file_is_noticed() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine();
    project.run("generate").fine();
    project.run("generate").fine();
    let file = format!("gitops/alpha/{EL9}/Dockerfile");
    project.append(&file, "# mine\n");
    project.run("generate --check").differs();
    project.run("generate").differs().says("edited by hand");
    project.run("generate --force").fine();
    is_as_at(&project, "v1", "alpha");
    project.remove(&format!("gitops/alpha/{EL9}"));
    project.run("generate").fine().shows("2 created");
    project.write(&format!("gitops/alpha/{EL9}x/Dockerfile"), project.read(&file));
    project.run("generate --check").differs();
    project.run("generate").fine().shows("1 removed");
    is_as_at(&project, "v1", "alpha");
}

#[test]
fn a_date_that_has_passed_changes_no_node() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine();
    project.run("generate").fine();
    project.edit("kmodgen.holds.yaml", LATER, "2020-02-29");
    for arguments in ["generate", "generate", "generate --check"] {
        project.run(arguments).differs().says("is still held at").says("2020-02-29 has passed").shows("0 updated");
    }
    is_as_at(&project, "v1", "alpha");
    let json = project.run("generate --format json").differs().json();
    assert_eq!(json["holds"][0]["overdue"], true, "{json}");
    project.run("hold --list").differs().shows("2020-02-29 (passed)");
    project.run("plan").fine().says("2020-02-29 has passed");
    project.run("diff v1").fine().says("2020-02-29 has passed");
}

#[test]
fn a_commit_that_is_not_there_stops_its_module_alone() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine();
    let at = commit(&project, "v1");
    project.edit("kmodgen.holds.yaml", &at, &"7".repeat(40));
    project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    let run = project.run("generate").differs();
    run.says("commit 777777777777 is not in the repository of `gitops`").says("git fetch origin 7777");
    is_as_at(&project, "v2", "alpha");
    project.run("generate --check").differs();
    project.run("plan").differs().says("module `alpha` is left out").shows("beta");
    project.run("explain").differs().says("module `alpha` is left out");
    project.run("diff v2").fine().shows("777777777777");
    assert!(project.read("gitops/kustomization.yaml").contains("- alpha"));
}

#[test]
fn a_revision_without_files_of_the_module_is_refused() {
    let project = Project::fleet();
    project.commit("v0");
    project.run("generate --only beta").fine();
    project.commit("v1");
    let before = project.tree();
    hold(&project, "alpha --at v1")
        .trouble()
        .says("has no generated files of the module")
        .says("this one has files of `beta`");
    hold(&project, "alpha --at v0").trouble().says("files of no module");
    hold(&project, "alpha --at v9").trouble().says("there is no revision `v9`");
    hold(&project, "alpha --at v9 --repo fleet.git").trouble().says("pass --path DIR");
    hold(&project, "alpha --at v9 --path clusters/prod").trouble().says("pass --repo URL-or-PATH");
    hold(&project, "aplha --at v1").trouble().says("did you mean `alpha`?");
    project.kmodgen("hold alpha --at v1 --until 2020-01-01 --reason x").run().trouble().says("has passed");
    project
        .kmodgen("hold alpha --at v1 --until 9999-01-01 --reason")
        .arg("a\u{1b}[31m")
        .run()
        .trouble()
        .says("--reason");
    project.run("hold alpha --release").trouble().says("is not held");
    assert_eq!(project.tree(), before);
}

#[test]
fn a_file_of_holds_is_hostile() {
    let project = Project::generated();
    let before = project.output();
    let text = format!(
        "holds:\n  - {{module: aplha, at: {at}, reason: x, until: {LATER}}}\n  - {{module: beta, cluster: east, at: {at}, reason: x, until: {LATER}}}\n",
        at = "a".repeat(40),
    );
    project.write("kmodgen.holds.yaml", text);
    let run = project.run("generate").trouble();
    run.says("kmodgen.holds.yaml:2:")
        .says("did you mean `alpha`?")
        .says("kmodgen.holds.yaml:3:")
        .says("no cluster `east`");
    project.run("plan").trouble();
    project.write("kmodgen.holds.yaml", "holds:\n  - {module: alpha, at: abc, reason: \"a\\eb\", until: x, why: y}\n");
    let run = project.run("generate").trouble();
    run.says("`abc` is not a full commit ID").says("`x` is not a date").says("no key `why`").says("4 errors");
    project.write("kmodgen.holds.yaml", " ".repeat(100 << 20));
    project.run("generate").trouble().says("kmodgen.holds.yaml");
    project.run("hold --list").trouble();
    project.remove("kmodgen.holds.yaml");
    project.link("kmodgen.holds.yaml", "/etc/passwd");
    project.run("generate").trouble().says("kmodgen.holds.yaml");
    assert_eq!(project.output(), before);
}

#[test]
fn holds_are_inputs_of_make() {
    let project = fleet();
    project.run("generate --stamp built/stamp --depfile built/stamp.d").fine();
    let newer = |than: &str| {
        let time = |path: &str| std::fs::metadata(project.path(path)).unwrap().modified().unwrap();
        time("kmodgen.lock") > time(than)
    };
    assert!(!newer("built/stamp"));
    project.waits_until(|| {
        hold(&project, "alpha --at v1").fine();
        newer("built/stamp")
    });
    project.run("generate --stamp built/stamp --depfile built/stamp.d").fine();
    assert!(project.read("built/stamp.d").contains("\n kmodgen.holds.yaml"));
    // A file without holds is an input, too.
    let project = fleet();
    project.write("kmodgen.holds.yaml", "holds: []\n");
    project.run("generate --stamp built/stamp --depfile built/stamp.d").fine();
    assert!(project.read("built/stamp.d").contains("\n kmodgen.holds.yaml"));
}

#[test]
fn each_cluster_is_held_by_itself() {
    let project = Project::fleet();
    project.append("kmodgen.yaml", "clusters:\n  east: {}\n  west: {}\n");
    project.run("generate").fine();
    project.commit("v1");
    change(&project);
    project.run("generate").fine();
    project.commit("v2");
    hold(&project, "alpha --cluster east --at v1").fine();
    project.run("generate").fine().says("module `alpha` of east is held");
    is_as_at(&project, "v1", "east/alpha");
    is_as_at(&project, "v2", "west/alpha");
    hold(&project, "alpha --at v1").fine();
    project.run("generate").fine().says("module `alpha` of east, west is held");
    is_as_at(&project, "v1", "west/alpha");
    project.run("hold alpha --cluster west --release").fine();
    project.run("generate").fine();
    is_as_at(&project, "v2", "west/alpha");
    assert!(!project.output().paths().iter().any(|path| path.contains(DEBIAN) && path.contains("gamma")));
}

#[test]
fn diff_compares_holds() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine();
    project.run("generate").fine();
    project.commit("v3");
    project.run("diff v2").fine().shows("3").says("is held at");
    project.run("diff v3").fine().shows("no differences");
    project.run("diff v1 v3").fine().shows("no differences");
}

#[test]
fn a_shallow_clone_says_how_to_fetch_the_commit() {
    let project = fleet();
    hold(&project, "alpha --at v1").fine();
    project.run("generate").fine();
    project.commit("v3");
    let url = format!("file://{}", project.path("").display());
    project.git(&format!("clone --quiet --depth 1 {url} clone"));
    let run = project.run("generate -C clone").differs();
    run.says("is not in the repository of `gitops`").says("`git fetch --unshallow`").shows("0 updated");
}

/// Numbers that look random, the same for each seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

#[test]
fn held_modules_never_change_and_others_are_as_without_holds() {
    for seed in 1..5 {
        let mut numbers = Numbers(seed);
        let mut layouts = ["files", "bundle"].into_iter().cycle().skip(numbers.below(2));
        let (project, plain) = (Project::fleet(), Project::fleet());
        let layout = layouts.next().unwrap();
        for project in [&project, &plain] {
            change_layout(project, layout);
            project.run("generate").fine();
        }
        project.commit("v0");
        let mut held: BTreeMap<&str, String> = BTreeMap::new();
        let mut tags = vec!["v0".to_owned()];
        for step in 1..16 {
            let module = ["alpha", "beta"][numbers.below(2)];
            let tag = tags[numbers.below(tags.len())].clone();
            match numbers.below(6) {
                0 | 1 => {
                    for project in [&project, &plain] {
                        let text = project.read("kmodgen.yaml");
                        let text = match module {
                            "alpha" => text.replace("make: {vars: {DEBUG: \"", "make: {vars: {DEBUG: \"1"),
                            _ => {
                                text.replace("kmods: [beta, beta_core]", &format!("kmods: [beta, beta_core, x{step}]"))
                            }
                        };
                        project.write("kmodgen.yaml", text);
                    }
                }
                2 => {
                    hold(&project, &format!("{module} --at {tag}")).fine();
                    held.insert(module, tag);
                }
                3 if held.remove(module).is_some() => {
                    project.run(&format!("hold {module} --release")).fine();
                }
                4 => {
                    let layout = layouts.next().unwrap();
                    [&project, &plain].iter().for_each(|project| change_layout(project, layout));
                }
                // What a revert of a commit leaves.
                _ => project.git(&format!("checkout --quiet {tag} -- gitops")),
            }
            plain.run("generate").fine();
            project.run("generate").fine();
            project.run("generate --check").fine();
            held.iter().for_each(|(module, tag)| is_as_at(&project, tag, module));
            let other = |path: &&str| path.split('/').next().is_none_or(|module| !held.contains_key(module));
            let [(mine, own), (theirs, without)] = [&project, &plain].map(|project| (project, project.output()));
            let paths: Vec<&str> = own.paths().into_iter().filter(other).collect();
            assert_eq!(
                paths,
                without.paths().into_iter().filter(other).collect::<Vec<_>>(),
                "seed {seed}, step {step}"
            );
            for path in paths {
                let path = format!("gitops/{path}");
                assert_eq!(mine.read(&path), theirs.read(&path), "seed {seed}, step {step}: {path}");
            }
            project.commit(&format!("v{step}"));
            tags.push(format!("v{step}"));
        }
    }
}
