//! The `kmm` section of a module: the rest of its Module, and the rules of KMM's webhook.

mod build;
mod build_args;
mod check;
mod fields;
mod firmware;
mod hub;
mod in_tree;
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

use std::sync::Arc;

pub use build_args::BuildArgument;
use check::{convert, convert_fields};
pub(in crate::manifest) use fields::KMM;
pub use hub::{Fallback, Hub};
use kmodgen_yaml::{Entry, Node, Pair, Yaml};
use refused::{module_loader, refuse_deprecated, refuse_loading};
use rules::{check_modprobe, check_name_length, check_signed_files, check_spec};
pub use sign::Sign;

use super::conditional::Conditional;
use super::decode::{self, Fields};
use super::kind::ModuleKind;
use super::platform::Platform;
use crate::vocabulary::{Diagnostic, Diagnostics, ModuleName, Namespace, Span, Spanned};

/// Settings of the Module besides its kernels, ready to be written out.
#[derive(Debug, Clone, Default)]
pub struct Kmm {
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
    /// The spokes, where it is for a hub.
    pub hub: Option<Spanned<Hub>>,
    /// Image for the kernels that nobody has listed.
    pub fallback: Option<Fallback>,
    /// Set if the module has images only, and no objects.
    pub nothing: bool,
    /// Further Modules on the same images, by name.
    pub others: Vec<(Spanned<ModuleName>, Self)>,
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
    /// A source of it that is a folder beside the manifest, so that KMM cannot build its images.
    pub(super) folder: Option<&'m str>,
    /// Set if a recipe of the module has no such folder, so that KMM can build images for other kernels.
    pub(super) kmm_builds: bool,
    /// The kmods of the module, over all overrides.
    pub(super) kmods: &'m [String],
    /// Set if `kmods` is complete: no entry is missing because of an error in the manifest.
    pub(super) knows_kmods: bool,
    /// Set if the fields that a cluster lays over `kmm` are known.
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
    /// Checks if the section at `node` may have a field: a field that may be written where an error is already
    /// reported is not reported as absent.
    fn may_have(&self, key: &str, node: Option<&Node>) -> bool {
        !self.knows_clusters || node.is_some_and(|node| decode::may_have(node, &KMM, key))
    }
}

impl Kmm {
    /// The section of a module: one Module, or a list of them, the first of which builds the images.
    pub(super) fn decode_all(node: Option<&Arc<Node>>, context: &Context<'_>, faults: &mut Diagnostics) -> Self {
        if let Some(node) = node.filter(|node| node.as_scalar().is_some()) {
            if node.is_null() {
                return Self::default();
            }
            if !node.as_scalar().is_some_and(|scalar| scalar.plain && scalar.text == "false") {
                faults.push(
                    Diagnostic::error("wrong-kind", "`kmm` is a map, or `false` if only images are wanted")
                        .at(node.span, "")
                        .help("write `kmm: {selector: …}`, or `kmm: false`"),
                );
            }
            return Self { nothing: true, ..Self::default() };
        }
        if let Some(node) = node.filter(|node| node.as_sequence().is_some_and(<[_]>::is_empty)) {
            faults.push(
                Diagnostic::error("empty-list", "`kmm` is empty")
                    .at(node.span, "")
                    .help("write `kmm: {selector: …}`, or `kmm: false` if only images are wanted"),
            );
            return Self::default();
        }
        let mut nodes = match node.and_then(|node| node.as_sequence()) {
            Some(items) => items.iter().map(Some).collect(),
            None => vec![node],
        }
        .into_iter();
        let in_list = node.is_some_and(|node| node.as_sequence().is_some());
        let first = nodes.next().flatten();
        if let Some(entry) = first.and_then(|node| entry(node, "name")) {
            faults.push(
                Diagnostic::error("kmm-name", "this Module has the name of the module").at(entry.key.span, "").help(
                    if in_list {
                        "take it out of the first item, whose Module is called as the module is; only those after it have a `name`"
                    } else {
                        "take it out"
                    },
                ),
            );
        }
        let mut kmm = Self::decode_one(first, context, faults);
        // On a hub, the Modules are in the spokes' namespace.
        let on_hub = first.and_then(|node| entry(node, "hub"));
        let namespace = match (&kmm.hub, on_hub) {
            (Some(hub), _) => Some(hub.namespace.clone()),
            (None, Some(_)) => None,
            (None, None) => context.namespace.cloned(),
        };
        if let (Some(name), Some(namespace)) = (context.name, &namespace) {
            check_name_length(name, namespace, context.platform, faults);
        }
        if let Some(hub) = on_hub.filter(|_| context.kind == ModuleKind::Plugin) {
            faults.push(
                Diagnostic::error("kmm-hub", "a hub's Module without kmods crashes KMM's hub")
                    .at(hub.key.span, "")
                    .help("take `hub` out and apply this Module on the spokes themselves, or give it kmods"),
            );
        }
        for node in nodes.flatten() {
            let name = node.get("name").and_then(|name| decode::text(name, "`name`", faults, ModuleName::parse));
            let other = Self::decode_one(Some(node), context, faults);
            for key in ["build", "sign", "hub"] {
                if let Some(entry) = entry(node, key) {
                    faults.push(
                        Diagnostic::error(
                            "kmm-list",
                            format!("`{key}` is the first Module's: the others load what it builds"),
                        )
                        .at(entry.key.span, "")
                        .help("take it out"),
                    );
                }
            }
            match name {
                Some(name) => {
                    if let Some(namespace) = &namespace {
                        check_name_length(&name, namespace, context.platform, faults);
                    }
                    kmm.others.push((name, other));
                }
                None if decode::may_have(node, &KMM, "name") => {}
                None => faults.push(
                    Diagnostic::error("kmm-name", "a further Module on the same images has no `name`")
                        .at(Span::new(node.span.source, node.span.start, node.span.start), "")
                        .help("write `name: …`, another one for each"),
                ),
            }
        }
        kmm
    }

