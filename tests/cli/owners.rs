//! Owners that share one output folder: neither changes the files of the other.

mod bundles;

use std::collections::BTreeMap;

use crate::faults::chance::Chance;
use crate::publishing::Fleet;
use crate::scenario::{DEBIAN, EL9, Project};

/// Rounds of each owner.
const ROUNDS: usize = 50;

/// Returns the manifest of an owner with one module on these kernels.
fn manifest(owner: &str, module: &str, kernels: &[usize]) -> String {
    let kernels: String = kernels.iter().map(|kernel| format!("  - 6.1.{kernel}-cloud-amd64\n")).collect();
    let line = if owner.is_empty() { String::new() } else { format!("owner: {owner}\n") };
    format!(
        "apiVersion: kmodgen/v1
namespace: kmm-ci
{line}sources: {{driver: {{git: 'https://git.example.com/d.git', ref: '{commit}'}}}}
baseImages:
  builder: registry.example.com/builder:1@sha256:{digest}
  runtime: registry.example.com/ubi:9@sha256:{digest}
kernels:
{kernels}modules:
  - name: {module}
    source: driver
    kmods: [{module}]
    image: registry.example.com/kmods/{module}
    moduleSpec: {{selector: {{node-role.kubernetes.io/worker: ''}}}}
",
        commit = "1".repeat(40),
        digest = "c".repeat(64),
    )
}

/// Writes the manifest of an owner into its own folder.
fn write(project: &Project, owner: &str, module: &str, kernels: &[usize]) {
    project.write(&format!("{module}/kmodgen.yaml"), manifest(owner, module, kernels));
}

/// Two manifests with these owners, each with a module on one kernel, generated into one folder.
fn shared(nic: &str, gpu: &str) -> Project {
    let project = Project::empty();
    for (owner, module) in [(nic, "nic"), (gpu, "gpu")] {
        write(&project, owner, module, &[1]);
        generate(&project, module, "").fine();
    }
    project
}

fn generate(project: &Project, module: &str, arguments: &str) -> crate::scenario::Run {
    project.run(&format!("generate -f {module}/kmodgen.yaml -o gitops {arguments}"))
}

/// Returns what a kustomization lists.
fn listed(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("  - ")).collect()
}

/// Writes the manifest of a module's owner with some kernels, at least one, and a layout by chance.
fn write_some(project: &Project, module: &str, chance: &mut Chance) {
    let layout = if chance.below(2) == 0 { "files" } else { "bundle" };
    let output = format!("output: {{layout: {layout}}}\n");
    let text = manifest(&format!("team-{module}"), module, &some_kernels(chance));
    project.write(&format!("{module}/kmodgen.yaml"), text + &output);
}

/// Returns some kernels by chance, at least one.
fn some_kernels(chance: &mut Chance) -> Vec<usize> {
    let kernels: Vec<usize> = (1..6).filter(|_| chance.below(2) == 0).collect();
    if kernels.is_empty() { vec![6] } else { kernels }
}

#[test]
fn two_owners_publish_to_one_path() {
    let project = Project::empty();
    for (owner, module) in [("team-nic", "nic"), ("team-gpu", "gpu")] {
        write(&project, owner, module, &[1]);
        project.run(&format!("lock -f {module}/kmodgen.yaml")).fine();
    }
    let fleet = Fleet::of(project);
    let mut chance = Chance::new();
    let mut last: BTreeMap<&str, String> = BTreeMap::new();
    for round in 0..2 * ROUNDS {
        let (module, other) = if round % 2 == 0 { ("nic", "gpu") } else { ("gpu", "nic") };
        write_some(&fleet.project, module, &mut chance);
        let flags = if chance.below(3) == 0 { "--force --allow-remove" } else { "" };
        fleet.publish(&format!("-f {module}/kmodgen.yaml {flags}")).fine();
        let id = |module: &str| fleet.git("fleet.git", &["rev-parse", &format!("main:clusters/prod/{module}")]);
        if let Some(before) = last.get(other) {
            assert_eq!(*before, id(other), "round {round}");
            let top = fleet.git("fleet.git", &["show", "main:clusters/prod/kustomization.yaml"]);
            assert!(listed(&top) == ["gpu", "nic"], "round {round}: {top}");
        }
        last.insert(module, id(module));
    }
    let tip = fleet.tip("main");
    for module in ["nic", "gpu"] {
        fleet.publish(&format!("-f {module}/kmodgen.yaml --check")).fine();
        fleet.publish(&format!("-f {module}/kmodgen.yaml")).fine();
    }
    assert_eq!(fleet.tip("main"), tip, "both agree");
    fleet.is_sound();
}

