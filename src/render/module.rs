//! The objects that tie a module's kernels together: KMM Modules, or a ManagedClusterModule.

use std::fmt::Write as _;

use kmodgen_yaml::{Pair, Yaml};
use sha2::{Digest as _, Sha256};

use super::metadata;
use crate::header::with_owner;
use crate::lock::Lock;
use crate::manifest::{
    BuildArgument, Circumstances, Fallback, Hub, Kernel, Manifest, MappingFields, Module, ModuleKind, ModuleSpec,
    Objects, Sign,
};
use crate::plan::Mapping;
use crate::vocabulary::{Namespace, written_out};

/// The annotation with the kernels that nodes run, so that a list which lost one is noticed.
pub const NODES: &str = "kmodgen/nodes";

/// The text of a module's objects: the one that builds, and those that load what it built. Each has
/// one literal mapping per kernel, every value written out; `prebuilt` are those whose images somebody
/// else builds.
pub fn render(
    module: &Module,
    (manifest, lock): (&Manifest, &Lock),
    mappings: &[Mapping<'_>],
    prebuilt: &[(&Kernel, String)],
) -> String {
    let Objects { spec, fallback, hub, additional, config_maps, metadata: _, are_written: _ } = &module.objects;
    let additional = additional.iter().map(|module| (module.name.as_str(), &module.spec, &module.fallback[..]));
    let modules = std::iter::once((module.name.as_str(), spec, &fallback[..])).chain(additional);
    let objects = modules.enumerate().map(|(at, (name, own, fallback))| {
        let spec = self::spec(module, own, fallback, (mappings, prebuilt, lock), at == 0);
        let labels = metadata::labels(manifest, module, None);
        let nodes = nodes(mappings, prebuilt).filter(|_| at == 0);
        let about = std::iter::once(labels).chain(metadata::annotations(manifest, Some(module), nodes));
        kmodgen_yaml::emit(&match hub {
            Some(hub) => hub_module(name, about, hub, spec),
            None => kmm_module(name, &manifest.namespace.value, about, spec),
        })
    });
    let kept = config_maps.iter().map(|config_map| super::configmap::kept(config_map, manifest, module));
    let text = objects.chain(kept).collect::<Vec<_>>().join("---\n");
    with_owner(manifest.file_owner(), &text)
}

/// The annotation of a module some of whose kernels nodes run.
fn nodes(mappings: &[Mapping<'_>], prebuilt: &[(&Kernel, String)]) -> Option<Pair<'static>> {
    let kernels = mappings.iter().map(|mapping| mapping.kernel).chain(prebuilt.iter().map(|(kernel, _)| *kernel));
    let in_use: Vec<&str> = kernels.filter(|kernel| kernel.is_in_use()).map(|kernel| kernel.release.as_str()).collect();
    (!in_use.is_empty()).then(|| (NODES.into(), Yaml::text(in_use.join(" "))))
}

fn kmm_module<'v>(
    name: &'v str,
    namespace: &'v Namespace,
    about: impl Iterator<Item = Pair<'v>>,
    spec: Vec<Pair<'v>>,
) -> Yaml<'v> {
    let metadata = [("name".into(), Yaml::text(name)), ("namespace".into(), Yaml::text(namespace.as_str()))];
    object("kmm.sigs.x-k8s.io/v1beta1", "Module", metadata.into_iter().chain(about).collect(), spec)
}

fn hub_module<'v>(name: &'v str, about: impl Iterator<Item = Pair<'v>>, hub: &'v Hub, spec: Vec<Pair<'v>>) -> Yaml<'v> {
    object(
        "hub.kmm.sigs.x-k8s.io/v1beta1",
        "ManagedClusterModule",
        [("name".into(), Yaml::text(name))].into_iter().chain(about).collect(),
        vec![
            ("moduleSpec".into(), Yaml::Map(spec)),
            ("spokeNamespace".into(), Yaml::text(hub.namespace.as_str())),
            ("selector".into(), hub.selector.clone()),
        ],
    )
}

fn object<'v>(version: &'v str, kind: &'v str, metadata: Vec<Pair<'v>>, spec: Vec<Pair<'v>>) -> Yaml<'v> {
    Yaml::Map(vec![
        ("apiVersion".into(), Yaml::text(version)),
        ("kind".into(), Yaml::text(kind)),
        ("metadata".into(), Yaml::Map(metadata)),
        ("spec".into(), Yaml::Map(spec)),
    ])
}

fn spec<'v>(
    module: &'v Module,
    own: &'v ModuleSpec,
    fallback: &'v [Fallback],
    (mappings, prebuilt, lock): (&'v [Mapping<'_>], &'v [(&Kernel, String)], &Lock),
    builds: bool,
) -> Vec<Pair<'v>> {
    if module.kind == ModuleKind::Plugin {
        return own.spec.clone();
    }
    let mut container = Vec::new();
    if let Some(version) = &module.version {
        container.push(("version".into(), Yaml::text(version)));
    }
    container.extend(own.container.clone());
    let mut list: Vec<Yaml<'v>> =
        mappings.iter().map(|mapping| with_facts(self::mapping(mapping, own, builds, lock), mapping.kernel)).collect();
    list.extend(prebuilt.iter().map(|(kernel, image)| {
        let mut fields =
            vec![("literal".into(), Yaml::text(kernel.release.as_str())), ("containerImage".into(), Yaml::text(image))];
        let kept = module.recipe_on(&Circumstances::of(kernel)).mapping.unwrap_or_default();
        if kept.in_tree.is_none() {
            fields.extend(in_tree(own, kernel));
        }
        if let Some(sign) = own.sign.as_ref().filter(|_| builds && kept.sign.is_none()) {
            let files = sign.files_on(kernel).unwrap_or_default().into_iter().map(Yaml::text).collect();
            fields.push(("sign".into(), sign_section(sign, files)));
        }
        fields.extend(kept_fields(kept, builds));
        with_facts(Yaml::Map(fields), kernel)
    }));
    list.extend(fallback.iter().map(|fallback| {
        let fields = [("regexp", &fallback.regexp), ("containerImage", &fallback.image.value)];
        let fields = fields.map(|(key, value)| (key.into(), Yaml::text(value))).into_iter();
        Yaml::Map(fields.chain(kept_fields(fallback.mapping.clone(), builds)).collect())
    }));
    container.push(("kernelMappings".into(), Yaml::Seq(list)));
    let mut loader = own.loader.clone();
    loader.push(("container".into(), Yaml::Map(container)));
    let mut spec = vec![("moduleLoader".into(), Yaml::Map(loader))];
    spec.extend(own.spec.clone());
    if own.auto_trigger {
        let trigger = Yaml::verbatim(generation(mappings, prebuilt).to_string());
        spec.push(("imageRebuildTriggerGeneration".into(), trigger));
    }
    spec
}

