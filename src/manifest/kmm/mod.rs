//! `moduleSpec` of a module: `spec` of its KMM Module, and the rules of KMM's webhook.

mod build;
mod build_args;
mod check;
mod config_maps;
mod fields;
mod firmware;
mod hub;
mod in_tree;
mod mapping;
mod objects;
mod place;
mod pods;
mod records;
mod refused;
mod resources;
mod rules;
#[cfg(test)]
mod rules_tests;
mod scalars;
mod sign;
#[cfg(test)]
mod structure_tests;
#[cfg(test)]
mod tests;
mod values;

pub use build_args::BuildArgument;
pub(crate) use check::check_fields;
use check::{convert, convert_fields};
pub use config_maps::KeptConfigMap;
pub(in crate::manifest) use fields::MODULE_SPEC;
use fields::{CONTAINER, MODULE_LOADER};
pub use hub::{Fallback, Hub};
use kmodgen_yaml::{Entry, Node, Pair, Yaml};
pub(in crate::manifest) use mapping::MAPPING;
pub use mapping::MappingFields;
pub use objects::{AdditionalModule, Objects};
pub(in crate::manifest) use objects::{FIELDS, LAID_OVER};
pub(in crate::manifest) use refused::refuse_kmm;
use refused::{may_have, refuse_deprecated, refuse_loading, refuse_misplaced};
use rules::{check_modprobe, check_signed_files, check_spec};
pub use sign::Sign;

use super::built_by::BuiltBy;
use super::conditional::Conditional;
use super::decode::Fields;
use super::kind::ModuleKind;
use super::platform::Platform;
use crate::vocabulary::{Diagnostic, Diagnostics, ModuleName, Namespace, Span, Spanned};

/// `spec` of a Module besides its kernels, ready to be written out.
#[derive(Debug, Clone, Default)]
pub struct ModuleSpec {
    /// Fields of `spec`.
    pub spec: Vec<Pair<'static>>,
    /// Fields of `spec.moduleLoader`.
    pub loader: Vec<Pair<'static>>,
    /// Fields of `spec.moduleLoader.container`.
    pub container: Vec<Pair<'static>>,
    /// The kernel's own modules that are unloaded first on some kernels only; the others are in the
    /// container.
    pub in_tree: Vec<Conditional<String>>,
    /// Fields of every mapping's `build`, but for its arguments. KMM drops parts of a mapping's section where the
    /// container has one too, so each mapping carries the whole.
    pub build: Vec<Pair<'static>>,
    /// Place of a `firmwarePath` that is written out.
    pub firmware_place: Option<Span>,
    /// Build arguments, in order.
    pub build_args: Vec<Conditional<BuildArgument>>,
    /// Every mapping's `sign`.
    pub sign: Option<Sign>,
    /// Set if KMM looks for the module's images again whenever one of them changes.
    pub auto_trigger: bool,
}

/// Whose TLS settings are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsSection {
    /// The registry of the module loader images.
    Registry,
    /// The registries of the base images.
    BaseImages,
}

/// Parts of the rest of the module, for the rules to compare with.
pub(super) struct Context<'m> {
    /// Origin of the module's images.
    pub(super) kind: ModuleKind,
    /// Builder of its images.
    pub(super) built_by: BuiltBy,
    /// A source of it that is a folder beside the manifest, so that KMM cannot build its images.
    pub(super) folder: Option<&'m str>,
    /// Set if a recipe of the module has no such folder, so that KMM can build images for other kernels.
    pub(super) kmm_builds: bool,
    /// The kmods of the module, over all overrides.
    pub(super) kmods: &'m [String],
    /// Set if `kmods` is complete: no entry is missing because of an error in the manifest.
    pub(super) knows_kmods: bool,
    /// Set if the fields that a cluster lays over modules are known.
    pub(super) knows_clusters: bool,
    /// The module's name, where it is right.
    pub(super) name: Option<&'m Spanned<ModuleName>>,
    /// The place of the module's name, for faults without a place of their own.
    pub(super) module: Span,
    /// The secrets that its builds mount.
    pub(super) secrets: Vec<&'m str>,
    /// The namespace of all objects.
    pub(super) namespace: Option<&'m Namespace>,
    /// Set if the module's image has firmware on any kernel.
    pub(super) firmware: bool,
    /// Platform of the clusters.
    pub(super) platform: &'m Platform,
}

