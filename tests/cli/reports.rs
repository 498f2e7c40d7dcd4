//! `plan` and `explain`: what there is to do, and why.

use std::process::Command;

use crate::scenario::{DEBIAN, EL9, Project, RT};

/// The states of a plan, in its order.
fn states(project: &Project) -> Vec<String> {
    let json = project.run("plan --format json").fine().json();
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = json.as_array().unwrap().iter();
    rows.map(|row| format!("{} {} {}", text(row, "module"), text(row, "release"), text(row, "state"))).collect()
}

#[test]
fn a_plan_has_every_field_that_scripts_need() {
    let project = Project::fleet();
    let json = project.run("plan --format json").fine().silent().json();
    let first = &json[0];
    assert_eq!((&first["module"], &first["release"], &first["state"]), (&"alpha".into(), &EL9.into(), &"new".into()));
    let hash = first["hash"].as_str().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert_eq!(first["image"], format!("registry.example.com/kmods/alpha:{EL9}-{}", &hash[..12]));
    assert_eq!(first["dockerfile"], format!("gitops/alpha/{EL9}/Dockerfile"));
    let name = first["configMap"].as_str().unwrap().to_owned();

    project.run("generate").fine();
    assert!(project.read(&format!("gitops/alpha/{EL9}/configmap.yaml")).contains(&format!("name: {name}\n")));
    assert!(project.read("gitops/alpha/module.yaml").contains(first["image"].as_str().unwrap()));
    let again = project.run("plan --format json").fine().json();
    assert_eq!((&again[0]["hash"], &again[0]["state"]), (&first["hash"], &"unchanged".into()));
}

#[test]
fn every_state() {
    let project = Project::generated();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "  - 6.12.108-cloud-amd64\n");
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    project.append(&format!("gitops/alpha/{RT}/Dockerfile"), "# mine\n");
    let expected = [
        format!("alpha {EL9} changed"),
        format!("alpha {RT} conflict"),
        "alpha 6.12.108-cloud-amd64 new".into(),
        format!("beta {EL9} unchanged"),
        format!("beta {RT} unchanged"),
        "beta 6.12.108-cloud-amd64 new".into(),
        format!("alpha {DEBIAN} removed"),
        format!("beta {DEBIAN} removed"),
    ];
    assert_eq!(states(&project), expected);
    assert_snapshot!(project.run("plan").fine().unhashed());
    assert_snapshot!("every_state_and_row", project.run("plan --all").fine().unhashed());
}

#[test]
fn unchanged_rows_are_counted() {
    let project = Project::generated();
    project.run("plan").fine().shows("unchanged: alpha (3 kernels), beta (3 kernels)\n");
    project.edit(
        "kmodgen.yaml",
        &format!("  - release: {EL9}\n"),
        &format!("  - release: {EL9}\n    nodes: 12\n    labels: {{ocp: \"4.16\"}}\n"),
    );
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    let changed = project.run("plan --only alpha").fine();
    assert_snapshot!("plan_changed", changed.unhashed());
    let rows = project.run("plan --format json").fine().json();
    assert_eq!(rows[0]["actions"], serde_json::json!(["build", "reload"]));
    assert_eq!((&rows[0]["nodes"], &rows[0]["ocp"]), (&12.into(), &"4.16".into()));
    assert_eq!(rows[0]["why"], "build step 1 DEBUG=0 to DEBUG=1");
    assert_ne!(rows[0]["oldImage"], rows[0]["image"]);
    assert_eq!((&rows[5]["actions"], &rows[5]["why"]), (&serde_json::json!(["keep"]), &serde_json::Value::Null));
    // Other files, but the same images.
    let project = Project::generated();
    project.edit("kmodgen.yaml", "namespace: ", "namespace: other-");
    project.run("plan").fine().shows("  … 3 kernels with changed files, unchanged on nodes\n");
    // Whoever has the same tag does not build it.
    project.edit("kmodgen.yaml", "registry.example.com/kmods/alpha", "registry.example.com/others/alpha");
    project.run("plan").fine().shows("build, reload  image kmods to others  registry.example.com/kmods/alpha:…-");
}

