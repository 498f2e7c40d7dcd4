//! Random Modules: KMM does the same with what is generated from their manifest, on listed and on unlisted kernels.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Adoption, FLEET, manifest_text};
use crate::kernels::Input;
use crate::lock::Lock;
use crate::manifest::Manifest;
use crate::objects::{KernelMapper, ObjectInput, Objects};
use crate::plan;
use crate::render;
use crate::vocabulary::{Diagnostics, InputError, InputFiles, Listed, RelPath, SourceMap};

/// Kernels that nodes may run.
const RELEASES: [&str; 8] = [
    "5.14.0-1.el9_4.x86_64",
    "5.14.0-1.el9_4.x86_64+rt",
    "5.14.0-2.el9_4.x86_64",
    "5.14.0-2.el9_6.x86_64",
    "5.14.0-2.el9_6.aarch64+64k",
    "6.1.0-18-amd64",
    "6.1.0-18-cloud-amd64",
    "6.12.0-1.el10.x86_64",
];

const REGEXPS: [&str; 9] = [
    "^.+$",
    "el9_4",
    "^5\\\\.14\\\\..*\\\\.x86_64$",
    "(aarch64|amd64)",
    "^6\\\\.|rt$",
    "(?i)EL9",
    "\\\\.el[0-9]+_6\\\\.",
    "^$",
    "cloud",
];

const IMAGES: [&str; 5] = [
    "registry.example.com/a:${KERNEL_FULL_VERSION}",
    "registry.example.com/b:1-$KERNEL_VERSION",
    "registry.example.com/${MOD_NAME}:${MOD_NAMESPACE}-${KERNEL_XYZ}",
    "registry.example.com/shared:1",
    "registry.example.com/c:${KERNEL_X}.${KERNEL_Y}-x",
];

const BUILDS: [&str; 4] = [
    "{dockerfileConfigMap: {name: one}}",
    "{dockerfileConfigMap: {name: two}, buildArgs: [{name: A, value: '1'}, {name: B, value: ''}], secrets: [{name: s}]}",
    "{dockerfileConfigMap: {name: two}, buildArgs: [{name: B, value: 'true'}], selector: {x: ''}}",
    "{dockerfileConfigMap: {name: three}, secrets: [{name: t}], baseImageRegistryTLS: {insecure: true}}",
];

const SIGNS: [&str; 2] = [
    "{keySecret: {name: k}, certSecret: {name: c}, filesToSign: ['/opt/lib/modules/${KERNEL_FULL_VERSION}/a.ko']}",
    "{keySecret: {name: l}, certSecret: {name: c}, unsignedImage: 'registry.example.com/u:${KERNEL_FULL_VERSION}'}",
];

/// Fields of a mapping or of the container, each perhaps.
fn fields() -> impl Strategy<Value = Vec<String>> {
    let build = proptest::option::of(proptest::sample::select(&BUILDS[..]).prop_map(|it| format!("build: {it}")));
    let sign = proptest::option::of(proptest::sample::select(&SIGNS[..]).prop_map(|it| format!("sign: {it}")));
    let in_tree = proptest::option::of(
        proptest::sample::select(
            &["inTreeModulesToRemove: [x]", "inTreeModulesToRemove: [y, z]", "inTreeModuleToRemove: w"][..],
        )
        .prop_map(str::to_owned),
    );
    let tls = proptest::option::of(
        proptest::sample::select(&["registryTLS: {insecure: true}", "registryTLS: {insecureSkipTLSVerify: false}"][..])
            .prop_map(str::to_owned),
    );
    (build, sign, in_tree, tls)
        .prop_map(|(build, sign, in_tree, tls)| [build, sign, in_tree, tls].into_iter().flatten().collect())
}

fn mapping() -> impl Strategy<Value = String> {
    let condition = prop_oneof![
        proptest::sample::select(&RELEASES[..]).prop_map(|release| format!("literal: {release}")),
        proptest::sample::select(&REGEXPS[..]).prop_map(|regexp| format!("regexp: \"{regexp}\"")),
    ];
    let image = proptest::option::weighted(0.8, proptest::sample::select(&IMAGES[..]));
    (condition, image, fields()).prop_map(|(condition, image, fields)| {
        let image = image.map(|image| format!("containerImage: '{image}'"));
        let parts: Vec<String> = std::iter::once(condition).chain(image).chain(fields).collect();
        format!("        - {{{}}}\n", parts.join(", "))
    })
}

prop_compose! {
    fn module()(
        container in fields(),
        image in proptest::sample::select(&IMAGES[..]),
        mappings in proptest::collection::vec(mapping(), 1..6),
    ) -> String {
        let container: String = container.iter().map(|field| format!("      {field}\n")).collect();
        format!(
            "apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {{name: driver, namespace: drivers, labels: {{team: a}}}}
spec:
  selector: {{a: ''}}
  moduleLoader:
    container:
      modprobe: {{moduleName: driver, parameters: ['a=1']}}
      version: '1.2'
      containerImage: '{image}'
{container}      kernelMappings:
{}",
            mappings.concat()
        )
    }
}

/// The list of kernels beside a manifest.
struct Fleet(Option<String>);

impl InputFiles for Fleet {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        let fleet = self.0.as_ref().filter(|_| path.as_str() == FLEET);
        fleet.map(|text| Arc::new(text.as_bytes().to_vec())).ok_or(InputError::Absent)
    }

    fn list(&self, _: &RelPath) -> Result<Vec<Listed>, InputError> {
        Err(InputError::Absent)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn kmm_does_the_same_on_every_kernel(module in module(), listed in 0..RELEASES.len()) {
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let text = |name: &str, text: &str| vec![ObjectInput::Text { name: name.into(), text: text.into() }];
        let objects = Objects::read(text("old", &module), &mut sources);
        let list = Input { name: "list".into(), text: RELEASES[..listed].join("\n"), image: None };
        let lists: Vec<Input> = (listed > 0).then_some(list).into_iter().collect();
        let adoption = Adoption::of(&objects, &lists, &mut sources, &mut faults).unwrap();
        let faults = faults.into_sorted();
        prop_assert!(adoption.refused == 0, "{module}\n{faults:#?}");
        let adopted = &adoption.manifests[0];

        // The text that is written is read again, and generates the Module.
        let written = manifest_text(adopted, &sources);
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let source = sources.add("kmodgen.yaml", written.as_str());
        let fleet = Fleet(adopted.fleet.clone());
        let manifests = Manifest::read(source, &written, &fleet, &mut sources, &mut faults);
        prop_assert!(manifests.is_some(), "{written}\n{:#?}", faults.into_sorted());
        let manifest = manifests.unwrap().remove(0);
        let prebuilt = plan::prebuilt(&manifest, &manifest.modules[0]);
        let generated = render::module::render(&manifest.modules[0], (&manifest, &Lock::default()), &[], &prebuilt);
        let new_objects = Objects::read(text("new", &generated), &mut sources);
        let [old, new] = [&objects, &new_objects].map(|objects| objects.modules().next().unwrap().module().unwrap());
        let [old, new] = [old, new].map(|module| KernelMapper::new(module, "driver", "drivers"));
        for release in RELEASES {
            let [before, after] = [old.on(release).unwrap(), new.on(release).unwrap()];
            let is_same = match (&before, &after) {
                (Some(before), Some(after)) => before.is_same(after),
                (before, after) => before.is_none() && after.is_none(),
            };
            prop_assert!(is_same, "{release}\n{module}\n{written}\n{generated}\n{before:#?}\n{after:#?}");
        }
    }
}