impl Context<'_> {
    /// Returns why KMM does not build some images of the module, as the end of a sentence; `None` if it builds all.
    pub(super) fn why_not_built(&self) -> Option<String> {
        match self.built_by {
            BuiltBy::Ci => Some("`builtBy` is `ci`".to_owned()),
            BuiltBy::Cluster => self.folder.map(|folder| format!("source `{folder}` is a folder beside the manifest")),
        }
    }
}

impl ModuleSpec {
    /// Takes `moduleSpec` of the record at `node`. What cannot be derived has to be written, at `place`, if there is
    /// one: without it there are no objects.
    fn take(
        fields: &mut Fields<'_>,
        node: &Node,
        place: Option<Span>,
        context: &Context<'_>,
        faults: &mut Diagnostics,
    ) -> Self {
        let written = fields.take("moduleSpec", faults).map(|node| &**node);
        let mut spec = written.map(|node| Self::decode(node, context, faults)).unwrap_or_default();
        context.secrets.iter().for_each(|secret| spec.mount_secret(secret));
        // One without a value, or of an earlier form, has an error of its own.
        let is_known = written.is_some() || !["moduleSpec", "kmm"].iter().any(|key| node.get(key).is_some());
        let Some(place) = place.filter(|_| is_known && context.knows_clusters) else { return spec };
        let missing = spec.complete(written, place, context);
        match written {
            Some(_) => faults.extend(missing),
            None => missing.into_iter().for_each(|fault| fields.lacks("moduleSpec", fault)),
        }
        spec
    }

    fn decode(node: &Node, context: &Context<'_>, faults: &mut Diagnostics) -> Self {
        let mut spec = Self::default();
        let Some(mut fields) = Fields::open(&MODULE_SPEC, node, faults) else { return spec };
        let (before, after) = fields::SPEC.split_at(2);
        spec.spec = convert_fields(&mut fields, "module", before, faults);
        match fields.take(fields::TRIGGER, faults) {
            Some(node) if node.as_scalar().is_some_and(|scalar| scalar.text == "auto") => spec.auto_trigger = true,
            Some(node) => spec
                .spec
                .extend(convert("module", fields::TRIGGER, node, faults).map(|value| (fields::TRIGGER.into(), value))),
            None => {}
        }
        spec.spec.extend(convert_fields(&mut fields, "module", &after[1..], faults));
        let loader = fields.take("moduleLoader", faults);
        refuse_misplaced(&MODULE_SPEC, &mut fields, faults);
        refuse_deprecated(&mut fields, faults);
        fields.finish(faults);
        if context.kind == ModuleKind::Plugin {
            refuse_loading(node, faults);
        }
        check_spec(node, context, faults);
        if let Some(loader) = loader {
            spec.decode_loader(loader, context, faults);
        }
        spec
    }

    fn decode_loader(&mut self, node: &Node, context: &Context<'_>, faults: &mut Diagnostics) {
        let Some(mut fields) = Fields::open(&MODULE_LOADER, node, faults) else { return };
        self.loader = convert_fields(&mut fields, "moduleLoader", &["serviceAccountName"], faults);
        if let Some(container) = fields.take("container", faults) {
            self.decode_container(container, context, faults);
        }
        refuse_misplaced(&MODULE_LOADER, &mut fields, faults);
        refuse_deprecated(&mut fields, faults);
        fields.finish(faults);
    }

