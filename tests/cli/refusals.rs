//! What would unload or reload nodes without anyone having said so is refused: the module stays as
//! it is, and everything else is written.

use crate::scenario::{DEBIAN, EL9, Project};

/// A generated fleet that knows of three nodes on the EL 9 kernel.
fn with_nodes() -> Project {
    let project = Project::fleet();
    project.edit(
        "kmodgen.yaml",
        &format!("dtk@sha256:{}\n", "a".repeat(64)),
        &format!("dtk@sha256:{}\n    nodes: 3\n", "a".repeat(64)),
    );
    project.run("generate").fine();
    project
}

/// A generated fleet whose `alpha` has a version.
fn with_version() -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    version: \"1.0\"\n");
    project.run("generate").fine();
    project
}

fn exclude_from_alpha(project: &Project) {
    project.edit(
        "kmodgen.yaml",
        "  - name: alpha\n",
        "  - name: alpha\n    unless: {kernel: ['5[.]14[.]0-427[.]28.*']}\n",
    );
}

#[test]
fn a_kernel_with_nodes_is_not_unloaded_in_passing() {
    let project = with_nodes();
    exclude_from_alpha(&project);
    project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    let before = project.output();
    let run = project.run("generate").differs();
    assert_snapshot!(run.unhashed());
    let changed = project.output().since(&before);
    assert!(changed.len() == 7 && changed.iter().all(|change| change.starts_with("~ beta/")), "{changed:?}");
    let refused = project.run("generate --format json").differs().json()["refused"].clone();
    assert_eq!(refused[0]["module"], "alpha", "{refused}");

    project.run("generate --force").differs();
    project.run("generate --allow-remove").fine().shows(&format!("unloads alpha on {EL9}"));
    assert!(!project.path(&format!("gitops/alpha/{EL9}")).exists());
}

#[test]
fn a_module_with_nodes_is_not_removed_in_passing() {
    let project = with_nodes();
    let manifest = project.read("kmodgen.yaml");
    project.write("kmodgen.yaml", manifest.split_once("  - name: beta").unwrap().0);
    let before = project.output();
    project.run("generate").differs().says("skipped module `beta`").says("--allow-remove");
    assert_eq!(project.output().since(&before), Vec::<String>::new(), "the list of modules too");
    project.edit("kmodgen.yaml", "name: alpha", "name: alpha2");
    project.run("generate").differs().says("skipped module `alpha`");
    let list = project.read("gitops/kustomization.yaml");
    assert!(["- alpha\n", "- alpha2\n", "- beta\n"].iter().all(|name| list.contains(name)), "{list}");
    project.run("generate --allow-remove").fine().shows("unloads beta on");
    assert!(!project.path("gitops/beta").exists() && !project.read("gitops/kustomization.yaml").contains("\"beta\""));
}

#[test]
fn only_is_not_held_up_by_other_modules() {
    let project = with_nodes();
    exclude_from_alpha(&project);
    project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    project.run("generate --only beta").fine().shows("7 updated");
    project.run("generate --only alpha").differs().says("skipped module `alpha`");
}

#[test]
fn a_new_image_needs_a_new_version() {
    let project = with_version();
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let before = project.output();
    assert_snapshot!(project.run("generate").differs().unhashed());
    assert_eq!(project.output().since(&before), Vec::<String>::new());
    project.run("generate --force").differs();
    project.edit("kmodgen.yaml", "version: \"1.0\"", "version: \"1.1\"");
    project.run("generate").fine().shows("7 updated").shows("3 to reload");
}

#[test]
fn the_same_image_needs_no_new_version() {
    let project = with_version();
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    when: {kernel: ['5[.].*']}\n");
    project.run("generate").fine().shows("1 to unload");
    project.edit("kmodgen.yaml", "version: \"1.0\"", "version: \"2.0\"");
    project.run("generate").fine().shows("1 updated");
}

#[test]
fn a_version_neither_comes_nor_goes() {
    let project = with_version();
    project.edit("kmodgen.yaml", "    version: \"1.0\"\n", "");
    let before = project.output();
    assert_snapshot!("a_version_goes", project.run("generate").differs());
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    version: \"1.0\"\n");
    project.edit("kmodgen.yaml", "  - name: beta\n", "  - name: beta\n    version: \"1.0\"\n");
    assert_snapshot!("a_version_comes", project.run("generate").differs());
    assert_eq!(project.output().since(&before), Vec::<String>::new());
}

