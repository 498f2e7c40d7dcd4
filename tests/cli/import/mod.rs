//! `kmodgen import`: Modules as people have them, up to what is generated from their manifest.

mod commands;
mod corpus;
mod hostile;
mod patterns;

use std::collections::BTreeSet;

use kmodgen::objects::{KernelMapper, ObjectInput, Objects};
use kmodgen::vocabulary::SourceMap;

use crate::scenario::Project;

/// Nodes of a cluster, as `oc get nodes -o json` prints them.
fn nodes(releases: &[&str]) -> String {
    let nodes = releases.iter().enumerate().map(|(number, release)| {
        format!(
            "{{\"kind\": \"Node\", \"metadata\": {{\"name\": \"worker-{number}\"}}, \"status\": {{\"nodeInfo\": \
             {{\"architecture\": \"amd64\", \"kernelVersion\": \"{release}\", \"osImage\": \"Red Hat Enterprise Linux \
             CoreOS 416.94.202407081958-0\"}}}}}}"
        )
    });
    format!("{{\"kind\": \"List\", \"items\": [{}]}}", nodes.collect::<Vec<_>>().join(", "))
}

/// Returns what KMM does on each kernel, by Module.
fn decisions(text: &str, releases: &[&str]) -> Vec<(String, Vec<Option<String>>)> {
    let input = ObjectInput::Text { name: "objects".into(), text: text.into() };
    let objects = Objects::read(vec![input], &mut SourceMap::default());
    assert!(objects.problems.is_empty(), "{:#?}", objects.problems);
    let decided = objects.modules().map(|object| {
        let name = object.name.as_ref().unwrap().value.clone();
        let namespace = object.namespace.as_ref().map_or("", |namespace| namespace.value.as_str());
        let mapper = KernelMapper::new(object.module().unwrap(), &name, namespace);
        let on = releases.iter().map(|release| {
            let loading = mapper.on(release).unwrap()?;
            let parts = (&loading.image, &loading.build, &loading.sign, &loading.in_tree, &loading.registry_tls);
            Some(format!("{parts:?}"))
        });
        (name.clone(), on.collect())
    });
    let mut decided: Vec<_> = decided.collect();
    decided.sort();
    decided
}

/// Checks that KMM does the same with the objects before and with those that the manifest in `kmods` generates; returns
/// the names of the Modules.
fn same_for_kmm(project: &Project, old: &str, releases: &[&str]) -> BTreeSet<String> {
    project.run("plan -f kmods/kmodgen.yaml").fine();
    project.run("generate -f kmods/kmodgen.yaml").fine();
    project.run("generate -f kmods/kmodgen.yaml --check").fine();
    let tree = kmodgen_files(project);
    let new: Vec<String> =
        tree.iter().filter(|path| path.ends_with("module.yaml")).map(|path| project.read(path)).collect();
    let (old, new) = (decisions(old, releases), decisions(&new.join("---\n"), releases));
    assert_eq!(old, new);
    old.into_iter().map(|(name, _)| name).collect()
}

fn kmodgen_files(project: &Project) -> Vec<String> {
    let tree = project.tree();
    tree.paths().into_iter().filter(|path| path.starts_with("kmods/gitops/")).map(str::to_owned).collect()
}