    fn decode_container(&mut self, node: &Node, context: &Context<'_>, faults: &mut Diagnostics) {
        let Some(mut fields) = Fields::open(&CONTAINER, node, faults) else { return };
        self.container = convert_fields(&mut fields, "moduleLoader.container", fields::PASSED, faults);
        if let Some(node) = fields.take(fields::IN_TREE, faults) {
            let on_all = in_tree::decode(node, &mut self.in_tree, faults);
            self.container.extend(on_all.map(|on_all| (fields::IN_TREE.into(), on_all)));
            self.container.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        if let Some(node) = fields.take("build", faults) {
            self.decode_build(node, context, faults);
        }
        if let Some(node) = fields.take("sign", faults) {
            self.sign = Sign::decode(node, context, faults);
        }
        refuse_misplaced(&CONTAINER, &mut fields, faults);
        refuse_deprecated(&mut fields, faults);
        fields.finish(faults);
        // One that is not even well formed is told of already.
        let modprobe = node.get("modprobe").filter(|_| self.container.iter().any(|(key, _)| key == "modprobe"));
        if let Some(modprobe) = modprobe {
            check_modprobe(modprobe, context, faults);
            self.firmware_place = modprobe.get("firmwarePath").map(|path| path.span);
        }
        if let Some(sign) = &self.sign {
            // Of an image that is built here, another `dirName` is an error of its own.
            let modprobe = modprobe.filter(|_| context.kind == ModuleKind::Prebuilt);
            check_signed_files(sign, modprobe.map(|node| &**node), faults);
        }
    }

    /// Returns a field of `spec`.
    pub fn field(&self, key: &str) -> Option<&Yaml<'static>> {
        self.spec.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Returns the labels of the selector.
    pub fn selector(&self) -> impl Iterator<Item = (&str, &str)> {
        labels(self.field("selector"))
    }

    /// Returns the TLS settings `insecure` and `insecureSkipTLSVerify`.
    pub fn tls_flags(&self, section: TlsSection) -> [bool; 2] {
        let (fields, key) = match section {
            TlsSection::Registry => (&self.container, "registryTLS"),
            TlsSection::BaseImages => (&self.build, "baseImageRegistryTLS"),
        };
        let settings = fields.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let Some(Yaml::Map(settings)) = settings else { return [false; 2] };
        ["insecure", "insecureSkipTLSVerify"]
            .map(|flag| settings.iter().any(|(name, value)| name == flag && *value == Yaml::verbatim("true")))
    }

    /// Adds what can be derived; returns the errors of what cannot, and is written nowhere, at `place`.
    fn complete(&mut self, written: Option<&Node>, place: Span, context: &Context<'_>) -> Vec<Diagnostic> {
        let place = written.map_or(place, |node| node.span.at_start());
        let has = |key| written.is_some_and(|node| may_have(node, key));
        let mut missing = Vec::new();
        if !has("modprobe") && context.kind != ModuleKind::Plugin {
            match context.kmods {
                [only] => self
                    .container
                    .push(("modprobe".into(), Yaml::Map(vec![("moduleName".into(), Yaml::text(only.clone()))]))),
                [] if !context.knows_kmods || context.kind == ModuleKind::Built => {}
                kmods => missing.push(
                    Diagnostic::error(
                        "kmm-modprobe",
                        match kmods {
                            [] => "missing the kmod to load",
                            _ => "the module has several kmods, but `moduleName` does not select one",
                        },
                    )
                    .at(place, "")
                    .help("write `moduleSpec: {moduleLoader: {container: {modprobe: {moduleName: …}}}}`"),
                ),
            }
        }
        if context.firmware {
            self.lead_to_firmware();
        }
        if !has("selector") {
            missing.push(
                Diagnostic::error("kmm-selector", "missing the nodes to load the module on")
                    .at(place, "")
                    .help("write `moduleSpec: {selector: {node-role.kubernetes.io/worker: \"\"}}`"),
            );
        }
        missing
    }
}

/// Returns the labels in a map.
pub(in crate::manifest) fn labels<'y>(map: Option<&'y Yaml<'static>>) -> impl Iterator<Item = (&'y str, &'y str)> {
    let pairs = match map {
        Some(Yaml::Map(pairs)) => pairs.as_slice(),
        _ => &[],
    };
    pairs.iter().filter_map(|(key, value)| match value {
        Yaml::Text(text) | Yaml::Block(text) => Some((&**key, &**text)),
        _ => None,
    })
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    node.as_mapping()?.iter().find(|entry| entry.key.value == key)
}

fn texts<'n>(node: &'n Node, key: &str) -> Vec<(&'n str, Span)> {
    let list = node.get(key).and_then(|node| node.as_sequence()).unwrap_or_default();
    list.iter().filter_map(|item| item.as_scalar().map(|scalar| (scalar.text.as_str(), item.span))).collect()
}

/// The texts under a key of a list's items.
fn texts_in<'n>(node: &'n Node, list: &str, key: &str) -> Vec<(&'n str, Span)> {
    let items = node.get(list).and_then(|node| node.as_sequence()).unwrap_or_default().iter();
    let texts = items.filter_map(|item| item.get(key));
    texts.filter_map(|text| Some((text.as_scalar()?.text.as_str(), text.span))).collect()
}
