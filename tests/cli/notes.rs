//! Notes on manifests without errors: printed once, and without an effect on anything else.

use crate::git_servers::world::World;
use crate::publishing::Fleet;
use crate::scenario::{DEBIAN, EL9, Project};

/// A fleet with something to note of each kind.
fn noted() -> Project {
    let project = Project::fleet();
    project.edit(
        "kmodgen.yaml",
        "baseImages:\n",
        &format!("  old: {{git: https://git.example.com/old.git, ref: '{}'}}\nbaseImages:\n", "3".repeat(40)),
    );
    project.edit("kmodgen.yaml", "image: registry.example.com/kmods/beta", "image: kmods/beta");
    project.edit(
        "kmodgen.yaml",
        "    steps: [{",
        "    overrides: [{when: {flavour: rtt}, kmods: [alpha]}]\n    steps: [{",
    );
    project
}

/// Counts each note in the messages of a run.
fn counts(said: &str) -> [usize; 3] {
    ["no-registry", "unused-source", "unmet-condition"].map(|code| said.matches(&format!("note[{code}]")).count())
}

#[test]
fn generate_and_plan_print_each_note_once() {
    let project = noted();
    assert_eq!(counts(&project.run("lock").fine().stderr), [0; 3]);
    let run = project.run("generate --check").differs();
    assert_eq!(counts(&run.stderr), [1; 3], "{run}");
    let plan = project.run("plan --format json").fine();
    assert_eq!(counts(&plan.stderr), [1; 3], "{plan}");
    assert!(plan.json().is_array() && !plan.stdout.contains("note"), "{plan}");
    let run = project.run("generate").fine();
    assert_snapshot!("notes", run.unhashed());
    // A run with nothing to do prints the same.
    assert_eq!(project.run("generate").fine().shows("17 unchanged").stderr, run.stderr);
    assert_eq!(project.run("generate --check").fine().stderr, run.stderr);
    let json = project.run("generate --format json").fine();
    assert_eq!(json.stderr, run.stderr);
    assert!(!json.stdout.contains("note"), "{json}");
    for quiet in [format!("explain {EL9}"), "lock".into(), format!("preflight {DEBIAN}")] {
        assert_eq!(counts(&project.run(&quiet).stderr), [0; 3], "{quiet}");
    }
}

#[test]
fn clusters_share_their_notes() {
    let project = noted();
    project.append("kmodgen.yaml", "clusters: {east: {}, west: {namespace: west}}\n");
    for _ in 0..2 {
        let run = project.run("generate").fine();
        assert_eq!(counts(&run.stderr), [1; 3], "{run}");
    }
    project.append("kmodgen.yaml", "# changed\n");
    let run = project.run("plan --cluster west").fine();
    assert_eq!(counts(&run.stderr), [1; 3], "{run}");
}

#[test]
fn a_run_that_writes_the_lock_warns_once() {
    let world = World::with_repository();
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "https://git.example.com/driver.git", &world.file_url("a.git"));
    project.edit("kmodgen.yaml", &format!("\"{}\"", "1".repeat(40)), "main");
    project.edit("kmodgen.yaml", "image: registry.example.com/kmods/beta", "image: registry.example.com/kmods/alpha");
    project.edit("kmodgen.yaml", "  - name: beta\n", "  - name: beta\n    when: {flavour: cloudy}\n");
    project.append("kmodgen.yaml", "clusters: {east: {}, west: {namespace: west}}\n");
    for verb in ["generate --dry-run", "generate", "generate", "plan"] {
        let run = project.run(verb).fine();
        for code in ["shared-image", "no-kernel"] {
            assert_eq!(run.stderr.matches(&format!("warning[{code}]")).count(), 1, "{code}: {run}");
        }
    }
}

#[test]
fn large_modules_are_one_warning() {
    let project = Project::fleet();
    let selector = "moduleSpec: {selector: {node-role.kubernetes.io/worker: \"\"}}";
    let plugin = format!(
        "moduleSpec: {{selector: {{a: b}}, devicePlugin: {{container: {{image: r.example.com/p:1, args: [{}]}}}}}}",
        "x".repeat(300_000)
    );
    project.edit("kmodgen.yaml", selector, &plugin);
    let modules: String = (0..7)
        .map(|number| {
            format!(
                "  - {{name: m{number}, source: tools, kmods: [m{number}], image: r.example.com/m{number}, {plugin}}}\n"
            )
        })
        .collect();
    project.append("kmodgen.yaml", &modules);
    for _ in 0..2 {
        let run = project.run("generate").fine().says("8 Modules are too large for client-side apply");
        assert_eq!(run.stderr.matches("warning[large-module]").count(), 1, "{}", run.stderr.len());
        assert!(run.stderr.contains("in 3 more places"));
    }
}

#[test]
fn a_branch_that_does_not_exist_is_not_up_to_date() {
    let fleet = Fleet::published();
    for arguments in ["--check", "--dry-run", ""] {
        let run = fleet.publish(&format!("--branch kmm/new {arguments}")).fine();
        let run = run.shows("nothing to publish: branch `kmm/new` does not exist in fleet.git");
        assert!(!run.stdout.contains("up to date"), "{run}");
    }
    assert_eq!(fleet.git("fleet.git", &["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    fleet.publish("--check").fine().shows("is up to date");
}
