//! What the targets share: a manifest's folder in memory, and what must hold of all that comes
//! out of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use kmodgen::adapters::ui;
use kmodgen::handoff::{self, Dockerfile, Job};
use kmodgen::header::{Ownership, ownership};
use kmodgen::lock::{Commit, Lock, Pins};
use kmodgen::manifest::{Layout, Manifest, Pinnable};
use kmodgen::output::{self, MODULE, Output};
use kmodgen::plan::{Inputs, Plan};
use kmodgen::previous;
use kmodgen::template::{InProcess, Renderers};
use kmodgen::tree::{Found, Outline, View};
use kmodgen::vocabulary::{
    Diagnostics, Digest, GitOid, InputError, InputFiles, Listed, RelPath, SourceMap, list_in_memory,
};
use kmodgen_yaml::{Node, Value, Yaml};

/// Files in memory.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl InputFiles for Files {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        self.0.get(path.as_str()).map(|bytes| bytes.clone().into()).ok_or_else(|| "there is no such file".into())
    }

    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
        list_in_memory(self.0.keys().map(String::as_str), folder)
    }
}

impl Files {
    /// One file.
    pub fn one(path: &str, bytes: &[u8]) -> Self {
        Self([(path.to_owned(), bytes.to_vec())].into())
    }

    /// Splits a text into the manifest and the files beside it: each begins after a line `=== PATH`.
    pub fn split(text: &str) -> (&str, Self) {
        let mut parts = text.split("\n=== ");
        let manifest = parts.next().unwrap_or_default();
        let files = parts.filter_map(|part| part.split_once('\n'));
        (manifest, Self(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect()))
    }
}

/// Runs a manifest up to the files that it stands for, and checks them; all that is wrong with it
/// is drawn.
pub fn generate(text: &str, files: Files) {
    let mut sources = SourceMap::default();
    let mut faults = Diagnostics::default();
    let source = sources.add("kmodgen.yaml", text);
    let files: Arc<dyn InputFiles> = Arc::new(files);
    let manifests = Manifest::read(source, text, &*files, &mut sources, &mut faults);
    assert!(manifests.is_some() || faults.has_errors(), "a manifest is refused without a word");
    for manifest in manifests.iter().flatten() {
        let lock = complete_lock(manifest);
        let renderers: Arc<dyn Renderers> = Arc::new(InProcess);
        let inputs = Inputs { manifest, lock: &lock, files: &files, templates: &files, renderers: &renderers };
        let plan = Plan::make(inputs, 1, &mut sources, &mut faults);
        assert!(plan.is_some() || faults.has_errors(), "a plan is refused without a word");
        if let Some(plan) = &plan {
            let outputs = output::of_plan(manifest, plan).expect("what rendered once renders again");
            check_outputs(manifest, plan, &outputs);
            for module in &manifest.modules {
                let path = format!("{}/{MODULE}", module.name.value);
                let object = outputs.iter().find(|output| output.path.as_str() == path);
                object.inspect(|object| output::check_sizes(&[(module, object.text.len())], &mut faults));
            }
            check_handoff(manifest, plan);
        }
    }
    for fault in faults.into_sorted() {
        assert!(!fault.message.is_empty());
        let shown = ui::render(&fault, &sources);
        assert!(!shown.is_empty());
    }
}

/// The Module of a `moduleSpec`, if it is right.
pub fn module_of(spec: &str) -> Option<String> {
    let indented: String = spec.lines().map(|line| format!("      {line}\n")).collect();
    let text = format!(
        "apiVersion: kmodgen/v1\nnamespace: a\nkernels: [5.14.0-1.el9.x86_64]\nmodules:\n  - name: b\n    \
         prebuilt: registry.example.com/x:${{KERNEL_FULL_VERSION}}\n    moduleSpec:\n{indented}"
    );
    let mut sources = SourceMap::default();
    let mut faults = Diagnostics::default();
    let source = sources.add("kmodgen.yaml", text.as_str());
    let files: Arc<dyn InputFiles> = Arc::new(Files::default());
    let manifests = Manifest::read(source, &text, &*files, &mut sources, &mut faults);
    assert!(manifests.is_some() || faults.has_errors(), "a manifest is refused without a word");
    let lock = Lock::default();
    let module = manifests.iter().flatten().find_map(|manifest| {
        let renderers: Arc<dyn Renderers> = Arc::new(InProcess);
        let inputs = Inputs { manifest, lock: &lock, files: &files, templates: &files, renderers: &renderers };
        let plan = Plan::make(inputs, 1, &mut sources, &mut faults)?;
        let outputs = output::of_plan(manifest, &plan).expect("what rendered once renders again");
        let module = outputs.into_iter().find(|output| output.path.file_name() == MODULE)?;
        Some(module.text.split("\n---\n").next()?.to_owned())
    });
    for fault in faults.into_sorted() {
        assert!(!ui::render(&fault, &sources).is_empty());
    }
    module
}

/// A lock that pins whatever the manifest asks for.
fn complete_lock(manifest: &Manifest) -> Lock {
    let (mut lock, mut pins) = (Lock::default(), Pins::default());
    let items = Pinnable::of([manifest]);
    for (url, reference) in items.gits.into_keys() {
        let id = GitOid::parse(&"a".repeat(40)).expect("it is a commit's id");
        pins.pin(url.clone(), reference.clone(), Commit { id, date: None });
    }
    for url in items.files.into_keys() {
        pins.pin_file(url, Digest::of(b"a file"));
    }
    lock.pin(manifest.pins.as_ref(), &pins);
    lock
}

