//! KMM's Module, and the ManagedClusterModule that carries the spec of one.

use std::sync::Arc;

use kmodgen_yaml::{Node, Span};

use super::fields::{at, items, map, text};
use super::problem::{Problem, ProblemKind};
use crate::vocabulary::Spanned;

/// A Module, or the one that a ManagedClusterModule makes on its spokes.
#[derive(Debug, Clone)]
pub struct KmmModule {
    /// `spec` of the Module; `spec.moduleSpec` of a ManagedClusterModule. Empty if it is missing.
    pub spec: Arc<Node>,
    /// `moduleLoader.container`; `None` of a device plugin alone.
    pub container: Option<Arc<Node>>,
    /// The container's image, for mappings without their own.
    pub image: Option<Spanned<String>>,
    /// Mappings in their order, of which the first that matches a kernel decides.
    pub mappings: Vec<KernelMapping>,
    /// Spokes of a ManagedClusterModule.
    pub spokes: Option<Spokes>,
}

/// An item of `kernelMappings`.
#[derive(Debug, Clone)]
pub struct KernelMapping {
    /// The whole item.
    pub node: Arc<Node>,
    /// The kernel release that it is for.
    pub literal: Option<Spanned<String>>,
    /// The regular expression that kernel releases match, which Go reads and does not anchor.
    pub regexp: Option<Spanned<String>>,
    /// Its own image.
    pub image: Option<Spanned<String>>,
}

/// Managed clusters that a ManagedClusterModule is for.
#[derive(Debug, Clone)]
pub struct Spokes {
    /// Namespace of the Modules there.
    pub namespace: Option<Spanned<String>>,
    /// Labels of the clusters.
    pub selector: Option<Arc<Node>>,
}

impl KernelMapping {
    /// Returns the place of the mapping's condition, or of its start.
    pub fn place(&self) -> Span {
        let condition = self.literal.as_ref().or(self.regexp.as_ref());
        condition.map_or(self.node.span.at_start(), |condition| condition.span)
    }

    /// Returns a section that KMM merges with the container's, such as `build`.
    pub fn section(&self, key: &str) -> Option<&Arc<Node>> {
        super::fields::get(&self.node, key)
    }

    fn read(node: &Arc<Node>, problems: &mut Vec<Problem>) -> Self {
        let [literal, regexp, image] = ["literal", "regexp", "containerImage"].map(|key| {
            // KMM takes an empty string for an absent one.
            text(node, key, problems).filter(|text| !text.is_empty())
        });
        if literal.is_some() == regexp.is_some() {
            let message = match literal {
                Some(_) => "this mapping has both `literal` and `regexp`; KMM's webhook refuses it",
                None => "this mapping has neither `literal` nor `regexp`, so it matches no kernel",
            };
            problems.push(Problem::at(ProblemKind::Shape, node.span.at_start(), message).help("write one of them"));
        }
        for key in ["build", "sign", "registryTLS"] {
            map(node, key, problems);
        }
        Self { node: node.clone(), literal, regexp, image }
    }
}

impl KmmModule {
    /// Reads the `spec` of a Module that was read before and has no faults.
    pub fn of_known(spec: Arc<Node>, spokes: Option<Spokes>) -> Self {
        let object = spec.clone();
        Self::of_spec(&object, Some(spec), "spec", spokes, &mut Vec::new())
    }

    /// Reads a Module.
    pub(super) fn read(object: &Arc<Node>, problems: &mut Vec<Problem>) -> Self {
        let spec = map(object, "spec", problems).cloned();
        Self::of_spec(object, spec, "spec", None, problems)
    }

    /// Reads a ManagedClusterModule.
    pub(super) fn read_managed(object: &Arc<Node>, problems: &mut Vec<Problem>) -> Self {
        let whole = map(object, "spec", problems);
        let spec = whole.and_then(|whole| map(whole, "moduleSpec", problems)).cloned();
        let spokes = Spokes {
            namespace: whole.and_then(|whole| text(whole, "spokeNamespace", problems)),
            selector: whole.and_then(|whole| map(whole, "selector", problems)).cloned(),
        };
        Self::of_spec(object, spec, "spec.moduleSpec", Some(spokes), problems)
    }

    fn of_spec(
        object: &Arc<Node>,
        spec: Option<Arc<Node>>,
        path: &str,
        spokes: Option<Spokes>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let spec = spec.unwrap_or_else(|| {
            let message = format!("this object has no `{path}`");
            problems.push(Problem::at(ProblemKind::Shape, object.span.at_start(), message));
            Arc::new(Node { span: object.span.at_start(), value: kmodgen_yaml::Value::Mapping(vec![]) })
        });
        let loader = map(&spec, "moduleLoader", problems);
        let container = loader.and_then(|loader| map(loader, "container", problems)).cloned();
        let mappings = container.iter().flat_map(|container| items(container, "kernelMappings", problems).to_vec());
        let mappings: Vec<Arc<Node>> = mappings.collect();
        let mappings = mappings.iter().filter_map(|item| {
            if item.as_mapping().is_none() {
                problems.push(Problem::shape(item, "kernelMappings", "maps"));
                return None;
            }
            Some(KernelMapping::read(item, problems))
        });
        let mappings = mappings.collect();
        let image = container.as_ref().and_then(|container| text(container, "containerImage", problems));
        Self { image: image.filter(|image| !image.is_empty()), container, mappings, spokes, spec }
    }

    /// Returns the container's section, which KMM merges with those of mappings.
    pub fn section(&self, key: &str) -> Option<&Arc<Node>> {
        at(self.container.as_ref()?, &[key])
    }
}