/// Files of the output folder may be anyone's.
#[test]
fn old_values_cannot_control_a_terminal() {
    let project = Project::generated();
    project.write(
        &format!("gitops/alpha/{EL9}/configmap.yaml"),
        "metadata:\n  annotations:\n    kmodgen/content-hash: \"00\"\n    kmodgen/inputs: \"runtime image: \\e[2Ja\"\n",
    );
    let module = project.read("gitops/alpha/module.yaml");
    let image = "containerImage: registry.example.com/kmods/alpha:";
    project.write("gitops/alpha/module.yaml", module.replace(image, "containerImage: \"\\e[2Jb\" # "));
    for (command, shown) in
        [("plan", "[2Jb"), ("plan --format markdown", "Changes of"), (&format!("explain {EL9}"), "[2Ja")]
    {
        let run = project.run(&format!("{command} --color always")).fine().shows(shown);
        assert!(!run.stdout.contains("\u{1b}[2J"), "{run}");
    }
}

#[test]
fn a_plan_names_the_kernels_that_no_module_is_for() {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    when: {flavour: standard}\n    unless: {kernel: '6\\..*', reason: the driver needs 5.14}\n");
    project.edit(
        "kmodgen.yaml",
        "  - name: beta\n",
        "  - name: beta\n    when: {kernelVersion: \"<=5.14\", arch: x86_64, flavour: [standard]}\n",
    );
    let run = project.run("plan").fine();
    let notes: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("note: no module")).collect();
    assert_eq!(
        notes,
        [
            format!("note: no module matches kernel {RT}"),
            format!("note: no module matches kernel {DEBIAN} (alpha: the driver needs 5.14)"),
        ]
    );
    assert_eq!(states(&project), [format!("alpha {EL9} new"), format!("beta {EL9} new")]);
}

#[test]
fn a_plan_writes_nothing() {
    let project = Project::fleet();
    let before = project.tree();
    project.run("plan").fine();
    project.run(&format!("explain {EL9}")).fine();
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
}

#[test]
fn a_plan_of_some() {
    let project = Project::fleet();
    let json = project.run(r"plan --format json --only beta/5\..*").fine().json();
    assert_eq!(json.as_array().unwrap().len(), 2);
    project.run("plan --only nothing").trouble().says("no module, kernel or MODULE/KERNEL matches");
}

#[test]
fn explain_tells_from_what_to_what() {
    let project = Project::generated();
    assert_snapshot!("explain_unchanged", project.run(&format!("explain {EL9}")).fine().unhashed());
    project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    assert_snapshot!("explain_changed", project.run(&format!("explain {EL9}")).fine().unhashed());
    let json = project.run(&format!("explain {EL9} --format json")).fine().json();
    let change = &json[0]["changes"][0];
    assert_eq!(change["input"], "runtime image");
    let digest = "c".repeat(64);
    assert_eq!(change["from"], format!("registry.example.com/ubi9/ubi-minimal:9.4@sha256:{digest}"));
    assert_eq!(change["to"], format!("registry.example.com/ubi9/ubi-minimal:9.5@sha256:{digest}"));
}

#[test]
fn explain_groups_equal_changes() {
    let project = Project::generated();
    project.run("explain").fine().shows("no mapping changed\n");
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    project.edit("kmodgen.yaml", &format!("  - release: {EL9}\n"), &format!("  - release: {EL9}\n    nodes: 55\n"));
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
    let run = project.run("explain").fine();
    assert_snapshot!("explain_all", run.unhashed());
    let json = project.run("explain --format json").fine().json();
    let states: Vec<_> = json.as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["changed", "changed", "changed", "changed", "removed", "removed"]);
    // Both modules on a kernel have the same change.
    project
        .run(&format!("explain {EL9}"))
        .fine()
        .shows("2 mappings, 55 nodes reload: runtime image 9.4 to 9.5; same: ");
    project
        .run("generate --dry-run --explain --allow-remove")
        .fine()
        .shows("4 mappings, at least 55 nodes reload: runtime image 9.4 to 9.5; same: ");
}

