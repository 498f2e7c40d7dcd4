//! Reading of inputs. JSON is read item by item, straight into the fields that are kept; YAML is turned into JSON first.

mod fault;
mod json;
mod objects;
mod pods;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use fault::{InputFault, InputProblem};
use json::{Document, KindFields};

use super::cluster::{ClusterObjects, ObjectType};
use crate::documents;
use crate::objects::json as json_of;
use crate::vocabulary::SourceMap;

/// Group of KMM's kinds.
const KMM: &str = "kmm.sigs.x-k8s.io";

/// Text of an input, for the places of faults.
#[derive(Clone, Copy)]
struct InputText<'t> {
    name: &'t str,
    text: &'t str,
}

impl ClusterObjects {
    /// Adds the objects of a text. An object that is there already is replaced.
    ///
    /// # Errors
    /// The first fault.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), InputFault> {
        let start = text.len() - text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).len();
        let written = &text[start..];
        match written.chars().next() {
            None => Err(InputFault::new(name, InputProblem::Empty)),
            Some('<') => Err(InputFault::new(name, InputProblem::Markup)),
            Some('{' | '[') => self.add_json(InputText { name, text }, start),
            Some(_) => self.add_yaml(name, text),
        }
    }

    /// Checks that an input has something that the status is read from.
    ///
    /// # Errors
    /// There is nothing.
    pub fn check(&self) -> Result<(), InputFault> {
        match self.seen.is_empty() {
            true => Err(InputFault::new("inputs", InputProblem::NothingKnown)),
            false => Ok(()),
        }
    }

    fn add_json(&mut self, input: InputText<'_>, start: usize) -> Result<(), InputFault> {
        let InputText { name, text } = input;
        let result = if text[start..].starts_with('[') {
            serde_json::from_str::<Vec<Document<'_>>>(&text[start..])
        } else {
            serde_json::Deserializer::from_str(&text[start..]).into_iter().collect()
        };
        let documents = result.map_err(|error| InputFault::of_json(name, text, start, None, &error))?;
        documents.into_iter().try_for_each(|document| self.add(input, document, None))
    }

    fn add_yaml(&mut self, name: &str, text: &str) -> Result<(), InputFault> {
        let mut sources = SourceMap::default();
        let source = sources.add(name, text);
        for document in documents::read_each(source, text) {
            let node = document.map_err(|faults| match faults.first() {
                Some(fault) => InputFault::of_diagnostic(name, &sources, fault, None),
                None => InputFault::new(name, InputProblem::NoObject),
            })?;
            if node.as_mapping().is_none() {
                return Err(InputFault::new(name, InputProblem::NoObject));
            }
            let text = json_of(&node).to_string();
            let input = InputText { name, text: &text };
            let document = serde_json::from_str(&text)
                .map_err(|error| InputFault { place: None, ..InputFault::of_json(name, &text, 0, None, &error) })?;
            self.add(input, document, None).map_err(|fault| InputFault { place: None, ..fault })?;
        }
        Ok(())
    }

    /// Adds an object, or the items of a list.
    fn add(&mut self, input: InputText<'_>, document: Document<'_>, item_kind: Option<&str>) -> Result<(), InputFault> {
        let kind = document.kind.as_deref().or(item_kind).unwrap_or_default();
        let group = document.api_version.as_deref().and_then(|version| version.split_once('/'));
        let group = group.map_or("", |(group, _)| group);
        if let Some(items) = document.items {
            let of = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
            self.seen.extend(of.and_then(|kind| known_kind(group, kind)));
            let of = of.map(str::to_owned);
            return items.into_iter().try_for_each(|item| self.add(input, item, of.as_deref()));
        }
        if kind == "Status" {
            let message = document.message.as_deref().unwrap_or_default().to_owned();
            return Err(InputFault::new(input.name, InputProblem::ClusterError(message)));
        }
        let known = match kind {
            "" => kind_by_content(&document),
            kind => known_kind(group, kind),
        };
        match known {
            Some(kind) => {
                self.seen.insert(kind);
                self.add_object(input, kind, &document)
            }
            None if kind.is_empty() => Err(InputFault::new(input.name, InputProblem::NoObject)),
            None => {
                self.others += 1;
                Ok(())
            }
        }
    }
}

/// Returns the kind by its name. Items of lists have no group, so any is taken for them.
fn known_kind(group: &str, kind: &str) -> Option<ObjectType> {
    let (kind, expected) = match kind {
        "Module" => (ObjectType::Module, KMM),
        "NodeModulesConfig" => (ObjectType::NodeModulesConfig, KMM),
        "ModuleImagesConfig" => (ObjectType::ModuleImagesConfig, KMM),
        "ModuleBuildSignConfig" => (ObjectType::ModuleBuildSignConfig, KMM),
        "ManagedClusterModule" => (ObjectType::ManagedClusterModule, "hub.kmm.sigs.x-k8s.io"),
        "ImageStream" => (ObjectType::ImageStream, "image.openshift.io"),
        "Node" => (ObjectType::Node, ""),
        "ConfigMap" => (ObjectType::ConfigMap, ""),
        "Pod" => (ObjectType::Pod, ""),
        _ => return None,
    };
    (group.is_empty() || group == expected).then_some(kind)
}

/// Returns the kind of an object that does not name it, by the fields that only this kind has.
fn kind_by_content(document: &Document<'_>) -> Option<ObjectType> {
    let [spec, status] = [document.spec, document.status].map(fields);
    Some(match (&spec, &status) {
        (_, status) if status.node_info.is_some() => ObjectType::Node,
        (_, status) if status.images_states.is_some() => ObjectType::ModuleImagesConfig,
        (spec, _) if spec.module_spec.is_some() => ObjectType::ManagedClusterModule,
        (spec, _) if spec.module_loader.is_some() => ObjectType::Module,
        (spec, _) if spec.modules.is_some() => ObjectType::NodeModulesConfig,
        (spec, status) if spec.images.is_some() && status.images.is_some() => ObjectType::ModuleBuildSignConfig,
        (spec, _) if spec.containers.is_some() => ObjectType::Pod,
        _ if document.data.is_some() && document.spec.is_none() => ObjectType::ConfigMap,
        _ => return None,
    })
}

fn fields(part: Option<&RawValue>) -> KindFields {
    part.and_then(|part| serde_json::from_str(part.get()).ok()).unwrap_or_default()
}

/// Reads a part of an object; an absent one is empty.
fn part<'t, T: Deserialize<'t> + Default>(
    input: InputText<'_>,
    object: &str,
    part: Option<&'t RawValue>,
) -> Result<T, InputFault> {
    let Some(part) = part else { return Ok(T::default()) };
    serde_json::from_str(part.get()).map_err(|error| {
        // The part is a slice of the text, so the difference of the addresses is its offset.
        let start = (part.get().as_ptr() as usize).saturating_sub(input.text.as_ptr() as usize);
        let start = if start <= input.text.len() { start } else { 0 };
        InputFault::of_json(input.name, input.text, start, Some(object), &error)
    })
}