#[test]
fn two_owners_generate_into_one_folder() {
    let project = shared("team-nic", "team-gpu");
    let mut chance = Chance::new();
    for round in 0..ROUNDS {
        let (module, other) = if chance.below(2) == 0 { ("nic", "gpu") } else { ("gpu", "nic") };
        write_some(&project, module, &mut chance);
        let before = project.output();
        if chance.below(4) == 0 {
            let _ = std::fs::remove_dir_all(project.cache());
        }
        generate(&project, module, if chance.below(3) == 0 { "--force" } else { "" }).fine();
        let changed = project.output().since(&before);
        assert!(changed.iter().all(|change| !change.contains(&format!(" {other}/"))), "round {round}: {changed:?}");
        assert!(!changed.iter().any(|change| change.ends_with(" kustomization.yaml")), "round {round}: {changed:?}");
        generate(&project, module, "--check").fine();
        generate(&project, other, "--check").fine();
    }
}

#[test]
fn files_and_objects_name_their_owner() {
    let project = Project::generated();
    let before = project.run("plan --format json").fine().stdout;
    project.edit("kmodgen.yaml", "namespace: kmm-ci\n", "namespace: kmm-ci\nowner: team-nic\n");
    project.append("kmodgen.yaml", "output: {namespace: true, gitAttributes: true}\n");
    project.run("generate").fine().shows("17 updated, 0 unchanged, 0 removed");
    for (path, bytes) in project.output().files() {
        let text = String::from_utf8_lossy(bytes);
        let first = if path == "kustomization.yaml" {
            "# Generated by kmodgen for all owners from their manifests: edit one and run `kmodgen generate`. sha256:"
        } else {
            "# Generated by kmodgen for team-nic from its manifest: edit that and run `kmodgen generate`. sha256:"
        };
        assert!(text.starts_with(first), "{path}: {text}");
        let is_object = ["module.yaml", "configmap.yaml", "namespace.yaml"].iter().any(|name| path.ends_with(name));
        assert_eq!(text.contains("    kmodgen/owner: team-nic\n"), is_object, "{path}: {text}");
    }
    project.run("generate --check").fine();
    let after = project.run("plan --format json").fine().stdout;
    assert_eq!(after, before, "no hash, image or name depends on the owner");
}

#[test]
fn a_module_of_another_owner_is_a_conflict() {
    let project = shared("team-nic", "team-gpu");
    write(&project, "team-net", "nic", &[1, 2]);
    let before = project.output();
    for command in ["generate", "generate --force --allow-remove"] {
        let run = project.run(&format!("{command} -f nic/kmodgen.yaml -o gitops")).differs();
        let run = run.says("belongs to owner `team-nic`").says("the `owner` of this manifest is `team-net`");
        assert!(!run.says("--take-over nic").stdout.contains("unloads"));
        assert_eq!(project.output().since(&before), Vec::<String>::new());
    }
    let run = generate(&project, "nic", "").differs();
    assert_snapshot!(run.unhashed());
    let plan = project.run("plan -f nic/kmodgen.yaml -o gitops").fine();
    assert_snapshot!("owners_plan", plan.unhashed());
    // Without an owner it is no different.
    write(&project, "", "nic", &[2]);
    generate(&project, "nic", "--force --allow-remove").differs().says("this manifest has no `owner`");
    assert_eq!(project.output().since(&before), Vec::<String>::new());
    generate(&project, "gpu", "--check").fine();
}

#[test]
fn a_module_is_taken_over_by_its_name() {
    let project = shared("team-nic", "team-gpu");
    write(&project, "team-net", "nic", &[2]);
    generate(&project, "nic", "--take-over gpu").differs();
    generate(&project, "nic", "--take-over nic").fine();
    assert!(project.read("gitops/nic/module.yaml").contains("kmodgen/owner: team-net"));
    assert!(!project.path("gitops/nic/6.1.1-cloud-amd64").exists());
    generate(&project, "nic", "--check").fine();
    write(&project, "team-nic", "nic", &[1]);
    generate(&project, "nic", "").differs().says("belongs to owner `team-net`");
}

