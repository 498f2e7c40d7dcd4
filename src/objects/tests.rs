//! Objects as people have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::vocabulary::{InputError, InputFiles, Listed, ListedKind, RelPath, SourceMap, list_in_memory};

/// A Module with these mappings and further lines of its container, each indented by 6 spaces.
fn module(container: &str, mappings: &str) -> String {
    format!(
        "apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {{name: driver, namespace: drivers}}
spec:
  selector: {{node-role.kubernetes.io/worker: ''}}
  moduleLoader:
    container:
      modprobe: {{moduleName: driver}}
{container}      kernelMappings:
{mappings}"
    )
}

fn read(text: &str) -> (Objects, SourceMap) {
    let mut sources = SourceMap::default();
    let input = ObjectInput::Text { name: "input".into(), text: text.into() };
    let objects = Objects::read(vec![input], &mut sources);
    (objects, sources)
}

/// Messages as `place message`.
fn problems(objects: &Objects, sources: &SourceMap) -> Vec<String> {
    let shown = objects.problems.iter().map(|Problem { diagnostic, .. }| {
        let place = diagnostic.labels.first().map(|label| sources.locate(label.span)).unwrap_or_default();
        format!("{place} {}", diagnostic.message)
    });
    shown.collect()
}

/// Returns what KMM does on a kernel, as `image build sign`.
fn on(text: &str, release: &str) -> Option<Loading> {
    let (objects, _) = read(text);
    let object = objects.modules().next().unwrap();
    KernelMapper::new(object.module().unwrap(), "driver", "drivers").on(release).unwrap()
}

fn image_on(mappings: &str, release: &str) -> Option<String> {
    on(&module("", mappings), release).map(|loading| loading.image)
}

#[test]
fn objects_are_read_from_streams_and_lists() {
    let module = module("", "        - {literal: 5.14.0-1.x86_64, containerImage: 'a:1'}\n");
    let listed = module.replace('\n', "\n    ");
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n  - \n    {listed}\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: c}}\n    data: {{dockerfile: FROM a}}\n"
    );
    for text in [format!("{list}---\nkind: Service\n"), format!("# a comment\n---\n{list}"), list] {
        let (objects, sources) = read(&text);
        assert_eq!(problems(&objects, &sources), [""; 0], "{text}");
        let object = objects.modules().next().unwrap();
        assert_eq!(object.name.as_ref().unwrap().value, "driver");
        let mapping = &object.module().unwrap().mappings[0];
        let literal = mapping.literal.as_ref().unwrap();
        assert_eq!(&text[literal.span.start..literal.span.end], "5.14.0-1.x86_64");
        let config_map = objects.config_maps().next().unwrap().config_map().unwrap();
        assert_eq!(config_map.get(DOCKERFILE_KEY).unwrap().text.value, "FROM a");
    }
}

#[test]
fn json_is_read_with_places() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "kmm.sigs.x-k8s.io/v1beta1", "kind": "Module",
        "metadata": {"name": "driver", "namespace": "drivers", "uid": "1", "managedFields": []},
        "spec": {"moduleLoader": {"container": {"kernelMappings": [{"regexp": "^.+$", "containerImage": "a:1"}]}}},
        "status": {}}]}"#;
    let (objects, sources) = read(text);
    let object = objects.modules().next().unwrap();
    let regexp = object.module().unwrap().mappings[0].regexp.as_ref().unwrap();
    assert_eq!(sources.locate(regexp.span), "input:3:79");
    assert!(object.node.get("status").is_some(), "fields that no one asks for stay");
}

