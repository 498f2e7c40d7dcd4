//! Folders: files of objects, Dockerfiles, and what kustomizations take from the same folder.

use std::collections::{BTreeMap, BTreeSet};

use super::collection::{Objects, SeparateDockerfile};
use super::config_map::ConfigMap;
use super::input::FolderStart;
use super::kustomization::{ConfigMapGenerator, FILE_NAMES, Kustomization, ResourcePlace, place_of};
use super::object::{KubernetesObject, ObjectKind, Origin};
use super::problem::{Problem, ProblemKind};
use crate::header::{Ownership, ownership};
use crate::vocabulary::{InputFiles, Listed, ListedKind, RelPath, SourceId, SourceMap, Span, Spanned, not_utf8};

/// Most files that are read of one input.
const MOST_FILES: usize = 20_000;

/// Most bytes that are read of one input.
const MOST_BYTES: usize = 256 << 20;

/// Depth to which folders are read.
const DEPTH: usize = 32;

/// Most kustomizations that are followed.
const MOST_KUSTOMIZATIONS: usize = 1_000;

/// Reads one input that is a folder, or a file in one. Nothing outside of the folder is read.
pub(super) struct FolderReader<'r> {
    input: usize,
    /// Name of the folder in messages.
    name: &'r str,
    files: &'r dyn InputFiles,
    sources: &'r mut SourceMap,
    objects: &'r mut Objects,
    /// Files that were read, or that cannot be.
    seen: BTreeMap<RelPath, Option<SourceId>>,
    bytes: usize,
    is_full: bool,
    /// File that the input names.
    named: Option<RelPath>,
}

impl<'r> FolderReader<'r> {
    pub(super) fn new(
        input: usize,
        name: &'r str,
        files: &'r dyn InputFiles,
        sources: &'r mut SourceMap,
        objects: &'r mut Objects,
    ) -> Self {
        Self { input, name, files, sources, objects, seen: BTreeMap::new(), bytes: 0, is_full: false, named: None }
    }

    /// Reads everything, then follows kustomizations.
    pub(super) fn read(mut self, start: FolderStart) {
        match start {
            FolderStart::File(path) => {
                self.named = Some(path.clone());
                if is_dockerfile(path.file_name()) {
                    self.add_dockerfile(path);
                } else {
                    self.add_file(&path);
                }
            }
            FolderStart::All(names) => self.walk("", names, 0),
        }
        let mut next = 0;
        let mut kustomizations = Vec::new();
        while next < self.objects.objects.len() {
            let object = &self.objects.objects[next];
            if object.origin.input == self.input
                && let ObjectKind::Kustomization(kustomization) = &object.kind
            {
                if kustomizations.len() == MOST_KUSTOMIZATIONS {
                    let message = format!("there are more than {MOST_KUSTOMIZATIONS} kustomizations");
                    self.objects.report(Problem::new(ProblemKind::Limit, message).help("name fewer inputs"));
                    break;
                }
                let (kustomization, origin) = (kustomization.clone(), object.origin.clone());
                self.follow(&kustomization, &origin);
                kustomizations.push((next, kustomization, origin));
            }
            next += 1;
        }
        self.apply(&kustomizations);
    }

    fn shown(&self, path: &str) -> String {
        match self.name {
            "" | "." => path.to_owned(),
            name => format!("{}/{path}", name.trim_end_matches('/')),
        }
    }

    fn walk(&mut self, folder: &str, names: Vec<Listed>, depth: usize) {
        for Listed { name, kind } in names {
            if name.starts_with('.') || self.is_full {
                continue;
            }
            let joined = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let Ok(path) = RelPath::parse(&joined) else { continue };
            let is_wanted = is_yaml(&name) || is_dockerfile(&name);
            match kind {
                ListedKind::Folder if depth == DEPTH => {
                    let message = format!("skipped `{}`: folders are read to a depth of {DEPTH}", self.shown(&joined));
                    self.objects.warn(Problem::new(ProblemKind::Limit, message));
                }
                ListedKind::Folder => match self.files.list(&path) {
                    Ok(names) => self.walk(&joined, names, depth + 1),
                    Err(error) => self.unreadable(&joined, &error.to_string()),
                },
                ListedKind::File { .. } if is_dockerfile(&name) => self.add_dockerfile(path),
                ListedKind::File { .. } if is_wanted => drop(self.add_file(&path)),
                ListedKind::Link { .. } => self.unreadable(&joined, "links are not followed"),
                ListedKind::Other(what) if is_wanted => self.unreadable(&joined, &format!("it is {what}")),
                ListedKind::File { .. } | ListedKind::Other(_) => {}
            }
        }
    }

    fn unreadable(&mut self, path: &str, why: &str) {
        if self.named.as_ref().is_some_and(|named| named.as_str() == path) {
            let message = format!("cannot read `{}`: {why}", self.shown(path).escape_debug());
            return self.objects.report(Problem::new(ProblemKind::Unreadable, message));
        }
        let message = format!("skipped `{}`: {why}", self.shown(path).escape_debug());
        self.objects.warn(Problem::new(ProblemKind::Unreadable, message));
    }

