//! The decision of KMM about a Module on a kernel (`internal/module/kernelmapper.go` and `internal/buildsign/helper.go`
//! of KMM).

use serde_json::{Map, Value as Json, json};

use super::fields::json as json_of;
use super::kmm_module::{KernelMapping, KmmModule};
use crate::manifest::variables;
use crate::vocabulary::{Diagnostic, GoRegexp, Invalid, Span, Spanned, normalised};

/// Finds what KMM does with a Module on kernels.
pub struct KernelMapper<'m> {
    module: &'m KmmModule,
    name: &'m str,
    namespace: &'m str,
    patterns: Vec<Option<Result<GoRegexp, Invalid>>>,
}

/// Work of KMM for a Module on a kernel. Equal values have equal effects, however the Module is written.
#[derive(Debug, Clone)]
pub struct Loading {
    /// Number of the mapping that decides.
    pub mapping: usize,
    /// The image, with its variables written out.
    pub image: String,
    /// The image as the Module has it.
    pub template: Spanned<String>,
    /// `build`, merged with the container's; fields that have Go's zero value are left out.
    pub build: Option<Json>,
    /// `sign`, merged with the container's, its variables written out.
    pub sign: Option<Json>,
    /// In-tree modules that are unloaded first.
    pub in_tree: Vec<String>,
    /// TLS settings of the image's registry.
    pub registry_tls: Json,
}

impl Loading {
    /// Returns whether KMM does the same for both, whichever mapping decides.
    pub fn is_same(&self, other: &Self) -> bool {
        let parts = |loading: &Self| {
            (loading.image.clone(), loading.build.clone(), loading.sign.clone(), loading.in_tree.clone())
        };
        parts(self) == parts(other) && self.registry_tls == other.registry_tls
    }
}

/// Reason why KMM fails on a kernel, or why its decision is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolvable {
    /// Go refuses a regular expression, or reads it differently than kmodgen.
    #[error("{}", invalid.message)]
    Regexp { span: Span, invalid: Invalid },
    /// A text has a `$` that starts no variable which KMM expands.
    #[error("{}", invalid.message)]
    Template { span: Span, invalid: Invalid },
    /// Neither the mapping nor the container has an image.
    #[error("this mapping has no `containerImage`, and the container has none either")]
    NoImage { span: Span },
    /// The kernel's release has too few parts for KMM.
    #[error("the kernel release `{release}` has fewer than three components, so KMM fails on it")]
    Components { release: String, span: Span },
}

impl Unresolvable {
    /// Returns the message with its place.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Regexp { span, invalid } | Self::Template { span, invalid } => {
                Diagnostic::invalid("unresolvable-kernel", *span, invalid.clone())
            }
            Self::NoImage { span } | Self::Components { span, .. } => {
                Diagnostic::error("unresolvable-kernel", self.to_string()).at(*span, "")
            }
        }
    }
}

impl<'m> KernelMapper<'m> {
    /// Prepares a Module of this name and namespace.
    pub fn new(module: &'m KmmModule, name: &'m str, namespace: &'m str) -> Self {
        let patterns = module.mappings.iter().map(|mapping| Some(GoRegexp::parse(mapping.regexp.as_ref()?)));
        Self { module, name, namespace, patterns: patterns.collect() }
    }