#[test]
fn a_fault_hides_no_other_object() {
    let good = module("", "        - {literal: 5.14.0-1.x86_64, containerImage: 'a:1'}\n");
    let bad = good.replace("containerImage: 'a:1'", "containerImage: [a]").replace("moduleName: driver", "a: &b c");
    let text = format!("a: *none\n---\n{bad}---\n{good}---\nkind: Module\napiVersion: kmm.sigs.x-k8s.io/v1beta1\n");
    let (objects, sources) = read(&text);
    assert_eq!(objects.modules().count(), 3);
    assert_eq!(
        problems(&objects, &sources),
        [
            "input:1:4 there is no anchor `&none` before this alias",
            "input:12:54 expected a string for `containerImage`, found a list",
            "input:25:1 this object has no `spec`",
            "input:25:1 this object has no `metadata.name`",
        ]
    );
}

#[test]
fn the_first_mapping_that_matches_decides() {
    let mappings = "        - {regexp: 'el9_4', containerImage: 'a:${KERNEL_FULL_VERSION}'}
        - {literal: 5.14.0-1.el9_4.x86_64, containerImage: 'never:1'}
        - {literal: 6.1.0-1.x86_64, containerImage: 'literal:1'}
        - {regexp: '^.+$', containerImage: 'b:$KERNEL_XYZ-${MOD_NAME}-${MOD_NAMESPACE}${UNKNOWN}'}\n";
    for (release, image) in [
        ("5.14.0-1.el9_4.x86_64", "a:5.14.0-1.el9_4.x86_64"),
        ("5.14.0-1.el9_4.x86_64+rt", "a:5.14.0-1.el9_4.x86_64_rt"),
        ("6.1.0-1.x86_64", "literal:1"),
        ("6.1.0-1.x86_64+", "literal:1"),
        ("6.1.0-1.x86_64++", "b:6.1.0-driver-drivers"),
        ("6.1.0-2.x86_64", "b:6.1.0-driver-drivers"),
    ] {
        assert_eq!(image_on(mappings, release).as_deref(), Some(image), "{release}");
    }
    assert_eq!(image_on("        - {literal: 6.1.0-1, containerImage: 'a:1'}\n", "6.1.0-2"), None);
}

#[test]
fn sections_of_the_container_are_merged() {
    let container = "      containerImage: base:${KERNEL_VERSION}
      inTreeModulesToRemove: [a, b]
      registryTLS: {insecure: true}
      build:
        dockerfileConfigMap: {name: one}
        buildArgs: [{name: A, value: '1'}, {name: B, value: '2'}]
        secrets: [{name: s}]
        selector: {x: ''}
      sign:
        keySecret: {name: k}
        certSecret: {name: c}
        filesToSign: ['/opt/lib/modules/${KERNEL_FULL_VERSION}/a.ko']\n";
    let mappings = "        - literal: 6.1.0-1+x
          build:
            dockerfileConfigMap: {name: two}
            buildArgs: [{name: Z, value: '9'}, {name: B, value: '3'}, {name: C, value: ''}]
            secrets: [{name: t}]
            selector: {ignored: ''}
          sign: {keySecret: {name: other}, certSecret: {name: c}, filesToSign: [/opt/b.ko]}
          registryTLS: {insecure: false}
          inTreeModulesToRemove: [c]
        - {regexp: '.*'}\n";
    let text = module(container, mappings);
    let own = on(&text, "6.1.0-1+x").unwrap();
    assert_eq!(own.image, "base:6.1.0-1_x");
    let build = serde_json::json!({
        "dockerfileConfigMap": {"name": "two"},
        "buildArgs": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C"}, {"name": "Z", "value": "9"}],
        "secrets": [{"name": "s"}, {"name": "t"}],
        "selector": {"x": ""},
    });
    assert_eq!(own.build, Some(build));
    let files = own.sign.unwrap()["filesToSign"].clone();
    assert_eq!(files, serde_json::json!(["/opt/lib/modules/6.1.0-1_x/a.ko", "/opt/b.ko"]));
    assert_eq!((own.in_tree, own.registry_tls), (vec!["c".to_owned()], serde_json::json!({})));
    let others = on(&text, "6.2.0-1").unwrap();
    assert_eq!(others.in_tree, ["a", "b"]);
    assert_eq!(others.registry_tls, serde_json::json!({"insecure": true}));
    assert_eq!(others.build.unwrap()["dockerfileConfigMap"]["name"], "one");
}

