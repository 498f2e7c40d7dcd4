//! Kustomizations: which files they take, and the ConfigMaps that they make.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::fields::{get, items, map, text, texts};
use super::problem::{Problem, ProblemKind};
use crate::vocabulary::{RelPath, Spanned};

/// Names of the file of a kustomization.
pub(super) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A kustomization, as far as it decides which objects there are.
#[derive(Debug, Clone, Default)]
pub struct Kustomization {
    /// Namespace that all its objects get.
    pub namespace: Option<Spanned<String>>,
    /// Files and folders that it takes objects from.
    pub resources: Vec<KustomizeResource>,
    /// Keys of fields that change objects in other ways: kustomize alone knows the result.
    pub changes: Vec<Spanned<String>>,
    pub(super) generators: Vec<ConfigMapGenerator>,
}

/// An item of `resources`.
#[derive(Debug, Clone)]
pub struct KustomizeResource {
    /// The item, as it is written.
    pub written: Spanned<String>,
    pub place: ResourcePlace,
}

/// Place of something that a kustomization names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourcePlace {
    /// A file or folder of the input.
    Inside(RelPath),
    /// The top folder of the input.
    Top,
    /// Outside of the input's folder; it is not read.
    Outside,
    /// On a server; it is not read.
    Remote,
}

/// An item of `configMapGenerator`.
#[derive(Debug, Clone)]
pub(super) struct ConfigMapGenerator {
    pub(super) node: Arc<Node>,
    pub(super) name: Spanned<String>,
    pub(super) namespace: Option<Spanned<String>>,
    /// Keys and files.
    pub(super) files: Vec<(String, Spanned<String>)>,
    /// Keys and texts.
    pub(super) literals: Vec<(String, Spanned<String>)>,
    pub(super) is_hashed: bool,
}

/// Fields that change objects.
const CHANGING: [&str; 17] = [
    "commonAnnotations",
    "commonLabels",
    "components",
    "generators",
    "helmCharts",
    "images",
    "labels",
    "namePrefix",
    "nameSuffix",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "transformers",
    "vars",
    "configurations",
];

impl Kustomization {
    /// Reads the kustomization of a folder; `None` stands for the top, and `Err` for a text without a folder.
    pub(super) fn read(node: &Node, folder: Result<Option<&str>, ()>, problems: &mut Vec<Problem>) -> Self {
        let mut kustomization = Self { namespace: text(node, "namespace", problems), ..Self::default() };
        for entry in node.as_mapping().unwrap_or_default().iter().filter(|entry| !entry.value.is_null()) {
            if CHANGING.contains(&entry.key.value.as_str()) {
                kustomization.changes.push(entry.key.clone());
            }
        }
        for key in ["resources", "bases"] {
            for written in texts(node, key, problems) {
                let place = place_of(&written, folder);
                kustomization.resources.push(KustomizeResource { written, place });
            }
        }
        let is_hashed = |node: &Node, problems: &mut Vec<Problem>, key: &str| {
            let options = map(node, key, problems)?;
            let written = text(options, "disableNameSuffixHash", problems)?;
            Some(written.value != "true")
        };
        let all_are_hashed = is_hashed(node, problems, "generatorOptions").unwrap_or(true);
        for item in items(node, "configMapGenerator", problems) {
            let Some(name) = text(item, "name", problems) else {
                let message = "an item of `configMapGenerator` has no `name`";
                problems.push(Problem::at(ProblemKind::Kustomization, item.span.at_start(), message));
                continue;
            };
            for key in ["behavior", "env", "envs"] {
                let entries = item.as_mapping().unwrap_or_default().iter();
                let plain =
                    get(item, key).and_then(|value| value.as_scalar()).is_some_and(|text| text.text == "create");
                kustomization.changes.extend(entries.filter(|e| e.key.value == key && !plain).map(|e| e.key.clone()));
            }
            kustomization.generators.push(ConfigMapGenerator {
                node: item.clone(),
                name,
                namespace: text(item, "namespace", problems),
                files: texts(item, "files", problems).into_iter().map(key_and_file).collect(),
                literals: texts(item, "literals", problems).into_iter().filter_map(key_and_text).collect(),
                is_hashed: is_hashed(item, problems, "options").unwrap_or(all_are_hashed),
            });
        }
        kustomization
    }
}