fn check_outputs(manifest: &Manifest, plan: &Plan<'_>, outputs: &[Output<'_>]) {
    let tree: Tree =
        outputs.iter().map(|output| (output.path.clone(), Found::File(output.text.as_bytes().to_vec()))).collect();
    assert_eq!(tree.len(), outputs.len(), "two files of one path");
    for output in outputs {
        assert_eq!(ownership(output.text.as_bytes()), Ownership::Intact, "{}", output.path);
        if output.path.as_str().ends_with(".yaml") {
            for document in output.text.split("\n---\n") {
                read(document).unwrap_or_else(|| panic!("{} is no YAML: {}", output.path, output.text));
            }
        }
    }
    view(&tree, |tree| {
        let removable = tree.outline.candidates(&tree.outline.unplanned(|_, _| false), std::iter::empty());
        for output in outputs.iter().filter(|output| output.path.as_str().contains('/')) {
            assert!(removable.contains(&output.path), "{} would stay for ever", output.path);
        }
        for (module, mappings) in &plan.modules {
            let name = module.name.value.as_str();
            let old = previous::module(name, tree).expect(IN_MEMORY);
            let told = module.has_objects() && output::is_asked_for(module, mappings, manifest);
            assert_eq!(old.is_some(), told, "{name}");
            for mapping in mappings {
                let release = mapping.kernel.release.value.as_str();
                let found = previous::mapping(name, release, tree).expect(IN_MEMORY).expect("a mapping is read back");
                assert_eq!(found.hash, mapping.identity.hash.to_string());
                assert_eq!(found.explanation, plan.render(mapping).expect("it renders").explanation);
                if let Some(old) = old.as_ref().filter(|old| !old.images.is_empty()) {
                    assert_eq!(old.images.get(release), Some(&mapping.image().to_string()));
                }
            }
        }
    });
}

/// An output folder in memory.
pub type Tree = BTreeMap<RelPath, Found>;

/// Why looking at one cannot fail.
pub const IN_MEMORY: &str = "it is in memory";

/// Shows a folder in memory as the core sees one.
pub fn view<T>(tree: &Tree, look: impl FnOnce(&View<'_>) -> T) -> T {
    let outline = Outline::read(tree, |_| None).expect(IN_MEMORY);
    look(&View { folder: tree, outline: &outline })
}

fn check_handoff(manifest: &Manifest, plan: &Plan<'_>) {
    let job = |mapping: &kmodgen::plan::Mapping<'_>| Job {
        module: mapping.module.name.to_string(),
        release: mapping.kernel.release.to_string(),
        architecture: mapping.kernel.architecture(),
        name: mapping.config_map(),
        image: mapping.image().to_string(),
        hash: mapping.identity.hash.to_string(),
        dockerfile: match manifest.output.layout {
            Layout::Files => Dockerfile::File("gitops/a/Dockerfile".to_owned()),
            Layout::Bundle | Layout::Shared => {
                Dockerfile::InConfigMap { folder: "gitops/a".to_owned(), text: "FROM ${a} AS b\n".to_owned() }
            }
        },
        context: None,
        arguments: mapping.build_arguments(&manifest.namespace.value, None),
    };
    let jobs: Vec<Job> = plan.mappings().map(job).collect();
    let bake: serde_json::Value = serde_json::from_str(&handoff::bake(&jobs)).expect("bake is JSON");
    assert_eq!(bake["target"].as_object().map(serde_json::Map::len), Some(jobs.len()), "two targets of one name");
    let matrix: serde_json::Value = serde_json::from_str(&handoff::matrix(&jobs)).expect("the matrix is JSON");
    assert_eq!(matrix["include"].as_array().map(Vec::len), Some(jobs.len()));
    read(&handoff::tekton(&jobs)).expect("tekton is YAML");
}

/// Reads YAML that is known to have something in it.
pub fn read(text: &str) -> Option<Arc<Node>> {
    kmodgen_yaml::read(SourceMap::default().add("", text), text).ok()?
}

/// Whether what was read is what was written.
pub fn is_same(node: &Node, value: &Yaml<'_>) -> bool {
    match (&node.value, value) {
        (Value::Scalar(scalar), Yaml::Text(text) | Yaml::Block(text)) => {
            scalar.kind_name() == "a string" && scalar.text == *text
        }
        (Value::Scalar(scalar), Yaml::Verbatim(text)) => scalar.plain && scalar.text == *text,
        (Value::Sequence(items), Yaml::Seq(values)) => {
            items.len() == values.len() && items.iter().zip(values).all(|(item, value)| is_same(item, value))
        }
        (Value::Mapping(entries), Yaml::Map(values)) => {
            let same = |(entry, (key, value)): (&kmodgen_yaml::Entry, &kmodgen_yaml::Pair)| {
                entry.key.value == *key && is_same(&entry.value, value)
            };
            entries.len() == values.len() && entries.iter().zip(values).all(same)
        }
        _ => false,
    }
}
