//! How long the hot functions of the library take, each alone: what to look at when a whole run,
//! which `benches/run` measures, got slower.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::disallowed_methods, reason = "a benchmark writes the files that it reads")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kmodgen::adapters::fs::object_input;
use kmodgen::fingerprint::{Explanation, HashSink, Sink as _};
use kmodgen::lint::{AllowList, LintInput};
use kmodgen::lock::Lock;
use kmodgen::manifest::{Manifest, Mirrors};
use kmodgen::objects::{DOCKERFILE_KEY, KubernetesObject, Objects};
use kmodgen::output::{self, ConfigMapFiles};
use kmodgen::plan::dockerfile::DockerfileRenderer;
use kmodgen::plan::{Inputs, Plan};
use kmodgen::render;
use kmodgen::template::{InProcess, Renderers};
use kmodgen::vocabulary::{ABSENT, Diagnostics, Digest, InputError, InputFiles, Listed, RelPath, SourceMap};

/// Ten modules, as the manifests of `benches/fleet.py` have them.
const MODULES: usize = 10;

/// How many mappings a fleet has; few where `cargo test --benches` only tries whether all works.
const FLEET: usize = if cfg!(debug_assertions) { 100 } else { 10_000 };

/// A manifest's folder that has one patch.
struct Patch;

impl InputFiles for Patch {
    fn read(&self, _: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        Ok(b"--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-old\n+new\n".to_vec().into())
    }

    fn list(&self, _: &RelPath) -> Result<Vec<Listed>, InputError> {
        Err(ABSENT.into())
    }
}

/// The lines of a kernel list, each kernel with a Driver Toolkit and labels.
fn kernels(count: usize) -> String {
    (1..=count).fold(String::new(), |mut text, number| {
        let (suffix, labels) = if number % 5 == 0 { ("+rt", ", flavour: rt") } else { ("", "") };
        writeln!(text, "  - release: 5.14.0-427.{number}.1.el9_4.x86_64{suffix}").unwrap();
        writeln!(text, "    dtk: quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:{number:064x}").unwrap();
        writeln!(text, "    labels: {{ocp: \"4.16\"{labels}}}").unwrap();
        text
    })
}

/// A manifest of [`MODULES`] modules on this many kernels.
fn manifest_text(count: usize) -> String {
    let modules = (0..MODULES).fold(String::new(), |mut text, number| {
        write!(
            text,
            "  - name: driver-{number}\n    \
                 source: code\n    \
                 kmods: [driver_{number}, driver_{number}_aux]\n    \
                 image: registry.example.com/kmods/driver-{number}\n    \
                 steps: [{{id: compile, make: {{targets: [modules], vars: {{KDIR: \"/lib/modules/${{KERNEL_VERSION}}/build\"}}}}}}]\n    \
                 overrides:\n      \
                   - when: {{kernel: '.*\\+rt'}}\n        \
                     steps: {{compile: {{make: {{vars: {{RT: \"1\"}}}}}}}}\n    \
                 moduleSpec:\n      \
                   selector: {{node-role.kubernetes.io/worker: \"\"}}\n      \
                   moduleLoader: {{container: {{modprobe: {{moduleName: driver_{number}}}}}}}\n"
        )
        .unwrap();
        text
    });
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let digest = Digest::of(b"runtime");
    format!(
        "apiVersion: kmodgen/v1\n\
         namespace: drivers\n\
         sources:\n  \
           code: {{git: https://git.example.com/code.git, ref: {commit}, patches: [fix.patch]}}\n\
         baseImages: {{builder: dtk, runtime: \"registry.example.com/runtime:1@sha256:{digest}\"}}\n\
         kernels:\n{}\
         modules:\n{modules}",
        kernels(count)
    )
}

/// What a plan is made of.
struct World {
    manifest: Manifest,
    lock: Lock,
    files: Arc<dyn InputFiles>,
    renderers: Arc<dyn Renderers>,
}

impl World {
    /// The manifest on this many kernels, read.
    fn new(kernels: usize) -> Self {
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let text = manifest_text(kernels);
        let source = sources.add("kmodgen.yaml", text.as_str());
        let files: Arc<dyn InputFiles> = Arc::new(Patch);
        let manifest = Manifest::read(source, &text, &*files, &mut sources, &mut faults).unwrap().remove(0);
        Self { manifest, lock: Lock::default(), files, renderers: Arc::new(InProcess) }
    }

    /// Every mapping, made by one thread.
    fn plan(&self) -> Plan<'_> {
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let Self { manifest, lock, files, renderers } = self;
        let inputs = Inputs { manifest, lock, files, templates: files, renderers };
        Plan::make(inputs, 1, &mut sources, &mut faults).unwrap()
    }
}

