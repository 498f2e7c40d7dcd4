//! ConfigMaps, of which KMM reads the Dockerfiles of builds.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::fields::{entries, get};
use super::problem::Problem;
use crate::vocabulary::{Span, Spanned};

/// Key of the Dockerfile of a build.
pub const DOCKERFILE_KEY: &str = "dockerfile";

/// A ConfigMap, as it is written or as a kustomization makes it.
#[derive(Debug, Clone, Default)]
pub struct ConfigMap {
    /// Texts by their keys.
    pub data: Vec<DataEntry>,
    /// Set if the API server refuses changes of it.
    pub is_immutable: bool,
    /// Set if it has `binaryData`.
    pub has_binary: bool,
    /// Set if kustomize adds a hash to its name, which only kustomize knows.
    pub is_hashed: bool,
}

/// A text of a ConfigMap.
#[derive(Debug, Clone)]
pub struct DataEntry {
    pub key: Spanned<String>,
    /// The text, with the place where it is written: of a generator's file, the whole file.
    pub text: Spanned<String>,
    /// Set if the place has the text byte for byte, as a file has: then offsets in the text are offsets in the place.
    pub is_file: bool,
}

impl ConfigMap {
    /// Reads a ConfigMap.
    pub(super) fn read(object: &Arc<Node>, problems: &mut Vec<Problem>) -> Self {
        let mut data = Vec::new();
        for entry in entries(object, "data", problems) {
            match entry.value.as_scalar() {
                Some(scalar) => data.push(DataEntry {
                    key: entry.key.clone(),
                    text: Spanned::new(scalar.text.clone(), entry.value.span),
                    is_file: false,
                }),
                None => problems.push(Problem::shape(&entry.value, &entry.key.value, "a string")),
            }
        }
        let immutable = get(object, "immutable").and_then(|node| node.as_scalar());
        Self {
            data,
            is_immutable: immutable.is_some_and(|scalar| scalar.plain && scalar.text == "true"),
            has_binary: get(object, "binaryData").is_some(),
            is_hashed: false,
        }
    }

    /// Returns the text under a key.
    pub fn get(&self, key: &str) -> Option<&DataEntry> {
        self.data.iter().find(|entry| entry.key.value == key)
    }

    /// Adds a text of a generator.
    pub(super) fn push(&mut self, key: String, text: String, span: Span, is_file: bool) {
        self.data.push(DataEntry { key: Spanned::new(key, span), text: Spanned::new(text, span), is_file });
    }
}