/// Whatever takes the last kernel from a module: the message says what, and what to write.
#[test]
fn a_module_keeps_its_last_kernel() {
    let include = |pattern: &str| format!("  - name: alpha\n    when: {{kernel: ['{pattern}']}}\n");
    let labels = |labels: &str| format!("  - name: alpha\n    when: {{labels: {{{labels}}}}}\n");
    let flavour = "  - name: alpha\n    when: {flavour: realtime}\n".to_owned();
    for (change, why, help) in [
        (include("5.14*"), "no kernel release matches `5.14*`", r"write `kernel: '5\.14.*'`"),
        (include("5.1?.0-427*"), "no kernel release matches `5.1?.0-427*`", r"write `kernel: '5\.1.\.0-427.*'`"),
        (include("el9_4"), "no kernel release matches `el9_4`", "write `kernel: '.*el9_4.*'`"),
        (include("4[.]18.*"), "no kernel release matches `4[.]18.*`", "keep its kernels"),
        (labels("distro: rhel9x"), "no kernel has the label `distro: rhel9x`", "did you mean `distro: rhel9`?"),
        (labels("distroo: rhel9"), "no kernel has the label `distroo: rhel9`", "did you mean the label `distro`?"),
        (flavour, "no kernel has the flavour `realtime`", "keep its kernels"),
    ] {
        let project = Project::fleet();
        let dtk = format!("dtk@sha256:{}\n", "a".repeat(64));
        project.edit("kmodgen.yaml", &dtk, &format!("{dtk}    labels: {{distro: rhel9}}\n"));
        project.run("generate").fine();
        project.edit("kmodgen.yaml", "  - name: alpha\n", &change);
        let before = project.output();
        for arguments in ["generate", "generate --only alpha", "generate --force"] {
            let run = project.run(arguments).differs();
            run.says(&format!("skipped module `alpha`: it would lose all its kernels: {why}")).says(help);
            assert_eq!(project.output().since(&before), Vec::<String>::new(), "{change}");
        }
        project.run("generate --allow-remove").fine().shows("unloads alpha");
        assert!(!project.path("gitops/alpha").exists());
        assert!(!project.read("gitops/kustomization.yaml").contains("- alpha\n"));
    }
}

#[test]
fn a_module_without_objects_and_a_list_without_kernels() {
    let project = Project::generated();
    let manifest = project.read("kmodgen.yaml");
    let (head, rest) = manifest.split_once("kernels:\n").unwrap();
    let (_, modules) = rest.split_once("modules:\n").unwrap();
    project.write("kmodgen.yaml", format!("{head}kernels: [6.1.0-1-amd64]\nmodules:\n{modules}"));
    project.run("generate").fine().shows("6 to unload");

    let project = Project::generated();
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha2\n");
    project.run("generate").differs().says("skipped module `alpha`: it would lose all its kernels");
    assert!(project.read("gitops/kustomization.yaml").contains("- alpha2\n"));
    project.run("generate --allow-remove").fine().shows("unloads alpha on");
}

/// The Module says which kernels nodes ran, so that a fresh clone knows it, too.
#[test]
fn a_kernel_with_nodes_that_vanished_from_the_list() {
    for forgets in [false, true] {
        let project = with_nodes();
        let with = project.read("kmodgen.yaml");
        let (head, rest) = with.split_once(&format!("  - release: {EL9}\n")).unwrap();
        let (_, rest) = rest.split_once("    nodes: 3\n").unwrap();
        project.write("kmodgen.yaml", format!("{head}{rest}"));
        if forgets {
            std::fs::remove_dir_all(project.cache()).unwrap();
        }
        let before = project.output();
        let run = project.run("generate").differs();
        run.says(&format!("skipped module `alpha`: it would be unloaded on nodes that run {EL9}"));
        assert_eq!(project.output().since(&before), Vec::<String>::new());
        // Nodes that someone counted and found none of hold nothing up.
        project.write("kmodgen.yaml", with.replace("nodes: 3", "nodes: 0"));
        project.run("generate").fine().shows("2 updated");
        project.write("kmodgen.yaml", format!("{head}{rest}"));
        project.run("generate").fine().shows("2 to unload");
    }
}

/// A list of kernels in a file of its own may be all that changes.
#[test]
fn nodes_are_noted_when_they_come() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "  - file: kernels.yaml\n");
    let list = |rest: &str| format!("apiVersion: kmodgen/v1\nkernels:\n{rest}");
    project.write("kernels.yaml", list(&format!("  - {DEBIAN}\n  - 6.1.0-1-amd64\n")));
    project.run("generate").fine();
    project.write("kernels.yaml", list(&format!("  - {{release: {DEBIAN}, nodes: 2}}\n  - 6.1.0-1-amd64\n")));
    project.run("generate").fine().shows("2 updated");
    assert!(project.read("gitops/alpha/module.yaml").contains(&format!("kmodgen/nodes: {DEBIAN}\n")));
    project.write("kernels.yaml", list("  - 6.1.0-1-amd64\n"));
    project.run("generate").differs().says(&format!("on nodes that run {DEBIAN}"));
}
