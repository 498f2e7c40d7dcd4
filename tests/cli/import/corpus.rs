//! Modules as projects write them: what KMM does stays the same, with a list of kernels and without one.

use std::fs;
use std::path::Path;

use kmodgen::objects::{ObjectInput, Objects, json};
use kmodgen::vocabulary::SourceMap;
use serde_json::Value;

use super::{nodes, same_for_kmm};
use crate::scenario::{EL9, Project, RT, Run};

const EL10: &str = "6.12.0-55.29.1.el10_0.x86_64";
const UBUNTU: &str = "6.8.0-51-generic";

/// Fields that KMM does not have, with their lines, by the files of `tests/modules` that have them.
const UNKNOWN: [(&str, &str, &str); 2] = [
    ("ice", "spec.moduleLoader.container.modprobe.inTreeModuleToRemove", "        inTreeModuleToRemove: nic\n"),
    (
        "onload-srpm",
        "spec.moduleLoader.container.kernelMappings.build.dockerfileConfigMap.key",
        "              key: dockerfile\n",
    ),
];

/// Parts of a container that KMM resolves for each kernel.
const OF_KERNELS: [&str; 7] = [
    "build",
    "containerImage",
    "inTreeModuleToRemove",
    "inTreeModulesToRemove",
    "kernelMappings",
    "registryTLS",
    "sign",
];

/// The files of `tests/modules`, by their names.
fn corpus() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules");
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Returns the `spec` of each Module without the parts that KMM resolves for each kernel.
fn specs(text: &str) -> Vec<Value> {
    let input = ObjectInput::Text { name: "objects".into(), text: text.into() };
    let objects = Objects::read(vec![input], &mut SourceMap::default());
    let specs = objects.modules().map(|object| {
        let mut spec = json(object.node.get("spec").unwrap());
        let loader = if spec.get("moduleSpec").is_some() { "/moduleSpec/moduleLoader" } else { "/moduleLoader" };
        if let Some(container) = spec.pointer_mut(&format!("{loader}/container")).and_then(Value::as_object_mut) {
            OF_KERNELS.iter().for_each(|key| drop(container.remove(*key)));
        }
        spec
    });
    specs.collect()
}

/// Imports a file of the corpus; returns the report.
fn import(name: &str, text: &str, kernels: &[&str]) -> (Project, Run) {
    let project = Project::empty().with("objects.yaml", text).with("nodes.json", nodes(kernels));
    let list = if kernels.is_empty() { "" } else { "--nodes nodes.json" };
    let run = project.run(&format!("import objects.yaml {list} -o kmods")).fine();
    assert!(run.stdout.contains("imported "), "{name}: {run}");
    (project, run)
}

#[test]
fn every_module_is_adopted_without_a_reload() {
    let known = [EL9, RT, EL10, UBUNTU];
    let files = corpus();
    assert!(files.len() >= 16);
    for (name, text) in &files {
        for kernels in [&known[..], &[]] {
            let (project, run) = import(name, text, kernels);
            let of_file = UNKNOWN.iter().filter(|(of, ..)| of == name);
            let text = of_file.clone().fold(text.clone(), |text, (_, _, line)| text.replace(line, ""));
            let names = same_for_kmm(&project, &text, &known);
            let modules: Vec<String> =
                names.iter().map(|it| project.read(&format!("kmods/gitops/{it}/module.yaml"))).collect();
            assert_eq!(specs(&text), specs(&modules.join("---\n")), "{name}");
            let is_compared = run.stdout.contains(": 0 loads, 0 reloads, 0 unloads");
            assert!(kernels.is_empty() || is_compared, "{name}: {run}");
            for (_, field, _) in of_file {
                assert!(run.stdout.contains(&format!("KMM has no `{field}`: left out")), "{name}: {run}");
            }
        }
    }
}

#[test]
fn fields_that_kmm_has_are_never_left_out() {
    for (name, text) in corpus() {
        let (_, run) = import(&name, &text, &[]);
        let left_out = run.stdout.matches("KMM has no `").count();
        assert_eq!(left_out, UNKNOWN.iter().filter(|(of, ..)| *of == name).count(), "{name}: {run}");
    }
}

/// A Dockerfile that a manifest has fields for is converted as a whole; of others, the report names what is open.
#[test]
fn dockerfiles_are_converted() {
    let mut complete = Vec::new();
    let files = corpus();
    let files: Vec<_> = files.iter().filter(|(_, text)| text.contains("\nkind: ConfigMap")).collect();
    for (name, text) in &files {
        let project = Project::empty().with("objects.yaml", text);
        let kernel = if text.contains("literal: \"6.8") { UBUNTU } else { EL9 };
        let kernel = if name == "kmm-labs" { UBUNTU } else { kernel };
        let module = text
            .split("kind: M")
            .nth(1)
            .unwrap()
            .split("name: ")
            .nth(1)
            .unwrap()
            .split(['\n', ',', '}'])
            .next()
            .unwrap();
        let run = project.run(&format!("import objects.yaml --convert {}/{kernel} -o kmods", module.trim()));
        assert!(run.stdout.contains("What happened to each line"), "{name}: {run}");
        if run.code == 0 {
            // A branch or tag has to be locked first.
            let run = project.run("generate -f kmods/kmodgen.yaml --offline");
            let others = run.stderr.matches("error[").count() - run.stderr.matches("error[not-locked]").count();
            assert!(run.code == 0 || others == 0, "{name}: {run}");
            complete.push(name.as_str());
        } else {
            run.differs().shows("FILL IN");
        }
    }
    assert!(complete.len() >= 7, "{complete:?} of {}", files.len());
}
