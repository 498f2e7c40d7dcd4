//! `generate` writes what differs, says what it would write, and finds its manifest.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::scenario::{Change, DEBIAN, EL9, Project, RT, lines};

/// What the fleet comes to: of each mapping a Dockerfile and a ConfigMap, of each module a Module
/// and a kustomization, and one kustomization for all.
const FILES: u64 = 2 * 6 + 2 * 2 + 1;

#[test]
fn the_first_run_creates() {
    let project = Project::fleet();
    let run = project.run("generate").fine();
    assert_snapshot!(run.unhashed());
    assert_snapshot!("the_tree", project.tree().paths().join("\n"));
}

#[test]
fn the_second_run_touches_nothing() {
    let project = Project::generated();
    let before = project.tree();
    assert_snapshot!(project.run("generate").fine());
    assert_eq!(project.run("generate --format json").fine().summary(), [0, 0, FILES, 0, 0]);
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
}

#[test]
fn a_change_reaches_its_mappings_and_no_other() {
    let override_for_rt =
        "    overrides: [{when: {kernel: '.*[+]rt'}, steps: {compile: {make: {vars: {RT: \"1\"}}}}}]\n";
    let add_override = |project: &Project| {
        project.edit(
            "kmodgen.yaml",
            "    moduleSpec: {selector",
            &format!("{override_for_rt}    moduleSpec: {{selector"),
        );
    };
    let change_patch = |project: &Project| project.edit("patches/fix.patch", "+new", "+newer");
    let change_commit = |project: &Project| project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    let change_dtk = |project: &Project| project.edit("kmodgen.yaml", &"b".repeat(64), &"c".repeat(64));
    let changes: [(Change<'_>, &[(&str, &str)]); 4] = [
        (&add_override, &[("alpha", RT)]),
        (&change_patch, &[("alpha", EL9), ("alpha", RT), ("alpha", DEBIAN)]),
        (&change_commit, &[("beta", EL9), ("beta", RT), ("beta", DEBIAN)]),
        (&change_dtk, &[("alpha", RT), ("beta", RT)]),
    ];
    for (change, mappings) in changes {
        let project = Project::generated();
        let before = project.output();
        change(&project);
        project.run("generate").fine().shows(&format!("{} to reload", mappings.len()));
        let mut expected: Vec<String> = Vec::new();
        for (module, release) in mappings {
            expected.push(format!("{module}/{release}/Dockerfile"));
            expected.push(format!("{module}/{release}/configmap.yaml"));
            expected.push(format!("{module}/module.yaml"));
        }
        expected.sort();
        expected.dedup();
        assert_eq!(project.output().written_since(&before), expected);
    }
}

#[test]
fn a_new_kernel_is_added_to_the_lists() {
    let project = Project::generated();
    let before = project.output();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), &format!("  - {DEBIAN}\n  - 6.12.108-cloud-amd64\n"));
    assert_snapshot!(project.run("generate").fine());
    let expected = "
        + alpha/6.12.108-cloud-amd64/Dockerfile
        + alpha/6.12.108-cloud-amd64/configmap.yaml
        ~ alpha/kustomization.yaml
        ~ alpha/module.yaml
        + beta/6.12.108-cloud-amd64/Dockerfile
        + beta/6.12.108-cloud-amd64/configmap.yaml
        ~ beta/kustomization.yaml
        ~ beta/module.yaml";
    assert_eq!(project.output().since(&before), lines(expected));
}

#[test]
fn dry_run_and_check_write_nothing() {
    let project = Project::fleet();
    let before = project.tree();
    assert_snapshot!(project.run("generate --dry-run").fine());
    project.run("generate --check").trouble().says("there is no `kmodgen.lock`");
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());

    project.run("lock").fine();
    let before = project.tree();
    project.run("generate --check").differs().shows("17 created").shows("(nothing was written)");
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
}

#[test]
fn check_sees_every_difference() {
    let dockerfile = format!("gitops/alpha/{EL9}/Dockerfile");
    let edit = |project: &Project| project.append(&dockerfile, "RUN mine\n");
    let lose_file = |project: &Project| project.remove(&dockerfile);
    let lose_folder = |project: &Project| project.remove("gitops/beta");
    let drift = |project: &Project| project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let remove_kernel = |project: &Project| project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
    let changes: [(Change<'_>, [u64; 5]); 5] = [
        (&edit, [0, 0, FILES - 1, 0, 1]),
        (&lose_file, [1, 0, FILES - 1, 0, 0]),
        (&lose_folder, [8, 0, FILES - 8, 0, 0]),
        (&drift, [0, 14, FILES - 14, 0, 0]),
        (&remove_kernel, [0, 4, FILES - 8, 4, 0]),
    ];
    for (change, summary) in changes {
        let project = Project::generated();
        project.run("generate --check").fine();
        change(&project);
        let before = project.tree();
        assert_eq!(project.run("generate --check --format json").differs().summary(), summary);
        assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    }
}

/// git is the judge of what a unified difference is, and the result is what `generate` writes.
#[test]
fn diff_is_a_patch_that_makes_the_new_tree() {
    let project = Project::generated();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "  - 6.12.108-cloud-amd64\n");
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let run = project.run("generate --dry-run --diff").fine();
    let (diff, _) = run.stdout.split_once("created ").unwrap();

    let copy = Project::generated();
    let mut git = Command::new("git");
    git.args(["apply", "-p1", "--whitespace=nowarn", "-"]).current_dir(copy.path("")).stdin(Stdio::piped());
    let mut git = git.env("GIT_CEILING_DIRECTORIES", copy.path("..")).spawn().unwrap();
    git.stdin.take().unwrap().write_all(diff.as_bytes()).unwrap();
    assert!(git.wait().unwrap().success());

    project.run("generate").fine();
    assert_eq!(copy.output().since(&project.output()), Vec::<String>::new());
}