    /// One Module, whose section may be absent.
    fn decode_one(node: Option<&Arc<Node>>, context: &Context<'_>, faults: &mut Diagnostics) -> Self {
        let mut kmm = node.map(|node| Self::decode(node, context, faults)).unwrap_or_default();
        context.secrets.iter().for_each(|secret| kmm.mount_secret(secret));
        kmm.complete(context, node.map(|node| &**node), faults)
    }

    fn decode(node: &Node, context: &Context<'_>, faults: &mut Diagnostics) -> Self {
        let mut kmm = Self::default();
        let Some(mut fields) = Fields::open(&KMM, node, faults) else { return kmm };
        if let Some(node) = fields.take_refused("moduleLoader", faults) {
            faults.push(module_loader(node));
        }
        let (before, after) = fields::SPEC.split_at(2);
        kmm.spec = convert_fields(&mut fields, "module", before, faults);
        match fields.take(fields::TRIGGER, faults) {
            Some(node) if node.as_scalar().is_some_and(|scalar| scalar.text == "auto") => kmm.auto_trigger = true,
            Some(node) => kmm
                .spec
                .extend(convert("module", fields::TRIGGER, node, faults).map(|value| (fields::TRIGGER.into(), value))),
            None => {}
        }
        kmm.spec.extend(convert_fields(&mut fields, "module", &after[1..], faults));
        fields.take("name", faults);
        kmm.hub = fields.take("hub", faults).and_then(|node| Some(Spanned::new(Hub::decode(node, faults)?, node.span)));
        kmm.fallback = fields.take("fallback", faults).and_then(|node| Fallback::decode(node, faults));
        kmm.loader = convert_fields(&mut fields, "moduleLoader", fields::LOADER, faults);
        kmm.container = convert_fields(&mut fields, "moduleLoader.container", fields::CONTAINER, faults);
        if let Some(node) = fields.take(fields::IN_TREE, faults) {
            let on_all = in_tree::decode(node, &mut kmm.in_tree, faults);
            kmm.container.extend(on_all.map(|on_all| (fields::IN_TREE.into(), on_all)));
            kmm.container.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        if let Some(node) = fields.take("build", faults) {
            kmm.decode_build(node, context, faults);
        }
        if let Some(node) = fields.take("sign", faults) {
            kmm.sign = Sign::decode(node, context, faults);
        }
        refuse_deprecated(&mut fields, faults);
        fields.finish(faults);
        if context.kind == ModuleKind::Plugin {
            refuse_loading(node, faults);
        }
        check_spec(node, context, faults);
        // One that is not even well formed is told of already.
        let modprobe = node.get("modprobe").filter(|_| kmm.container.iter().any(|(key, _)| key == "modprobe"));
        if let Some(modprobe) = modprobe {
            check_modprobe(modprobe, context, faults);
            kmm.firmware_place = modprobe.get("firmwarePath").map(|path| path.span);
        }
        if let Some(sign) = &kmm.sign {
            // Of an image that is built here, another `dirName` is an error of its own.
            let modprobe = modprobe.filter(|_| context.kind == ModuleKind::Prebuilt);
            check_signed_files(sign, modprobe.map(|node| &**node), faults);
        }
        kmm
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

    /// The section of each of its Modules, the first one's before the others'.
    pub fn sections(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.others.iter().map(|(_, other)| other))
    }

    /// The section of a module that has none: all that can be derived.
    fn complete(mut self, context: &Context<'_>, node: Option<&Node>, faults: &mut Diagnostics) -> Self {
        let place = node.map_or(context.module, |node| Span::new(node.span.source, node.span.start, node.span.start));
        // `moduleLoader` is refused, and most likely holds it.
        let loads =
            context.may_have("modprobe", node) || node.is_some_and(|node| entry(node, "moduleLoader").is_some());
        if !loads && context.kind != ModuleKind::Plugin {
            match context.kmods {
                [only] => self
                    .container
                    .push(("modprobe".into(), Yaml::Map(vec![("moduleName".into(), Yaml::text(only.clone()))]))),
                [] if !context.knows_kmods || context.kind == ModuleKind::Built => {}
                kmods => faults.push(
                    Diagnostic::error(
                        "kmm-modprobe",
                        match kmods {
                            [] => "nothing says which kmod to load",
                            _ => "the module has several kmods, and nothing says which to load",
                        },
                    )
                    .at(place, "")
                    .help("write `kmm: {modprobe: {moduleName: …}}`"),
                ),
            }
        }
        if context.firmware {
            self.lead_to_firmware();
        }
        if !context.may_have("selector", node) {
            faults.push(
                Diagnostic::error("kmm-selector", "nothing says on which nodes the module is loaded")
                    .at(place, "")
                    .help("write `kmm: {selector: {node-role.kubernetes.io/worker: \"\"}}`"),
            );
        }
        self
    }
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