#[test]
fn explain_new_and_gone() {
    let project = Project::generated();
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "  - 6.12.108-cloud-amd64\n");
    assert_snapshot!("explain_new", project.run("explain 6.12.108-cloud-amd64 --only alpha").fine().unhashed());
    assert_snapshot!("explain_gone", project.run(&format!("explain {DEBIAN}")).fine().unhashed());
}

/// What an earlier run left is known from the files alone.
#[test]
fn explain_in_a_fresh_copy() {
    let project = Project::generated();
    project.edit("patches/fix.patch", "+new", "+newer");
    let here = project.run(&format!("explain {EL9}")).fine();
    let copy = Project::empty();
    let copied = Command::new("cp").arg("-r").arg(project.path(".")).arg(copy.path(".")).status().unwrap();
    assert!(copied.success());
    let there = copy.run(&format!("explain {EL9}")).fine();
    assert_eq!(here.stdout, there.stdout);
    assert_snapshot!(there.unhashed());
}

#[test]
fn explain_shows_a_templates_own_change() {
    let project = Project::fleet().with(
        "mine.Dockerfile",
        "{% extends \"kmodgen/dtk\" %}\n{% block labels %}\nLABEL purpose=old\n{% endblock %}\n",
    );
    project.edit("kmodgen.yaml", "  - name: alpha\n", "  - name: alpha\n    template: mine.Dockerfile\n");
    project.run("generate").fine();
    project.edit("mine.Dockerfile", "purpose=old", "purpose=new");
    let run = project.run(&format!("explain {EL9} --only alpha")).fine();
    let text = run.unhashed();
    assert!(text.contains("-LABEL purpose=old\n+LABEL purpose=new\n"), "{text}");
    assert_snapshot!(text);
    project
        .run("generate --explain")
        .fine()
        .shows("3 kernels reload: text of the Dockerfile; same: ")
        .shows(&format!("\n  alpha on {EL9}, "));
}

/// A name that holds what separates names from values is told whole, and is no change.
#[test]
fn explain_names_with_colons() {
    let project = Project::fleet().with("patches/a: b.patch", "--- a/x\n");
    project.edit("kmodgen.yaml", "[patches/fix.patch]", "[\"patches/a: b.patch\"]");
    project.run("generate").fine();
    let json = project.run(&format!("explain {EL9} --format json")).fine().json();
    assert_eq!((&json[0]["state"], &json[0]["changes"]), (&"unchanged".into(), &serde_json::json!([])));
}

#[test]
fn an_unknown_release() {
    let project = Project::generated();
    assert_snapshot!("explain_near", project.run("explain 5.14.0-427.28.1.el9_4.x86").trouble());
    assert_snapshot!("explain_far", project.run("explain x").trouble());
}

#[test]
fn the_schema_is_that_of_the_manifest() {
    let project = Project::fleet();
    let schema = project.run("schema").fine().silent().json();
    let manifest = &schema["$defs"]["manifest"];
    assert_eq!((&schema["$ref"], &manifest["additionalProperties"]), (&"#/$defs/manifest".into(), &false.into()));
    assert_eq!(manifest["properties"]["sources"]["additionalProperties"]["$ref"], "#/$defs/source");
    let kernels = project.run("schema --kernels").fine().silent().json();
    assert_eq!(kernels["$ref"], "#/$defs/kernel-file");
}

#[test]
fn many_warnings_are_counted() {
    let mut manifest = String::from(
        "apiVersion: kmodgen/v1\nnamespace: a\nsources: {s: {git: 'https://git.example.com/s.git', ref: 0419e2f0ea5186e8f143b95e636345f760d016b1}}\nbaseImages: {builder: 'r.example.com/b:1', runtime: 'r.example.com/r@sha256:DIGEST', pin: false}\nkernels: [5.14.0-1.el9.x86_64]\nmodules:\n",
    );
    for number in 0..100 {
        manifest.push_str(&format!(
            "  - {{name: m{number}, source: s, kmods: [m], image: r.example.com/m, objects: false}}\n"
        ));
    }
    let manifest = manifest.replace("DIGEST", &"d".repeat(64));
    let run = Project::of(&manifest).run("plan").fine();
    assert_eq!(run.stderr.matches("warning[shared-image]").count(), 50, "{run}");
    assert!(run.stderr.ends_with("… and 49 more\n\n"), "{run}");
}