/// Splits an item of `files`: the key is the file's name, unless another one is written before a `=`.
fn key_and_file(written: Spanned<String>) -> (String, Spanned<String>) {
    match written.value.split_once('=') {
        Some((key, file)) => (key.to_owned(), Spanned::new(file.to_owned(), written.span)),
        None => (written.value.rsplit('/').next().unwrap_or_default().to_owned(), written),
    }
}

fn key_and_text(written: Spanned<String>) -> Option<(String, Spanned<String>)> {
    let (key, text) = written.value.split_once('=')?;
    let quoted = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    Some((key.to_owned(), Spanned::new(quoted.unwrap_or(text).to_owned(), written.span)))
}

/// Returns the place of a path that a kustomization in a folder names.
pub(super) fn place_of(written: &str, folder: Result<Option<&str>, ()>) -> ResourcePlace {
    let is_remote = written.contains("://") || written.starts_with("git@") || written.starts_with("git::");
    let host = written.split('/').next().unwrap_or_default();
    if is_remote || written.contains("?ref=") || host.starts_with("github.com") {
        return ResourcePlace::Remote;
    }
    let Ok(folder) = folder else { return ResourcePlace::Outside };
    if written.starts_with('/') {
        return ResourcePlace::Outside;
    }
    let mut parts: Vec<&str> = folder.into_iter().flat_map(|folder| folder.split('/')).collect();
    for part in written.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part != ".." {
            parts.push(part);
        } else if parts.pop().is_none() {
            return ResourcePlace::Outside;
        }
    }
    match RelPath::parse(&parts.join("/")) {
        Ok(path) => ResourcePlace::Inside(path),
        Err(_) if parts.is_empty() => ResourcePlace::Top,
        Err(_) => ResourcePlace::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_folder() {
        let inside = |path: &str| ResourcePlace::Inside(RelPath::parse(path).unwrap());
        for (written, folder, place) in [
            ("module.yaml", Ok(None), inside("module.yaml")),
            ("./a//b.yaml", Ok(Some("x/y")), inside("x/y/a/b.yaml")),
            ("../base", Ok(Some("overlays/prod")), inside("overlays/base")),
            ("../../base/", Ok(Some("overlays/prod")), inside("base")),
            ("../..", Ok(Some("overlays/prod")), ResourcePlace::Top),
            ("../../..", Ok(Some("overlays/prod")), ResourcePlace::Outside),
            ("a/../../b", Ok(None), ResourcePlace::Outside),
            ("/etc/passwd", Ok(None), ResourcePlace::Outside),
            ("a\\b", Ok(None), ResourcePlace::Outside),
            ("module.yaml", Err(()), ResourcePlace::Outside),
            ("https://example.com/a.yaml", Ok(None), ResourcePlace::Remote),
            ("git@git.example.com:a/b.git", Ok(None), ResourcePlace::Remote),
            ("github.com/a/b//c?ref=v1", Ok(None), ResourcePlace::Remote),
        ] {
            assert_eq!(place_of(written, folder), place, "{written}");
        }
    }

    #[test]
    fn generated_texts_have_keys() {
        let spanned = |text: &str| {
            Spanned::new(text.to_owned(), crate::vocabulary::Span::new(crate::vocabulary::SourceId(0), 0, 0))
        };
        assert_eq!(key_and_file(spanned("dockerfile=a/Dockerfile")).0, "dockerfile");
        assert_eq!(key_and_file(spanned("a/Dockerfile")).0, "Dockerfile");
        assert_eq!(key_and_text(spanned("a='b=c'")).unwrap().1.value, "b=c");
        assert!(key_and_text(spanned("a")).is_none());
    }
}
