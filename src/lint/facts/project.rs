//! Files together, for the rules that compare them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::dockerfile::{DockerfileContents, DockerfileFacts};
use super::module::{ModuleFacts, Text, entry, text};
use super::text_place::TextPlace;
use crate::lint::input::{LintCount, LintInput};
use crate::objects::{ConfigMap, DOCKERFILE_KEY, KubernetesObject, ObjectKind, Objects};
use crate::vocabulary::{SourceMap, Span};

/// Facts about all inputs.
pub struct ProjectFacts<'n> {
    pub modules: Vec<ModuleFacts<'n>>,
    pub dockerfiles: Vec<DockerfileFacts<'n>>,
    pub config_maps: Vec<ConfigMapFacts<'n>>,
    pub objects: &'n Objects,
    /// The objects at an earlier revision.
    pub before: Option<&'n Objects>,
    /// ConfigMaps by their names.
    by_name: HashMap<&'n str, Vec<usize>>,
}

/// A ConfigMap.
pub struct ConfigMapFacts<'n> {
    pub object: &'n KubernetesObject,
    pub name: Text<'n>,
    pub namespace: Option<&'n str>,
    pub map: &'n ConfigMap,
    /// Number of its Dockerfile.
    pub dockerfile: Option<usize>,
}

/// A `build` of a Module.
pub struct BuildFacts<'n> {
    /// Number of the Module.
    pub module: usize,
    /// Mapping that has the section; `None` if it is the container's.
    pub mapping: Option<usize>,
    /// Name of the ConfigMap.
    pub config_map: Text<'n>,
    pub node: &'n kmodgen_yaml::Node,
}

impl<'n> ProjectFacts<'n> {
    /// Reads the facts of all objects and Dockerfiles.
    pub fn of(input: &'n LintInput<'n>, sources: &'n SourceMap) -> Self {
        let patches = patches(input.objects);
        let modules = input.objects.objects.iter().filter_map(|object| {
            let path = object.origin.path.as_ref().map(|path| (object.origin.input, path.as_str().to_owned()));
            let is_patch = path.is_some_and(|path| patches.contains(&path));
            ModuleFacts::of(object, &input.kernels, is_patch)
        });
        let modules: Vec<ModuleFacts<'_>> = modules.collect();
        let built: HashSet<&str> = builds(&modules).into_iter().map(|build| build.config_map.text).collect();
        let is_built = |name: &str| modules.is_empty() || built.contains(name);
        let (config_maps, dockerfiles) = dockerfiles(input, sources, is_built);
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, config_map) in config_maps.iter().enumerate() {
            by_name.entry(config_map.name.text).or_default().push(number);
        }
        Self { modules, dockerfiles, config_maps, objects: input.objects, before: input.before, by_name }
    }

    /// Returns the number of things that are checked.
    pub fn count(&self) -> LintCount {
        LintCount { modules: self.modules.len(), dockerfiles: self.dockerfiles.len() }
    }

    /// The builds of all Modules.
    pub fn builds(&self) -> Vec<BuildFacts<'n>> {
        builds(&self.modules)
    }

    /// The ConfigMaps of a name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &ConfigMapFacts<'n>> {
        let numbers = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| self.config_maps.get(*number))
    }

    /// The Dockerfile of a build, if its ConfigMap is there.
    pub fn dockerfile(&self, build: &BuildFacts<'_>) -> Option<&DockerfileFacts<'n>> {
        let namespace = self.modules.get(build.module)?.config_map_namespace();
        let matches =
            |map: &&ConfigMapFacts<'_>| namespace.is_none() || map.namespace.is_none() || map.namespace == namespace;
        self.dockerfiles.get(self.named(build.config_map.text).find(matches)?.dockerfile?)
    }
}

fn builds<'n>(modules: &[ModuleFacts<'n>]) -> Vec<BuildFacts<'n>> {
    let mut builds = Vec::new();
    for (number, module) in modules.iter().enumerate() {
        let outer = module.container.into_iter().map(|container| (None, container));
        let own = module.mappings.iter().enumerate().map(|(at, mapping)| (Some(at), mapping.node));
        for (mapping, node) in outer.chain(own) {
            let Some(build) = node.get("build") else { continue };
            let Some(reference) = entry(build, "dockerfileConfigMap") else { continue };
            let Some(config_map) = text(&reference.value, "name") else { continue };
            builds.push(BuildFacts { module: number, mapping, config_map, node: build });
        }
    }
    builds
}