#[test]
fn the_deprecated_field_wins_as_it_does_in_kmm() {
    let text = module("      inTreeModuleToRemove: old\n", "        - {regexp: '.*', containerImage: 'a:1'}\n");
    assert_eq!(on(&text, "6.1.0-1").unwrap().in_tree, ["old"]);
}

#[test]
fn kmm_fails_with_a_reason() {
    for (mapping, release, said) in [
        ("{regexp: '[a&&b]', containerImage: 'a:1'}", "6.1.0-1", "KMM reads"),
        ("{regexp: '(', containerImage: 'a:1'}", "6.1.0-1", "is not a regular expression"),
        ("{regexp: '.*', containerImage: 'a:${'}", "6.1.0-1", "without `}`"),
        ("{regexp: '.*'}", "6.1.0-1", "has no `containerImage`"),
        ("{regexp: '.*', containerImage: 'a:1'}", "6.1", "fewer than three components"),
    ] {
        let (objects, _) = read(&module("", &format!("        - {mapping}\n")));
        let object = objects.modules().next().unwrap();
        let error = KernelMapper::new(object.module().unwrap(), "driver", "drivers").on(release).unwrap_err();
        assert!(error.to_string().contains(said), "{mapping}: {error}");
    }
}

#[test]
fn a_managed_cluster_module_carries_a_module() {
    let text = "apiVersion: hub.kmm.sigs.x-k8s.io/v1beta1
kind: ManagedClusterModule
metadata: {name: driver}
spec:
  spokeNamespace: drivers
  selector: {wants: 'true'}
  moduleSpec:
    moduleLoader: {container: {kernelMappings: [{regexp: '.*', containerImage: 'a:1'}]}}
";
    let (objects, _) = read(text);
    let module = objects.modules().next().unwrap().module().unwrap();
    assert_eq!(module.mappings.len(), 1);
    assert_eq!(module.spokes.as_ref().unwrap().namespace.as_ref().unwrap().value, "drivers");
}

/// Files in memory, with a link.
struct Memory(BTreeMap<String, Vec<u8>>);

impl InputFiles for Memory {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        self.0.get(path.as_str()).cloned().map(Arc::new).ok_or(InputError::Absent)
    }

    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
        list_in_memory(self.0.keys().map(String::as_str), folder)
    }
}

/// Reads files of a folder, from the top or from one of them.
fn folder(files: &[(&str, &str)], start: Option<&str>) -> (Objects, Vec<String>) {
    let memory = Memory(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect());
    let mut top: BTreeMap<String, ListedKind> = BTreeMap::new();
    for (path, _) in files {
        match path.split_once('/') {
            Some((folder, _)) => top.insert(folder.to_owned(), ListedKind::Folder),
            None => top.insert((*path).to_owned(), ListedKind::File { executable: false }),
        };
    }
    top.insert("link.yaml".into(), ListedKind::Link { to: "/etc/passwd".into() });
    let start = match start {
        Some(path) => FolderStart::File(RelPath::parse(path).unwrap()),
        None => FolderStart::All(top.into_iter().map(|(name, kind)| Listed { name, kind }).collect()),
    };
    let mut sources = SourceMap::default();
    let input = ObjectInput::Folder { name: "deploy".into(), files: Arc::new(memory), start };
    let objects = Objects::read(vec![input], &mut sources);
    let problems = problems(&objects, &sources);
    (objects, problems)
}

const KUSTOMIZATION: &str = "resources: [module.yaml, ../outside, 'https://example.com/x.yaml', sub]
namespace: prod
configMapGenerator:
  - {name: build, files: [dockerfile=docker/driver], literals: [a=b], options: {disableNameSuffixHash: true}}
  - {name: hashed, files: [../../etc/passwd, absent]}
";

