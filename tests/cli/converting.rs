//! Hand-written Dockerfiles as manifests, which generate as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kmodgen::import::convert::{Conversion, Fate, Request, convert};
use kmodgen::lock::Lock;
use kmodgen::manifest::Manifest;
use kmodgen::objects::{ObjectInput, Objects};
use kmodgen::plan::{Inputs, Plan};
use kmodgen::template::{InProcess, Renderers};
use kmodgen::vocabulary::{Diagnostics, InputError, InputFiles, Listed, RelPath, SourceMap};
use kmodgen_yaml::Yaml;
use proptest::prelude::*;
use serde_json::json;

use crate::scenario::Project;

const KERNEL: &str = "5.14.0-427.28.1.el9_4.x86_64";

/// The template beside a manifest.
struct Beside(BTreeMap<String, String>);

impl InputFiles for Beside {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        let text = self.0.get(path.as_str()).ok_or(InputError::Absent)?;
        Ok(Arc::new(text.clone().into_bytes()))
    }

    fn list(&self, _: &RelPath) -> Result<Vec<Listed>, InputError> {
        Err(InputError::Absent)
    }
}

/// The Dockerfile that a conversion generates.
fn generated(conversion: &Conversion) -> String {
    let files: Arc<dyn InputFiles> = Arc::new(Beside(conversion.template.clone().into_iter().collect()));
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let id = sources.add("kmodgen.yaml", conversion.manifest.as_str());
    let manifest = Manifest::read(id, &conversion.manifest, &*files, &mut sources, &mut faults);
    let manifest = manifest.unwrap_or_else(|| panic!("{:?}\n{}", faults.into_sorted(), conversion.manifest)).remove(0);
    let mut faults = Diagnostics::default();
    let renderers: Arc<dyn Renderers> = Arc::new(InProcess);
    let lock = Lock::default();
    let inputs = Inputs { manifest: &manifest, lock: &lock, files: &files, templates: &files, renderers: &renderers };
    let plan = Plan::make(inputs, 1, &mut sources, &mut faults);
    let plan = plan.unwrap_or_else(|| panic!("{:?}\n{}", faults.into_sorted(), conversion.manifest));
    let rendered = plan.mappings().next().map(|mapping| plan.render(mapping));
    match rendered {
        Some(Some(rendered)) => rendered.dockerfile,
        _ => panic!("nothing is rendered\n{}\n{:?}", conversion.manifest, conversion.template),
    }
}

/// Converts a pair of the corpus, and passes it with the Dockerfile that comes out.
fn with_pair<T>(name: &str, check: impl FnOnce(&Request<'_>, &Conversion, &str) -> T) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handwritten").join(name);
    let dockerfile = fs::read_to_string(folder.join("Dockerfile")).unwrap();
    let module = fs::read_to_string(folder.join("module.yaml")).unwrap();
    let text = objects(&module, &dockerfile);
    let mut sources = SourceMap::default();
    let found = Objects::read(vec![input(&text)], &mut sources);
    let object = found.modules().next().expect("a Module");
    let request = Request::of(object, &found, Some(KERNEL), Vec::new()).unwrap_or_else(|fault| panic!("{fault:?}"));
    let conversion = convert(&request);
    let generated = generated(&conversion);
    check(&request, &conversion, &generated)
}

/// The Module, and the ConfigMap that it names.
fn objects(module: &str, dockerfile: &str) -> String {
    let (_, config_map) = module.split_once("dockerfileConfigMap: {name: ").unwrap();
    let config_map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": config_map.split('}').next(), "namespace": "drivers"},
        "data": {"dockerfile": dockerfile},
    });
    format!("{module}---\n{config_map}\n")
}

fn input(text: &str) -> ObjectInput {
    ObjectInput::Text { name: "objects.yaml".into(), text: text.to_owned() }
}

fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handwritten");
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_pair_generates_without_edits() {
    let names = names();
    assert!(names.len() >= 10);
    for name in names {
        with_pair(&name, |request, conversion, generated| {
            let template = conversion.template.as_ref().map_or("none\n", |(_, text)| text);
            let text = format!(
                "{}\n--- template\n{template}\n--- report\n{}",
                conversion.manifest,
                conversion.report(request, generated).split(" beside the generated").next().unwrap(),
            );
            insta::with_settings!({snapshot_path => "../../snapshots", prepend_module_to_snapshot => false}, {
                insta::assert_snapshot!(format!("converting__{name}"), text);
            });
        });
    }
}

