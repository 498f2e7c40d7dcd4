//! One object: its kind, its name and where it comes from.

use std::sync::Arc;

use kmodgen_yaml::{Node, Scalar};

use super::config_map::ConfigMap;
use super::fields::{at, get, map, text};
use super::kmm_module::KmmModule;
use super::kustomization::Kustomization;
use super::problem::{Problem, ProblemKind};
use crate::vocabulary::{RelPath, SourceId, Span, Spanned};

/// An object.
#[derive(Debug, Clone)]
pub struct KubernetesObject {
    pub kind: ObjectKind,
    pub name: Option<Spanned<String>>,
    /// Its namespace: that of its kustomization, if one sets it.
    pub namespace: Option<Spanned<String>>,
    /// Whole object, fields that kmodgen does not know included; of a generated ConfigMap, the generator.
    pub node: Arc<Node>,
    pub origin: Origin,
    /// Fields of kustomizations that change the object in ways that are not followed.
    pub changed_by: Vec<Spanned<String>>,
}

/// Kind of an object, with the fields that matter here.
#[derive(Debug, Clone)]
pub enum ObjectKind {
    /// KMM's Module.
    Module(KmmModule),
    /// The ManagedClusterModule of a hub.
    ManagedClusterModule(KmmModule),
    ConfigMap(ConfigMap),
    Kustomization(Kustomization),
    /// Any other kind, which it names.
    Other(String),
}

/// File that an object comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The text.
    pub source: SourceId,
    /// Number of the input.
    pub input: usize,
    /// Path in the folder of the input; `None` of a text without a folder.
    pub path: Option<RelPath>,
    /// Set if the file has the header of kmodgen's own files.
    pub is_generated: bool,
}

impl KubernetesObject {
    /// Reads an object; `None` if the node is none, which only a caller knows to be wrong or not.
    pub(super) fn read(
        node: &Arc<Node>,
        kind: Option<&str>,
        origin: &Origin,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        node.as_mapping()?;
        let version = scalar(node, "apiVersion").map_or("", |scalar| scalar.text.as_str());
        let kind = scalar(node, "kind").map(|scalar| scalar.text.as_str()).or(kind)?;
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let kind = match (group, kind) {
            ("kmm.sigs.x-k8s.io", "Module") => ObjectKind::Module(KmmModule::read(node, problems)),
            ("hub.kmm.sigs.x-k8s.io", "ManagedClusterModule") => {
                ObjectKind::ManagedClusterModule(KmmModule::read_managed(node, problems))
            }
            ("", "ConfigMap") => ObjectKind::ConfigMap(ConfigMap::read(node, problems)),
            ("kustomize.config.k8s.io" | "", "Kustomization") => {
                let folder = match &origin.path {
                    Some(path) => Ok(Some(path.parent()).filter(|folder| !folder.is_empty())),
                    None => Err(()),
                };
                ObjectKind::Kustomization(Kustomization::read(node, folder, problems))
            }
            _ => ObjectKind::Other(kind.to_owned()),
        };
        let (mut name, mut namespace) = (None, None);
        // A kustomization has no name, and those of other kinds are nobody's concern.
        if !matches!(kind, ObjectKind::Kustomization(_) | ObjectKind::Other(_)) {
            let metadata = map(node, "metadata", problems);
            name = metadata.and_then(|metadata| text(metadata, "name", problems)).filter(|name| !name.is_empty());
            namespace = metadata.and_then(|metadata| text(metadata, "namespace", problems));
            if name.is_none() {
                let message = "this object has no `metadata.name`";
                problems.push(Problem::at(ProblemKind::Shape, node.span.at_start(), message));
            }
        }
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        Some(Self { kind, name, namespace, node: node.clone(), origin: origin.clone(), changed_by: Vec::new() })
    }

    /// Returns the Module that it is or carries.
    pub fn module(&self) -> Option<&KmmModule> {
        match &self.kind {
            ObjectKind::Module(module) | ObjectKind::ManagedClusterModule(module) => Some(module),
            _ => None,
        }
    }

    /// Returns the ConfigMap that it is.
    pub fn config_map(&self) -> Option<&ConfigMap> {
        match &self.kind {
            ObjectKind::ConfigMap(config_map) => Some(config_map),
            _ => None,
        }
    }

    /// Returns whether kmodgen generated it: its file has kmodgen's header, or a cluster has it with kmodgen's labels.
    pub fn is_generated(&self) -> bool {
        let labels = at(&self.node, &["metadata", "labels"]);
        let label = labels.and_then(|labels| get(labels, "kmodgen/module"));
        self.origin.is_generated || label.is_some()
    }

    /// Returns the place of its name, or of its start.
    pub fn place(&self) -> Span {
        self.name.as_ref().map_or(self.node.span.at_start(), |name| name.span)
    }
}

fn scalar<'n>(node: &'n Node, key: &str) -> Option<&'n Scalar> {
    node.get(key)?.as_scalar().filter(|scalar| !scalar.is_null())
}