    /// Returns the text of a file, within the limits.
    fn text(&mut self, path: &RelPath) -> Result<String, String> {
        if self.seen.len() >= MOST_FILES || self.bytes >= MOST_BYTES {
            if !std::mem::replace(&mut self.is_full, true) {
                let message = format!(
                    "folder `{}` has more than {MOST_FILES} files or {} MiB; the others are not read",
                    self.name,
                    MOST_BYTES >> 20
                );
                self.objects.report(Problem::new(ProblemKind::Limit, message).help("name fewer inputs"));
            }
            return Err("there are too many files".into());
        }
        let bytes = self.files.read(path).map_err(|error| error.to_string())?;
        self.bytes = self.bytes.saturating_add(bytes.len());
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(not_utf8(&bytes, error.valid_up_to())),
        }
    }

    /// Reads a file of objects, once.
    fn add_file(&mut self, path: &RelPath) -> Option<SourceId> {
        if let Some(source) = self.seen.get(path) {
            return *source;
        }
        let text = self.text(path);
        let source = match text {
            Ok(text) => {
                let name = self.shown(path.as_str());
                Some(self.objects.add_text(&name, text, self.input, Some(path.clone()), self.sources))
            }
            Err(_) if self.is_full => None,
            Err(why) => {
                self.unreadable(path.as_str(), &why);
                None
            }
        };
        self.seen.insert(path.clone(), source);
        source
    }

    /// Reads a file as it is, once; it may also be one of objects.
    fn add_plain(&mut self, path: &RelPath) -> Option<SourceId> {
        if let Some(Some(source)) = self.seen.get(path) {
            return Some(*source);
        }
        let source = match self.text(path) {
            Ok(text) => Some(self.sources.add(self.shown(path.as_str()), text)),
            Err(why) => {
                self.unreadable(path.as_str(), &why);
                None
            }
        };
        self.seen.insert(path.clone(), source);
        source
    }

    fn add_dockerfile(&mut self, path: RelPath) {
        let Some(source) = self.add_plain(&path) else { return };
        let text = self.sources.get(source).map(|file| file.text.clone()).unwrap_or_default();
        let is_generated = ownership(text.as_bytes()) != Ownership::Foreign;
        self.objects.dockerfiles.push(SeparateDockerfile { source, input: self.input, path, is_generated });
    }

    /// Reads what a kustomization names, and makes its ConfigMaps.
    fn follow(&mut self, kustomization: &Kustomization, origin: &Origin) {
        for resource in &kustomization.resources {
            match &resource.place {
                ResourcePlace::Inside(path) => self.add_resource(path, &resource.written),
                ResourcePlace::Top => drop(self.add_kustomization_of("")),
                ResourcePlace::Outside | ResourcePlace::Remote => {
                    let shown = resource.written.escape_debug();
                    let reason = match resource.place {
                        ResourcePlace::Remote => "it is on a server",
                        _ => "it is outside of the input's folder",
                    };
                    let problem = Problem::at(
                        ProblemKind::Kustomization,
                        resource.written.span,
                        format!("skipped `{shown}`: {reason}"),
                    );
                    self.objects.warn(problem.help("give the output of `kubectl kustomize` as input instead"));
                }
            }
        }
        for generator in &kustomization.generators {
            self.generate(generator, origin);
        }
    }

    fn add_resource(&mut self, path: &RelPath, written: &Spanned<String>) {
        if self.seen.contains_key(path) {
            return;
        }
        if self.files.list(path).is_err() {
            self.add_file(path);
        } else if !self.add_kustomization_of(path.as_str()) {
            let message = format!("folder `{}` has no kustomization", written.escape_debug());
            self.objects.warn(Problem::at(ProblemKind::Kustomization, written.span, message));
        }
    }

    /// Reads the kustomization of a folder; returns whether there is one.
    fn add_kustomization_of(&mut self, folder: &str) -> bool {
        let paths = FILE_NAMES
            .iter()
            .filter_map(|name| RelPath::parse(format!("{folder}/{name}").trim_start_matches('/')).ok());
        let paths: Vec<RelPath> = paths.collect();
        let there = paths.iter().find(|path| self.seen.contains_key(*path) || self.files.read(path).is_ok());
        there.is_some_and(|path| self.add_file(path).is_some())
    }

    fn generate(&mut self, generator: &ConfigMapGenerator, origin: &Origin) {
        let folder = origin.path.as_ref().map(|path| Some(path.parent()).filter(|folder| !folder.is_empty())).ok_or(());
        let mut config_map = ConfigMap { is_hashed: generator.is_hashed, ..ConfigMap::default() };
        for (key, literal) in &generator.literals {
            config_map.push(key.clone(), literal.value.clone(), literal.span, false);
        }
        for (key, file) in &generator.files {
            let ResourcePlace::Inside(path) = place_of(file, folder) else {
                let message = format!("skipped `{}`: it is outside of the input's folder", file.escape_debug());
                self.objects.warn(Problem::at(ProblemKind::Kustomization, file.span, message));
                continue;
            };
            let Some(source) = self.add_plain(&path) else { continue };
            let Some(text) = self.sources.get(source).map(|file| file.text.clone()) else { continue };
            config_map.push(key.clone(), text.to_string(), Span::new(source, 0, text.len()), true);
        }
        self.objects.objects.push(KubernetesObject {
            kind: ObjectKind::ConfigMap(config_map),
            name: Some(generator.name.clone()),
            namespace: generator.namespace.clone(),
            node: generator.node.clone(),
            origin: origin.clone(),
            changed_by: Vec::new(),
        });
    }

    /// Gives objects the namespaces of their kustomizations, and names the changes that are not followed.
    fn apply(&mut self, kustomizations: &[(usize, Kustomization, Origin)]) {
        let mut by_path: BTreeMap<&RelPath, Vec<usize>> = BTreeMap::new();
        let objects = self.objects.objects.iter();
        let paths: Vec<Option<RelPath>> =
            objects.map(|object| object.origin.path.clone().filter(|_| object.origin.input == self.input)).collect();
        for (number, path) in paths.iter().enumerate() {
            by_path
                .entry(match path {
                    Some(path) => path,
                    None => continue,
                })
                .or_default()
                .push(number);
        }
        let by_folder: BTreeMap<&str, usize> = kustomizations
            .iter()
            .enumerate()
            .filter_map(|(at, (_, _, origin))| Some((origin.path.as_ref()?.parent(), at)))
            .collect();
        let mut namespaces: BTreeMap<usize, BTreeMap<&str, Span>> = BTreeMap::new();
        for (at, (_, kustomization, _)) in kustomizations.iter().enumerate() {
            if kustomization.namespace.is_none() && kustomization.changes.is_empty() {
                continue;
            }
            for number in covered(at, kustomizations, &by_path, &by_folder) {
                if let Some(namespace) = &kustomization.namespace {
                    namespaces.entry(number).or_default().insert(&namespace.value, namespace.span);
                }
                self.objects.objects[number].changed_by.extend(kustomization.changes.iter().cloned());
            }
        }
        for (number, found) in namespaces {
            let mut names = found.iter();
            if let (Some((name, span)), None) = (names.next(), names.next()) {
                self.objects.objects[number].namespace = Some(Spanned::new((*name).to_owned(), *span));
                continue;
            }
            let object = &self.objects.objects[number];
            if object.module().is_some() || object.config_map().is_some() {
                let names: Vec<&str> = found.keys().copied().collect();
                let message = format!("kustomizations give this object several namespaces: {}", names.join(", "));
                let problem = Problem::at(ProblemKind::Kustomization, object.place(), message);
                let changes: Vec<_> = found.iter().map(|(name, at)| Spanned::new((*name).to_owned(), *at)).collect();
                self.objects.objects[number].changed_by.extend(changes);
                self.objects.warn(problem.help("give the output of `kubectl kustomize OVERLAY` as input instead"));
            }
        }
    }
}