/// Each line that is no comment has a fate, and lines that stay are in the Dockerfile that comes out.
#[test]
fn nothing_is_dropped_silently() {
    for name in names() {
        with_pair(&name, |request, conversion, generated| {
            let lines: Vec<&str> = request.dockerfile.lines().collect();
            for (number, line) in lines.iter().enumerate() {
                let mut parts = conversion.parts.iter().filter(|part| part.line == number + 1);
                let is_told = parts.any(|part| part.fate.is_some());
                let is_empty = line.trim().is_empty() || line.trim_start().starts_with('#');
                assert!(is_told || is_empty, "{name}:{}: {line}", number + 1);
            }
            for part in &conversion.parts {
                let is_copy = part.text.starts_with("COPY --from=");
                if matches!(part.fate, Some(Fate::Block(_))) && !is_copy {
                    let text = part.text.trim_start_matches("RUN ").trim_end_matches('\\').trim();
                    // A stage may have another name.
                    let text = if text.starts_with("FROM ") { text.split(" AS ").next().unwrap() } else { text };
                    assert!(generated.contains(text), "{name}: {text}\n{generated}");
                }
            }
        });
    }
}

/// A project with the objects of a pair.
fn project(name: &str) -> Project {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handwritten").join(name);
    let dockerfile = fs::read_to_string(folder.join("Dockerfile")).unwrap();
    let module = fs::read_to_string(folder.join("module.yaml")).unwrap();
    Project::empty().with("deploy.yaml", objects(&module, &dockerfile))
}

#[test]
fn the_command_writes_what_generate_accepts() {
    for name in names() {
        let project = project(&name);
        let module = project.read("deploy.yaml");
        let (_, module) = module.split_once("name: ").unwrap();
        let module = module.split(',').next().unwrap();
        let run = project.run(&format!("import deploy.yaml --convert {module}/{KERNEL} -o kmods"));
        let has_gaps = name == "unknown";
        let run = if has_gaps { run.differs() } else { run.fine() };
        run.shows("What happened to each line").shows("beside the generated Dockerfile");
        project.run("generate -f kmods/kmodgen.yaml --offline").fine();
        let run = project.run(&format!("import deploy.yaml --convert {module} -o kmods"));
        run.differs().says("nothing is written");
    }
}

#[test]
fn a_module_that_cannot_be_converted_is_an_error() {
    let project = project("plain-make");
    project.run("import deploy.yaml --convert lamb -o kmods").trouble().says("have no Module `lamb`").says("`lamp`");
    project.run("import deploy.yaml --convert lamp/4.18.0-1.aarch64 -o kmods").trouble().says("no mapping");
    project.edit("deploy.yaml", "\"name\":\"lamp-dockerfile\"", "\"name\":\"other\"");
    project.run("import deploy.yaml --convert lamp -o kmods").trouble().says("no input has the ConfigMap");
    assert!(!project.path("kmods").exists());
}

/// Parts of Dockerfiles, in any order.
const PARTS: [&str; 30] = [
    "FROM a AS b\n",
    "FROM ${DTK_AUTO}\n",
    "FROM b\n",
    "ARG X=1\n",
    "ARG KERNEL_VERSION\n",
    "WORKDIR /ü/..\n",
    "RUN ",
    " && ",
    "; ",
    " | ",
    " \\\n # c\n",
    "\n",
    "git clone https://git.example.com/a.git /src",
    "git checkout \"$X\"",
    "git remote add o u",
    "curl -LO https://e.example.com/a.tgz",
    "tar xf a.tgz -C /",
    "cd ..",
    "make -C /src M=$(pwd) -j",
    "dkms add -m",
    "dkms build",
    "cp *.ko /opt/lib/modules/${KERNEL_VERSION}/extra/",
    "COPY --from=b /src/x.ko /opt/\n",
    "COPY --from=0 /src/fw /firmware\n",
    "COPY . /\n",
    "LABEL a=${X} b\n",
    "USER $X\n",
    "{% endraw %}{{ ${#X} }}",
    "<<EOF\n",
    "ADD https://e.example.com/a.tgz /x/\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn every_dockerfile_has_a_report(parts in proptest::collection::vec(proptest::sample::select(&PARTS), 0..40)) {
        let dockerfile = parts.concat();
        let request = Request {
            dockerfile: &dockerfile,
            file: "Dockerfile",
            name: "driver",
            namespace: "drivers",
            image: "registry.example.com/driver".to_owned(),
            spec: Yaml::Map(Vec::new()),
            kmods: vec!["driver".to_owned()],
            build_arguments: BTreeMap::new(),
            releases: vec![KERNEL.to_owned()],
        };
        let conversion = convert(&request);
        let lines = dockerfile.split('\n').count();
        prop_assert_eq!(conversion.parts.last().map(|part| part.line), Some(lines));
        drop(conversion.report(&request, ""));
    }
}