#[test]
fn only_modules_that_exist_are_taken_over() {
    let project = shared("team-nic", "team-gpu");
    let before = project.output();
    let message = "error: --take-over: neither the manifest nor the output folder has a module";
    for (name, hint) in [("nick", "; did you mean `--take-over nic`?"), ("gpuu", "; did you mean `--take-over gpu`?")] {
        let run = generate(&project, "nic", &format!("--take-over gpu --take-over {name}")).trouble();
        run.says(&format!("{message} `{name}`{hint}\n"));
    }
    generate(&project, "nic", "--check --take-over something-else")
        .trouble()
        .says(&format!("{message} `something-else`\n"));
    assert_eq!(project.output(), before);
    // The manifest has it, but there is no file of it yet.
    write(&project, "team-net", "net", &[1]);
    generate(&project, "net", "--take-over net").fine();
    let clusters = "clusters: {east: {}, west: {}}\n";
    project.write("net/kmodgen.yaml", manifest("team-net", "net", &[1]) + clusters);
    project.write("gitops/west/old/module.yaml", "not kmodgen's\n");
    generate(&project, "net", "--take-over old").fine();
    generate(&project, "net", "--cluster east --take-over old").trouble().says(message);
}

#[test]
fn an_owner_is_introduced_by_writing_it() {
    let project = Project::empty();
    write(&project, "", "nic", &[1]);
    generate(&project, "nic", "").fine();
    write(&project, "", "gpu", &[1]);
    generate(&project, "gpu", "").differs();
    let before = project.output();
    write(&project, "team-nic", "nic", &[2]);
    let run = generate(&project, "nic", "").fine().says("left `gpu`, whose files name no owner");
    let changed = project.output().since(&before);
    assert!(changed.iter().all(|change| !change.contains(" gpu")), "{changed:?}\n{run}");
    assert!(!project.path("gitops/nic/6.1.1-cloud-amd64").exists(), "{changed:?}");
    // A run with nothing to do says so, too.
    generate(&project, "nic", "").fine().says("left `gpu`");
    write(&project, "team-gpu", "gpu", &[1]);
    for module in ["gpu", "nic"] {
        assert!(!generate(&project, module, "").fine().stderr.contains("left"));
    }
    assert!(listed(&project.read("gitops/kustomization.yaml")) == ["gpu", "nic"]);
}

#[test]
fn a_module_without_an_owner_is_removed_when_it_is_taken_over() {
    let project = Project::generated();
    let manifest = project.read("kmodgen.yaml");
    project.write("kmodgen.yaml", format!("{}owner: a\n", manifest.split_once("  - name: beta").unwrap().0));
    project.run("generate --force --allow-remove").fine().says("left `beta`");
    project.run("generate --take-over beta").differs().says("`beta`").says("--allow-remove");
    project.run("generate --take-over beta --allow-remove").fine();
    assert!(!project.path("gitops/beta").exists());
    assert!(!project.run("generate").fine().stderr.contains("left"));
}

#[test]
fn a_manifest_without_an_owner_leaves_those_of_owners() {
    let project = shared("team-nic", "");
    assert!(listed(&project.read("gitops/kustomization.yaml")) == ["gpu", "nic"]);
    let before = project.output();
    write(&project, "", "gpu", &[1, 2, 3]);
    generate(&project, "gpu", "--force --allow-remove").fine();
    let changed = project.output().since(&before);
    assert!(changed.iter().all(|change| change.contains(" gpu/")), "{changed:?}");
    generate(&project, "nic", "--check").fine();
}

#[test]
fn a_second_manifest_without_an_owner_removes_nothing_unasked() {
    // What KMM does with a device plugin or a regexp is not known from kernels.
    let plugin = "  - name: plugin
    moduleSpec: {selector: {a: b}, devicePlugin: {container: {image: 'registry.example.com/plugin:1'}}}
";
    for further in ["", plugin] {
        let project = Project::empty();
        project.write("nic/kmodgen.yaml", manifest("", "nic", &[1]) + further);
        generate(&project, "nic", "").fine();
        write(&project, "", "gpu", &[1]);
        let before = project.output();
        let run = generate(&project, "gpu", "").differs().says("--allow-remove");
        let changed = project.output().since(&before);
        let is_own = |change: &String| change.contains(" gpu") || change.ends_with(" kustomization.yaml");
        assert!(changed.iter().all(is_own), "{changed:?}\n{run}");
        let top = project.read("gitops/kustomization.yaml");
        assert!(further.is_empty() || listed(&top).contains(&"plugin"), "{top}");
    }
}

#[test]
fn a_malformed_owner_is_an_edit() {
    let project = shared("team-nic", "team-gpu");
    let path = "gitops/nic/module.yaml";
    let text = project.read(path);
    for owner in ["team nic", "-", "team-nic:", "\u{1b}[31m", &"a".repeat(64), ""] {
        project.write(path, text.replacen("for team-nic", &format!("for {owner}"), 1));
        let run = generate(&project, "nic", "").differs();
        assert!(!run.stderr.contains("belongs to"), "{run}");
        generate(&project, "nic", "--force").fine();
        assert_eq!(project.read(path), text);
    }
}