/// What is done for each mapping on its own.
fn one_mapping(criterion: &mut Criterion) {
    let world = World::new(5);
    let plan = world.plan();
    let mapping = plan.mappings().last().unwrap();
    let planned = mapping.planned();
    let mut group = criterion.benchmark_group("mapping");

    // A template is rendered the first time, and again for each of two stand-ins; then it is a form.
    let mut first = || DockerfileRenderer::new(world.lock.templates, world.files.clone(), &InProcess);
    let print = |press: &mut DockerfileRenderer| press.dockerfile(&planned, &Mirrors::default()).unwrap();
    group.bench_function("render the Dockerfile", |bencher| {
        bencher.iter_batched(&mut first, |mut press| print(&mut press), BatchSize::SmallInput);
    });
    let mut press = first();
    print(&mut press);
    group.bench_function("fill in the Dockerfile", |bencher| bencher.iter(|| print(&mut press)));

    // The fields of the traversal as it tells them, and the Dockerfile as it is hashed.
    let rendered = plan.render(mapping).unwrap();
    let lines = rendered.explanation.as_lines().lines();
    let fields: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").unwrap()).collect();
    group.bench_function("hash and explain", |bencher| {
        bencher.iter(|| {
            let mut sinks = (HashSink::default(), Explanation::default());
            for (name, value) in black_box(&fields) {
                sinks.field(name, value.as_bytes());
            }
            let digest = Digest::of(rendered.dockerfile.as_bytes());
            sinks.text("dockerfile", &digest, rendered.dockerfile.len());
            (sinks.0.finish(), sinks.1)
        });
    });

    group.bench_function("emit the ConfigMap", |bencher| {
        bencher.iter(|| render::configmap::render(black_box(&rendered), &world.manifest));
    });
    group.finish();
}

/// What is done for all of a fleet.
fn fleet(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fleet");
    group.sample_size(10).throughput(Throughput::Elements(FLEET as u64));

    let list = format!("kernels:\n{}", kernels(FLEET));
    let source = SourceMap::default().add("fleet.yaml", list.as_str());
    group.bench_function("read a kernel list", |bencher| {
        bencher.iter(|| kmodgen_yaml::read(source, black_box(&list)).unwrap())
    });

    let world = World::new(FLEET / MODULES);
    group.bench_function("plan mappings", |bencher| {
        bencher.iter_batched(|| (), |()| world.plan(), BatchSize::PerIteration);
    });

    let plan = world.plan();
    group.bench_function("make Modules", |bencher| {
        bencher.iter(|| {
            let modules = plan
                .modules
                .iter()
                .map(|(module, mappings)| output::of_module(module, mappings, plan.inputs, &ConfigMapFiles::Own));
            modules.flatten().count()
        });
    });
    group.finish();
}

/// Objects and Dockerfiles, read and parsed as `lint` does.
struct Parsed {
    objects: Objects,
    sources: SourceMap,
}

impl Parsed {
    fn new(folder: &Path) -> Self {
        let mut sources = SourceMap::default();
        let input = object_input(folder.to_str().unwrap());
        Self { objects: Objects::read(vec![input], &mut sources), sources }
    }

    /// Parses all Dockerfiles with their shell texts; returns the number of shell commands.
    fn parse_dockerfiles(&self) -> usize {
        let files = self.objects.dockerfiles.iter().filter_map(|file| self.sources.get(file.source));
        let config_maps = self.objects.objects.iter().filter_map(KubernetesObject::config_map);
        let in_config_maps = config_maps.filter_map(|map| Some(map.get(DOCKERFILE_KEY)?.text.value.as_str()));
        let texts = files.map(|file| &*file.text).chain(in_config_maps);
        let commands = |text: &str| {
            let dockerfile = dockerfile_reader::read(text);
            let scripts = dockerfile.instructions.iter().filter_map(dockerfile_reader::Instruction::script);
            scripts.map(|script| script.commands.len()).sum::<usize>()
        };
        texts.map(commands).sum()
    }
}

/// `lint` of 10,000 files, beside reading and parsing them.
fn lint(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lint");
    group.sample_size(10).throughput(Throughput::Elements(FLEET as u64));
    let world = World::new(FLEET / MODULES / 2);
    let folder = tempfile::tempdir().unwrap();
    for output in output::of_plan(&world.manifest, &world.plan()).unwrap() {
        let path = folder.path().join(output.path.as_str());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &*output.text).unwrap();
    }
    group.bench_function("read and parse", |bencher| bencher.iter(|| Parsed::new(folder.path()).parse_dockerfiles()));
    group.bench_function("read, parse and check", |bencher| {
        bencher.iter(|| {
            let Parsed { objects, sources } = Parsed::new(folder.path());
            let input = LintInput {
                objects: &objects,
                dockerfiles: Vec::new(),
                kernels: Vec::new(),
                before: None,
                allow_list: AllowList::default(),
            };
            kmodgen::lint::check(&input, &sources).findings.len()
        });
    });
    group.finish();
}

criterion_group!(hot, one_mapping, fleet, lint);
criterion_main!(hot);