/// Puts a comment above a mapping: the version of OpenShift that has the kernel, and how many nodes run it, as far as
/// the manifest knows.
fn with_facts<'v>(mapping: Yaml<'v>, kernel: &Kernel) -> Yaml<'v> {
    let mut facts = String::with_capacity(32);
    if let Some(version) = kernel.labels.get("ocp") {
        facts.extend(["OpenShift ", version]);
    }
    if let Some(nodes) = kernel.node_count() {
        facts.push_str(if facts.is_empty() { "" } else { ", " });
        let _ = match nodes {
            0 => facts.write_str("no nodes"),
            1 => facts.write_str("1 node"),
            nodes => write!(facts, "{nodes} nodes"),
        };
    }
    if facts.is_empty() { mapping } else { mapping.commented(facts) }
}

/// The kernel's own modules that are unloaded first, where they are not those of all kernels.
fn in_tree<'v>(spec: &'v ModuleSpec, kernel: &Kernel) -> Option<Pair<'v>> {
    let here = Circumstances::of(kernel).choose(&spec.in_tree);
    let on_all = spec.in_tree.iter().filter(|module| module.kernels.is_all()).count();
    let here: Vec<Yaml<'_>> = here.into_iter().map(Yaml::text).collect();
    (here.len() > on_all).then(|| ("inTreeModulesToRemove".into(), Yaml::Seq(here)))
}

/// Returns the fields of a mapping that the manifest has as they are; only one Module builds and signs.
fn kept_fields<'v>(kept: MappingFields, builds: bool) -> Vec<Pair<'v>> {
    let MappingFields { build, sign, in_tree, registry_tls } = kept;
    let built = [("build", build), ("sign", sign)].map(|(key, value)| (key, value.filter(|_| builds)));
    let fields = built.into_iter().chain([("inTreeModulesToRemove", in_tree), ("registryTLS", registry_tls)]);
    fields.filter_map(|(key, value)| Some((key.into(), value?))).collect()
}

fn mapping<'v>(mapping: &'v Mapping<'_>, spec: &'v ModuleSpec, builds: bool, lock: &Lock) -> Yaml<'v> {
    // A fleet has many: no vector is moved to make room.
    let mut fields = Vec::with_capacity(5);
    fields.push(("literal".into(), Yaml::text(mapping.kernel.release.as_str())));
    fields.push(("containerImage".into(), Yaml::text(mapping.pulled_image(lock))));
    fields.extend(in_tree(spec, mapping.kernel));
    if !builds || !mapping.is_built_by_kmm() {
        return Yaml::Map(fields);
    }
    let name = Yaml::Map(vec![("name".into(), Yaml::text(mapping.config_map()))]);
    let mut build = Vec::with_capacity(spec.build.len() + 2);
    build.push(("dockerfileConfigMap".into(), name));
    build.extend_from_slice(&spec.build);
    if !mapping.resolved.build_args.is_empty() {
        let release = mapping.kernel.release.as_str();
        let arguments = mapping.resolved.build_args.iter().map(|argument| build_arg(argument, release));
        build.push(("buildArgs".into(), Yaml::Seq(arguments.collect())));
        build.get_mut(1..).unwrap_or_default().sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    fields.push(("build".into(), Yaml::Map(build)));
    if let Some(sign) = &spec.sign {
        let files = mapping.resolved.signed_files(mapping.module, mapping.kernel);
        fields.push(("sign".into(), sign_section(sign, files.into_iter().map(Yaml::text).collect())));
    }
    Yaml::Map(fields)
}

/// KMM expands nothing in a build argument.
fn build_arg<'v>(BuildArgument { name, value, hashed: _ }: &'v BuildArgument, release: &str) -> Yaml<'v> {
    Yaml::Map(vec![("name".into(), Yaml::text(name)), ("value".into(), Yaml::text(written_out(value, release)))])
}

fn sign_section<'v>(sign: &'v Sign, files: Vec<Yaml<'v>>) -> Yaml<'v> {
    let mut section = sign.fields.clone();
    section.push(("filesToSign".into(), Yaml::Seq(files)));
    Yaml::Map(section)
}

/// A number from 1 that is another one whenever an image is, within the 31 bits that every reader of
/// the API takes.
fn generation(mappings: &[Mapping<'_>], prebuilt: &[(&Kernel, String)]) -> u32 {
    let mut hash = Sha256::new();
    mappings.iter().for_each(|mapping| hash.update(mapping.identity.hash.as_bytes()));
    prebuilt.iter().for_each(|(_, image)| hash.update(image.as_bytes()));
    let digest = hash.finalize();
    let number = digest.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte));
    (number >> 1).max(1)
}
