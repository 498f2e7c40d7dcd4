//! Two owners whose clusters share one folder.

use std::fs;

use super::objects;
use crate::faults::chance::Chance;
use crate::faults::scaled;
use crate::publishing::Fleet;
use crate::scenario::Project;

/// The manifest of an owner with one module, on some of three kernels.
fn owned(module: &str, kernels: &str, layout: &str) -> String {
    format!(
        "apiVersion: kmodgen/v1\nnamespace: kmm-ci\nowner: team-{module}\n\
         sources: {{code: {{git: https://git.example.com/{module}.git, \
         ref: \"1111111111111111111111111111111111111111\"}}}}\n\
         baseImages: {{builder: dtk, runtime: registry.example.com/ubi:9@sha256:{}}}\n\
         kernels: [{kernels}]\nclusters: {{east: {{}}, west: {{}}}}\noutput: {{layout: {layout}}}\n\
         modules: [{{name: {module}, source: code, kmods: [{module}], image: r.example.com/{module}, \
         moduleSpec: {{selector: {{a: b}}}}}}]\n",
        "c".repeat(64)
    )
}

fn write(project: &Project, module: &str, chance: &mut Chance) {
    let kernels: Vec<String> =
        (1..6).filter(|_| chance.below(2) == 0).map(|number| format!("6.1.{number}-1-amd64")).collect();
    let kernels = if kernels.is_empty() { "6.1.9-1-amd64".to_owned() } else { kernels.join(", ") };
    let layout = if chance.below(4) == 0 { "files" } else { "shared" };
    project.write(&format!("{module}/kmodgen.yaml"), owned(module, &kernels, layout));
}

/// Neither changes or removes a file of the other one.
#[test]
fn owners_leave_the_files_of_each_other() {
    let mut chance = Chance::new();
    let project = Project::empty();
    for module in ["nic", "gpu"] {
        write(&project, module, &mut chance);
    }
    let fleet = Fleet::of(project);
    let project = &fleet.project;
    for round in 0..scaled(8, 60) {
        let (module, other) = if chance.below(2) == 0 { ("nic", "gpu") } else { ("gpu", "nic") };
        write(project, module, &mut chance);
        if chance.below(3) == 0 {
            let _ = fs::remove_dir_all(project.cache());
        }
        let of_other = |cluster: &str| format!("{cluster}/{other}");
        let before = project.output();
        let arguments = format!("-f {module}/kmodgen.yaml -o gitops --allow-remove");
        project.run(&format!("generate {arguments}")).fine();
        let after = project.output();
        if round > 2 {
            for cluster in ["east", "west"] {
                assert_eq!(objects(&after, &of_other(cluster)), objects(&before, &of_other(cluster)), "round {round}");
            }
        }
        project.run(&format!("generate {arguments} --check")).fine();
        fleet.publish(&format!("-f {module}/kmodgen.yaml --allow-remove")).fine();
        if round > 2 {
            assert_eq!(fleet.tree("main", "clusters/prod"), after, "round {round}");
        }
        if round == 2 {
            for module in ["nic", "gpu"] {
                project.run(&format!("generate -f {module}/kmodgen.yaml -o gitops --allow-remove")).fine();
                fleet.publish(&format!("-f {module}/kmodgen.yaml --allow-remove")).fine();
            }
        }
    }
    fleet.is_sound();
}