/// Dockerfiles by their texts. One that is in a file and in a ConfigMap is read once.
#[derive(Default)]
struct DockerfileTexts<'n>(HashMap<&'n str, Arc<DockerfileContents<'n>>>);

impl<'n> DockerfileTexts<'n> {
    fn read(&mut self, text: &'n str) -> Arc<DockerfileContents<'n>> {
        Arc::clone(self.0.entry(text).or_insert_with(|| Arc::new(DockerfileContents::of(text))))
    }
}

/// The Dockerfiles of ConfigMaps and files. A file that a ConfigMap is made from is one Dockerfile.
fn dockerfiles<'n>(
    input: &'n LintInput<'n>,
    sources: &'n SourceMap,
    is_built: impl Fn(&str) -> bool,
) -> (Vec<ConfigMapFacts<'n>>, Vec<DockerfileFacts<'n>>) {
    let (mut maps, mut found, mut files) = (Vec::new(), Vec::new(), HashMap::new());
    let mut texts = DockerfileTexts::default();
    for object in input.objects.config_maps() {
        let (Some(map), Some(name)) = (object.config_map(), object.name.as_ref()) else { continue };
        let mut dockerfile = None;
        if let Some(entry) = map.get(DOCKERFILE_KEY)
            && let Some(file) = sources.get(entry.text.span.source)
        {
            let source = entry.text.span.source;
            let known = files.get(&source).copied().filter(|_| entry.is_file);
            dockerfile = Some(known.unwrap_or(found.len()));
            if known.is_none() {
                let place = match entry.is_file {
                    true => TextPlace::Same(entry.text.span),
                    false => TextPlace::of_scalar(&entry.text.value, entry.text.span, file),
                };
                if entry.is_file {
                    files.insert(source, found.len());
                }
                found.push(DockerfileFacts::of(texts.read(&entry.text.value), place, is_built(&name.value)));
            }
        }
        let namespace = object.namespace.as_ref().map(|namespace| namespace.value.as_str());
        maps.push(ConfigMapFacts { object, name: Text::of(name), namespace, map, dockerfile });
    }
    let separate = input.objects.dockerfiles.iter().map(|file| file.source).chain(input.dockerfiles.iter().copied());
    for source in separate.filter(|source| !files.contains_key(source)) {
        let Some(file) = sources.get(source) else { continue };
        if unreadable(&file.text).is_none() && !is_template(&file.text) {
            let place = TextPlace::Same(Span::new(source, 0, file.text.len()));
            found.push(DockerfileFacts::of(texts.read(&file.text), place, false));
        }
    }
    (maps, found)
}

/// Returns the reason why a text is no Dockerfile.
pub fn unreadable(text: &str) -> Option<&'static str> {
    /// A ConfigMap takes 1 MiB.
    const LARGEST: usize = 4 << 20;
    match text {
        _ if text.len() > LARGEST => Some("it has more than 4 MiB, and a ConfigMap takes 1 MiB"),
        _ if memchr::memchr(0, text.as_bytes()).is_some() => Some("it is no text: it has a NUL byte"),
        _ => None,
    }
}

/// Checks for a template of another program, which is no Dockerfile yet.
fn is_template(text: &str) -> bool {
    text.lines().any(|line| ["{%", "{{", "{#"].iter().any(|start| line.trim_start().starts_with(start)))
}

/// Files that kustomizations lay over objects, with the number of their input: they have a part of an object.
fn patches(objects: &Objects) -> HashSet<(usize, String)> {
    let mut patches = HashSet::new();
    for object in objects.kustomizations() {
        let folder = object.origin.path.as_ref().map(|path| path.parent()).unwrap_or_default();
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            let items = object.node.get(key).and_then(|node| node.as_sequence()).unwrap_or_default();
            for item in items {
                let written = text(item, "path").or_else(|| super::module::string(item));
                let Some(path) = written.and_then(|path| joined(folder, path.text)) else { continue };
                patches.insert((object.origin.input, path));
            }
        }
    }
    patches
}

/// Returns a path from a folder; `None` if it leaves the input.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.lines().next()?.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// Checks for a Kustomization of Flux, which is another kind of that name.
pub fn is_of_flux(object: &KubernetesObject) -> bool {
    matches!(&object.kind, ObjectKind::Other(kind) if kind == "Kustomization")
        && text(&object.node, "apiVersion")
            .is_some_and(|version| version.text.starts_with("kustomize.toolkit.fluxcd.io/"))
}
