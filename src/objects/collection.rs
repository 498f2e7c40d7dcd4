//! Objects of all inputs, and how a text adds to them.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::kustomization::FILE_NAMES;
use super::object::{KubernetesObject, ObjectKind, Origin};
use super::problem::{Problem, ProblemKind};
use crate::documents;
use crate::header::{Ownership, ownership};
use crate::vocabulary::{RelPath, Severity, SourceId, SourceMap, Span};

/// Most documents and objects that are read.
const MOST_DOCUMENTS: usize = 100_000;

/// Most problems that are kept.
const MOST_PROBLEMS: usize = 1_000;

/// Objects and Dockerfiles of all inputs.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    pub objects: Vec<KubernetesObject>,
    pub dockerfiles: Vec<SeparateDockerfile>,
    pub problems: Vec<Problem>,
    documents: usize,
}

/// A Dockerfile that is a file.
#[derive(Debug, Clone)]
pub struct SeparateDockerfile {
    pub source: SourceId,
    /// Number of the input.
    pub input: usize,
    pub path: RelPath,
    /// Set if the file has the header of kmodgen's own files.
    pub is_generated: bool,
}

impl Objects {
    /// Adds the objects of a text; returns its number.
    pub(super) fn add_text(
        &mut self,
        name: &str,
        text: String,
        input: usize,
        path: Option<RelPath>,
        sources: &mut SourceMap,
    ) -> SourceId {
        let source = sources.add(name, text);
        let Some(file) = sources.get(source).cloned() else { return source };
        let is_generated = ownership(file.text.as_bytes()) != Ownership::Foreign;
        let is_kustomization = path.as_ref().is_some_and(|path| FILE_NAMES.contains(&path.file_name()));
        let kind = is_kustomization.then_some("Kustomization");
        let origin = Origin { source, input, path, is_generated };
        for document in documents::read_each(source, &file.text) {
            if self.is_full(Span::new(source, 0, 0)) {
                break;
            }
            match document {
                Ok(node) => self.add_node(&node, kind, &origin),
                Err(faults) => {
                    let is_chart = file.text.contains("{{");
                    faults.into_iter().for_each(|diagnostic| {
                        let problem = Problem { kind: ProblemKind::Syntax, diagnostic };
                        self.report(match is_chart {
                            true => problem.help("if this is a template of a chart, use the output of `helm template`"),
                            false => problem,
                        });
                    });
                }
            }
        }
        source
    }

    /// Adds an object, or the items of a list of objects.
    fn add_node(&mut self, node: &Arc<Node>, kind: Option<&str>, origin: &Origin) {
        let of_kind = node.get("kind").and_then(|kind| kind.as_scalar()).map(|kind| kind.text.as_str());
        let list = of_kind.and_then(|kind| kind.strip_suffix("List"));
        if let (Some(item_kind), Some(items)) = (list, node.get("items").and_then(|items| items.as_sequence())) {
            for item in items {
                if self.is_full(item.span.at_start()) {
                    return;
                }
                self.add_node(item, Some(item_kind).filter(|kind| !kind.is_empty()), origin);
            }
            return;
        }
        let mut problems = Vec::new();
        self.objects.extend(KubernetesObject::read(node, kind, origin, &mut problems));
        problems.into_iter().for_each(|problem| self.report(problem));
    }

    /// Counts a document or an object; reports the first one that is too many.
    fn is_full(&mut self, place: Span) -> bool {
        self.documents += 1;
        if self.documents == MOST_DOCUMENTS + 1 {
            let message = format!("there are more than {MOST_DOCUMENTS} objects; the others are not read");
            self.report(Problem::at(ProblemKind::Limit, place, message).help("name fewer inputs"));
        }
        self.documents > MOST_DOCUMENTS
    }

    /// Keeps a problem, unless there are very many.
    pub(super) fn report(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Keeps something that is skipped, as a warning.
    pub(super) fn warn(&mut self, mut problem: Problem) {
        problem.diagnostic.severity = Severity::Warning;
        self.report(problem);
    }

    /// Returns Modules and ManagedClusterModules.
    pub fn modules(&self) -> impl Iterator<Item = &KubernetesObject> {
        self.objects.iter().filter(|object| object.module().is_some())
    }

    /// Returns the objects that are ConfigMaps.
    pub fn config_maps(&self) -> impl Iterator<Item = &KubernetesObject> {
        self.objects.iter().filter(|object| object.config_map().is_some())
    }

    /// Returns kustomizations, with the objects that carry them.
    pub fn kustomizations(&self) -> impl Iterator<Item = &KubernetesObject> {
        self.objects.iter().filter(|object| matches!(object.kind, ObjectKind::Kustomization(_)))
    }
}