    /// Finds the mapping that decides on a kernel, by the release that `uname -r` prints; `None` if no mapping matches
    /// and KMM unloads the Module.
    ///
    /// # Errors
    /// A regular expression that is reached and that Go does not read as kmodgen does.
    pub fn find(&self, release: &str) -> Result<Option<usize>, Unresolvable> {
        let release = trimmed(release);
        for (at, (mapping, pattern)) in self.module.mappings.iter().zip(&self.patterns).enumerate() {
            if mapping.literal.as_ref().is_some_and(|literal| literal.value == release) {
                return Ok(Some(at));
            }
            match (pattern, &mapping.regexp) {
                (Some(Ok(pattern)), _) if pattern.is_match(release) => return Ok(Some(at)),
                (Some(Err(invalid)), Some(regexp)) => {
                    return Err(Unresolvable::Regexp { span: regexp.span, invalid: invalid.clone() });
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Finds what KMM does on a kernel; `None` if it unloads the Module.
    ///
    /// # Errors
    /// KMM fails, or expands a text in ways that are not known here.
    pub fn on(&self, release: &str) -> Result<Option<Loading>, Unresolvable> {
        let Some(at) = self.find(release)? else { return Ok(None) };
        self.with(at, release).map(Some)
    }

    /// Returns what KMM does on a kernel if this mapping decides.
    ///
    /// # Errors
    /// See [`on`](Self::on).
    pub fn with(&self, at: usize, release: &str) -> Result<Loading, Unresolvable> {
        let mapping = &self.module.mappings[at];
        let release = normalised(trimmed(release));
        if release.split(['.', ',', '-']).nth(2).is_none() {
            return Err(Unresolvable::Components { release, span: mapping.place() });
        }
        let image = mapping.image.as_ref().or(self.module.image.as_ref());
        let image = image.ok_or_else(|| Unresolvable::NoImage { span: mapping.place() })?;
        let names = [("MOD_NAME", self.name), ("MOD_NAMESPACE", self.namespace)];
        Ok(Loading {
            mapping: at,
            image: expanded(image, &release, &names)?,
            template: image.clone(),
            build: self.section("build", at).map(without_zeros),
            sign: self.sign(at, &release)?,
            in_tree: self.in_tree(at),
            registry_tls: self.registry_tls(mapping),
        })
    }

    /// Returns the section `build` or `sign` of a mapping, merged with the container's, of which a mapping can change some
    /// fields only; variables are not written out.
    pub fn section(&self, key: &str, at: usize) -> Option<Json> {
        let sections = [self.module.section(key), self.module.mappings[at].section(key)];
        let sections = sections.map(|section| match json_of(section?) {
            Json::Object(section) => Some(section),
            _ => None,
        });
        match key {
            "build" => merged(sections, |container, mapping| {
                replace(container, mapping, "dockerfileConfigMap");
                let arguments = overridden(list(container, "buildArgs"), list(mapping, "buildArgs"));
                container.insert("buildArgs".into(), Json::Array(arguments));
                append(container, mapping, "secrets");
            }),
            _ => merged(sections, |container, mapping| {
                ["unsignedImage", "keySecret", "certSecret"].iter().for_each(|key| replace(container, mapping, key));
                append(container, mapping, "filesToSign");
            }),
        }
    }

    fn sign(&self, at: usize, release: &str) -> Result<Option<Json>, Unresolvable> {
        let mapping = &self.module.mappings[at];
        let Some(Json::Object(mut section)) = self.section("sign", at) else { return Ok(None) };
        let written = mapping.section("sign").or_else(|| self.module.section("sign"));
        let span = written.map_or(mapping.place(), |section| section.span.at_start());
        for (key, value) in &mut section {
            match value {
                Json::String(text) if key == "unsignedImage" => *text = expand_at(text, span, release)?,
                Json::Array(files) if key == "filesToSign" => {
                    for file in files {
                        if let Json::String(text) = file {
                            *text = expand_at(text, span, release)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Some(without_zeros(Json::Object(section))))
    }

    /// Returns the in-tree modules that are unloaded first if a mapping decides.
    pub fn in_tree(&self, at: usize) -> Vec<String> {
        let mapping = &self.module.mappings[at];
        let [one, several] = ["inTreeModuleToRemove", "inTreeModulesToRemove"].map(|key| {
            let own = mapping.section(key).filter(|value| value.as_scalar().is_none_or(|text| !text.text.is_empty()));
            own.or_else(|| self.module.section(key))
        });
        if let Some(name) = one.and_then(|one| one.as_scalar()).filter(|name| !name.text.is_empty()) {
            return vec![name.text.clone()];
        }
        let names = several.and_then(|list| list.as_sequence()).unwrap_or_default().iter();
        names.filter_map(|name| Some(name.as_scalar()?.text.clone())).collect()
    }

    fn registry_tls(&self, mapping: &KernelMapping) -> Json {
        let settings = mapping.section("registryTLS").or_else(|| self.module.section("registryTLS"));
        settings.map_or_else(|| json!({}), |settings| without_zeros(json_of(settings)))
    }
}

/// Trims the `+` at the end of a release, as KMM does.
fn trimmed(release: &str) -> &str {
    release.strip_suffix('+').unwrap_or(release)
}

fn expanded(text: &Spanned<String>, release: &str, names: &[(&str, &str)]) -> Result<String, Unresolvable> {
    let known = variables::replace(text, |name| match names.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => (*value).to_owned(),
        None if variables::KERNEL.contains(&name) => variables::value(name, release),
        None => String::new(),
    });
    known.map_err(|invalid| Unresolvable::Template { span: text.span, invalid })
}

fn expand_at(text: &str, span: Span, release: &str) -> Result<String, Unresolvable> {
    expanded(&Spanned::new(text.to_owned(), span), release, &[])
}

/// Merges the section of the container with that of a mapping, if there are both.
fn merged(
    [container, mapping]: [Option<Map<String, Json>>; 2],
    merge: impl Fn(&mut Map<String, Json>, &Map<String, Json>),
) -> Option<Json> {
    match (container, mapping) {
        (Some(mut container), Some(mapping)) => {
            merge(&mut container, &mapping);
            Some(Json::Object(container))
        }
        (one, other) => one.or(other).map(Json::Object),
    }
}

fn list(section: &Map<String, Json>, key: &str) -> Vec<Json> {
    section.get(key).and_then(Json::as_array).cloned().unwrap_or_default()
}

/// Takes the mapping's value of a field, unless it is empty.
fn replace(container: &mut Map<String, Json>, mapping: &Map<String, Json>, key: &str) {
    if let Some(value) = mapping.get(key).filter(|value| value.as_str() != Some("")) {
        container.insert(key.into(), value.clone());
    }
}

/// Appends the mapping's list to the container's.
fn append(container: &mut Map<String, Json>, mapping: &Map<String, Json>, key: &str) {
    let all = [list(container, key), list(mapping, key)].concat();
    container.insert(key.into(), Json::Array(all));
}

/// Returns build arguments with those of a mapping in place of their namesakes; the others follow by their names.
fn overridden(mut arguments: Vec<Json>, overrides: Vec<Json>) -> Vec<Json> {
    let mut unused: std::collections::BTreeMap<String, Json> = overrides
        .into_iter()
        .map(|argument| (argument.get("name").and_then(Json::as_str).unwrap_or_default().to_owned(), argument))
        .collect();
    let all = unused.clone();
    for argument in &mut arguments {
        let name = argument.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        if let Some(over) = all.get(&name) {
            *argument = over.clone();
            unused.remove(&name);
        }
    }
    arguments.extend(unused.into_values());
    arguments
}

/// Removes fields that have Go's zero value, which are the same as absent ones. Labels of nodes are kept.
fn without_zeros(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| {
                let value = if key == "selector" { value } else { without_zeros(value) };
                (key, value)
            });
            let is_zero = |value: &Json| match value {
                Json::Null | Json::Bool(false) => true,
                Json::String(text) => text.is_empty(),
                Json::Array(items) => items.is_empty(),
                Json::Object(fields) => fields.is_empty(),
                Json::Bool(true) | Json::Number(_) => false,
            };
            Json::Object(fields.filter(|(_, value)| !is_zero(value)).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_zeros).collect()),
        other => other,
    }
}