#[test]
fn an_owner_is_a_label_value() {
    for owner in ["''", "'a b'", "a:b", "\"a\\nb\"", "[a]", &"a".repeat(64), "'a/b'", "'-'"] {
        let project = Project::of(&manifest(owner, "nic", &[1]));
        project.run("generate").trouble().says("kmodgen.yaml:3:8");
        assert!(!project.path("gitops").exists());
    }
}

#[test]
fn owners_share_the_files_at_the_top() {
    let project = shared("team-nic", "team-gpu");
    let output = "output: {namespace: true, gitAttributes: true}\nmetadata: {labels: {team: ";
    for module in ["nic", "gpu"] {
        project.append(&format!("{module}/kmodgen.yaml"), &format!("{output}{module}}}}}\n"));
    }
    generate(&project, "nic", "").fine();
    for module in ["gpu", "nic", "gpu"] {
        generate(&project, module, "").fine();
    }
    let before = project.output();
    assert!(project.read("gitops/namespace.yaml").contains("team: nic"));
    assert!(listed(&project.read("gitops/kustomization.yaml")) == ["namespace.yaml", "gpu", "nic"]);
    // Who does not write them leaves them and their line.
    write(&project, "team-gpu", "gpu", &[1]);
    generate(&project, "gpu", "--force").fine();
    assert_eq!(project.output().since(&before).iter().filter(|change| !change.contains(" gpu/")).count(), 0);
    // Another namespace cannot be in the same file.
    let other = manifest("team-gpu", "gpu", &[1]).replace("namespace: kmm-ci", "namespace: kmm-gpu");
    project.write("gpu/kmodgen.yaml", other + "output: {namespace: true}\n");
    generate(&project, "gpu", "--force")
        .differs()
        .says("skipped `gitops/namespace.yaml`: it belongs to owner `team-nic`");
    // Its owner removes it, and another one writes it.
    write(&project, "team-nic", "nic", &[1]);
    generate(&project, "nic", "").fine();
    assert!(!project.path("gitops/namespace.yaml").exists() && !project.path("gitops/.gitattributes").exists());
    generate(&project, "gpu", "").fine();
    assert!(project.read("gitops/namespace.yaml").contains("kmm-gpu"));
    generate(&project, "nic", "").fine();
    assert!(listed(&project.read("gitops/kustomization.yaml")) == ["namespace.yaml", "gpu", "nic"]);
}

/// A manifest of module `nic` without objects.
fn images(owner: &str, kernel: usize) -> String {
    let text = manifest(owner, "nic", &[kernel]);
    text.split_once("    moduleSpec").unwrap().0.to_owned() + "    objects: false\n"
}

#[test]
fn images_alone_have_an_owner_too() {
    let project = Project::empty();
    project.write("nic/kmodgen.yaml", images("team-nic", 1));
    generate(&project, "nic", "").fine();
    let before = project.output();
    write(&project, "team-gpu", "gpu", &[1]);
    generate(&project, "gpu", "").fine();
    assert!(project.output().since(&before).iter().all(|change| !change.contains(" nic/")));
    project.write("nic/kmodgen.yaml", images("team-gpu", 2));
    let before = project.output();
    generate(&project, "nic", "--force").differs().says("belongs to owner `team-nic`");
    assert_eq!(project.output().since(&before), Vec::<String>::new());
}

#[test]
fn a_cached_run_knows_nothing_of_a_renamed_owner() {
    let project = shared("team-nic", "team-gpu");
    write(&project, "team-net", "nic", &[1]);
    generate(&project, "nic", "").differs().says("belongs to owner `team-nic`");
    generate(&project, "nic", "--take-over nic").fine();
    generate(&project, "nic", "").fine();
}

#[test]
fn both_sides_of_a_merge_have_owners() {
    let project = Project::empty();
    write(&project, "team-nic", "nic", &[1]);
    generate(&project, "nic", "").fine();
    let ours = project.read("gitops/nic/module.yaml");
    let theirs = ours.replace("team-nic", "team-gpu");
    project.write("gitops/nic/module.yaml", format!("<<<<<<< a\n{ours}=======\n{theirs}>>>>>>> b\n"));
    generate(&project, "nic", "--force").differs().says("belongs to owner `team-gpu`");
}

#[test]
fn fleets_of_two_owners_are_both_listed() {
    let project = Project::generated();
    project.append("kmodgen.yaml", "owner: team-a\n");
    project.run("generate").fine();
    assert!(listed(&project.read("gitops/kustomization.yaml")) == ["alpha", "beta"]);
    assert!(
        project.path(&format!("gitops/alpha/{EL9}")).exists()
            && project.path(&format!("gitops/alpha/{DEBIAN}")).exists()
    );
}