#[test]
fn kustomizations_are_followed_within_the_folder() {
    let module = module("", "        - {regexp: '.*', containerImage: 'a:1'}\n");
    let other = module.replace("name: driver,", "name: other,");
    let files = [
        ("kustomization.yaml", KUSTOMIZATION),
        ("module.yaml", module.as_str()),
        ("sub/kustomization.yaml", "resources: [other.txt]\n"),
        ("sub/other.txt", other.as_str()),
        ("docker/driver", "FROM a\n"),
        ("Dockerfile", "FROM b\n"),
        (".git/config.yaml", "a: *b\n"),
    ];
    for start in [None, Some("kustomization.yaml")] {
        let (objects, mut problems) = folder(&files, start);
        let mut expected = vec![
            "deploy/kustomization.yaml:1:26 skipped `../outside`: it is outside of the input's folder",
            "deploy/kustomization.yaml:1:38 skipped `https://example.com/x.yaml`: it is on a server",
            "deploy/kustomization.yaml:5:28 skipped `../../etc/passwd`: it is outside of the input's folder",
            " skipped `deploy/absent`: there is no such file",
        ];
        if start.is_none() {
            expected.insert(0, " skipped `deploy/link.yaml`: links are not followed");
        }
        problems.sort();
        expected.sort_unstable();
        assert_eq!(problems, expected);
        let names: Vec<_> = objects
            .modules()
            .map(|object| {
                (object.name.as_ref().unwrap().value.as_str(), object.namespace.as_ref().unwrap().value.as_str())
            })
            .collect();
        assert_eq!(names, [("driver", "prod"), ("other", "prod")]);
        let generated = objects.config_maps().next().unwrap();
        let config_map = generated.config_map().unwrap();
        assert_eq!(config_map.get("dockerfile").unwrap().text.value, "FROM a\n");
        assert!(!config_map.is_hashed && generated.namespace.as_ref().unwrap().value == "prod");
        assert!(objects.config_maps().nth(1).unwrap().config_map().unwrap().is_hashed);
        assert_eq!(objects.dockerfiles.len(), usize::from(start.is_none()));
    }
}

#[test]
fn what_kustomize_alone_knows_is_named() {
    let module = module("", "        - {regexp: '.*', containerImage: 'a:1'}\n");
    let files = [
        ("base/kustomization.yaml", "resources: [module.yaml]\n"),
        ("base/module.yaml", module.as_str()),
        ("a/kustomization.yaml", "resources: [../base]\nnamespace: a\n"),
        ("b/kustomization.yaml", "resources: [../base]\nnamespace: b\nnamePrefix: x-\n"),
    ];
    let (objects, problems) = folder(&files, None);
    assert!(problems.iter().any(|problem| problem.contains("several namespaces: a, b")), "{problems:?}");
    let object = objects.modules().next().unwrap();
    let changes: Vec<&str> = object.changed_by.iter().map(|change| change.value.as_str()).collect();
    assert_eq!(changes, ["namePrefix", "a", "b"]);
}

#[test]
fn circles_end() {
    let files =
        [("a/kustomization.yaml", "resources: [../b, .]\n"), ("b/kustomization.yaml", "resources: [../a, ..]\n")];
    let (objects, _) = folder(&files, None);
    assert_eq!(objects.kustomizations().count(), 2);
}

#[test]
fn generated_objects_are_recognised() {
    let module = module("", "        - {regexp: '.*', containerImage: 'a:1'}\n");
    assert!(!read(&module).0.modules().next().unwrap().is_generated());
    assert!(read(&crate::header::with_header(&module)).0.modules().next().unwrap().is_generated());
    let labelled = module.replace("{name: driver,", "{labels: {kmodgen/module: driver}, name: driver,");
    assert!(read(&labelled).0.modules().next().unwrap().is_generated());
}

#[test]
fn there_is_an_end_to_what_is_read() {
    let many = "kind: A\n---\n".repeat(100_002);
    let (objects, sources) = read(&many);
    assert_eq!(objects.objects.len(), 100_000);
    assert_eq!(problems(&objects, &sources), ["input:1:1 there are more than 100000 objects; the others are not read"]);
}