#[test]
fn json_says_what_was_done_and_where() {
    let project = Project::fleet();
    let run = project.run("generate --format json").fine().silent();
    assert_eq!(run.summary(), [FILES, 0, 0, 0, 0]);
    let json = run.json();
    assert_eq!(json["files"].as_array().unwrap().len() as u64, FILES);
    assert_eq!(json["nodes"], serde_json::json!({"load": 6, "reload": 0, "unload": 0}));

    project.append("gitops/alpha/module.yaml", "# mine\n");
    let json = project.run("generate --format json").differs().json();
    assert_snapshot!(serde_json::to_string_pretty(&json["files"]).unwrap());
}

/// A Module names the ConfigMaps of all its kernels: what is selected are modules.
#[test]
fn only_some() {
    for (pattern, modules) in [
        ("alpha", &["alpha"][..]),
        (r".*\+rt", &["alpha", "beta"]),
        (RT, &["alpha", "beta"]),
        (r"beta/6\..*", &["beta"]),
        (&format!("alpha/{EL9}"), &["alpha"]),
    ] {
        let project = Project::fleet();
        let run = project.run(&format!("generate --only {pattern}")).fine();
        assert!(run.stderr.contains("note: --only writes whole modules"), "{pattern}");
        let output = project.output();
        let top = project.read("gitops/kustomization.yaml");
        for module in ["alpha", "beta"] {
            let files = output.paths().iter().filter(|path| path.starts_with(module)).count();
            let selected = modules.contains(&module);
            assert_eq!(files, if selected { 8 } else { 0 }, "{pattern}: {module}");
            assert_eq!(top.contains(&format!("- {module}\n")), selected, "{pattern}: {top}");
        }
        assert_eq!(output.dangling(), Vec::<String>::new());
    }
}

/// What changed in a module's other kernels is written with the one that is named, and what is not
/// selected stays, in the list at the top too.
#[test]
fn only_writes_all_kernels_of_a_module() {
    let project = Project::generated();
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let before = project.output();
    project.run(&format!("generate --only alpha/{DEBIAN}")).fine().shows("7 updated");
    let output = project.output();
    assert!(output.since(&before).iter().all(|change| change.starts_with("~ alpha/")), "{output:?}");
    assert_eq!(output.dangling(), Vec::<String>::new());
    project.run("generate").fine().shows("7 updated");

    let manifest = project.read("kmodgen.yaml");
    project.write("kmodgen.yaml", manifest.split_once("  - name: beta").unwrap().0);
    let before = project.output();
    project.run("generate --only alpha").fine().shows("9 unchanged");
    assert_eq!(project.output().since(&before), Vec::<String>::new());
}

#[test]
fn only_what_does_not_exist() {
    let project = Project::fleet();
    let before = project.tree();
    assert_snapshot!(project.run("generate --only gamma").trouble());
    assert_snapshot!("only_no_pattern", project.run("generate --only [").trouble());
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
}

#[test]
fn another_output_folder() {
    let project = Project::fleet();
    project.run("generate -o deploy/here").fine();
    assert_eq!(project.tree().folders().iter().filter(|path| !path.contains("deploy")).count(), 1, "patches alone");
    assert!(project.read("deploy/here/kustomization.yaml").contains("- alpha\n"));

    project.append("kmodgen.yaml", "output: {dir: clusters/prod}\n");
    project.run("generate").fine();
    assert!(project.read("clusters/prod/kustomization.yaml").contains("- alpha\n"));
    project.kmodgen("generate -o").arg("").run().trouble();
}

#[test]
fn the_manifest_is_found() {
    let project = Project::fleet().with("deep/down/file", "");
    project.kmodgen("generate").from(project.path("deep/down")).run().fine();
    assert!(project.read("gitops/alpha/module.yaml").contains("kind: "));

    let project = Project::fleet();
    let manifest = project.path("kmodgen.yaml");
    project.kmodgen("generate -f").arg(&manifest).from("/").run().fine();
    project.kmodgen("generate --check -f ../project/kmodgen.yaml").from(project.outside()).run().fine();
    project.outside_is_untouched();

    project.kmodgen("generate").from(project.outside()).run().trouble().says("there is no kmodgen.yaml");
    project.run("generate -f absent.yaml").trouble().says("cannot read manifest `absent.yaml`: there is no such file");
}

#[test]
fn argo_is_told_the_order_without_a_reload() {
    let project = Project::generated();
    project.append("kmodgen.yaml", "output: {syncWaves: true}\n");
    let json = project.run("generate --format json").fine().json();
    assert_eq!((&json["summary"]["updated"], &json["nodes"]["reload"]), (&6.into(), &0.into()));
    let config_map = project.read(&format!("gitops/alpha/{EL9}/configmap.yaml"));
    assert!(config_map.contains("argocd.argoproj.io/sync-wave: \"-1\""), "{config_map}");
}