/// Returns the objects that a kustomization takes, itself and through others.
fn covered(
    at: usize,
    kustomizations: &[(usize, Kustomization, Origin)],
    by_path: &BTreeMap<&RelPath, Vec<usize>>,
    by_folder: &BTreeMap<&str, usize>,
) -> BTreeSet<usize> {
    let (mut objects, mut seen, mut ahead) = (BTreeSet::new(), BTreeSet::from([at]), vec![at]);
    while let Some(at) = ahead.pop() {
        let (_, kustomization, origin) = &kustomizations[at];
        // Generated ConfigMaps have the file of their kustomization.
        objects.extend(origin.path.as_ref().and_then(|path| by_path.get(path)).into_iter().flatten());
        for resource in &kustomization.resources {
            let (file, folder) = match &resource.place {
                ResourcePlace::Inside(path) => (by_path.get(path), by_folder.get(path.as_str())),
                ResourcePlace::Top => (None, by_folder.get("")),
                ResourcePlace::Outside | ResourcePlace::Remote => (None, None),
            };
            objects.extend(file.into_iter().flatten());
            ahead.extend(folder.filter(|folder| seen.insert(**folder)));
        }
    }
    objects
}

/// Returns whether a file has objects, by its name.
fn is_yaml(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    matches!(ending, Some("yaml" | "yml" | "json")) || FILE_NAMES.contains(&name)
}

/// Returns whether a file is a Dockerfile, by its name.
fn is_dockerfile(name: &str) -> bool {
    let is_yaml = is_yaml(name);
    !is_yaml && (name.starts_with("Dockerfile") || name.ends_with(".Dockerfile") || name == "Containerfile")
}
