//! Clusters, or sets of clusters, that one manifest is for. Each has a manifest of its own, which is the whole one with
//! the cluster's fields laid over it.

use std::sync::Arc;

use kmodgen_yaml::{Node, Value};

use super::declare::declare;
use super::decode::{self, Fields};
use super::kernel::Kernel;
use super::kmm::{LAID_OVER, refuse_kmm};
use super::metadata::METADATA;
use super::overlay::{self, overlaid};
use super::platform::PLATFORM;
use super::schema::{Field, Record, Shape, joined};
use super::selection::Selection;
use super::version;
use crate::vocabulary::{
    ClusterName, Diagnostic, Diagnostics, ImageRef, Invalid, PinGroup, Spanned, nearest, quoted_list,
};

declare! {
    /// Settings of a cluster: fields for the manifest and its modules.
    struct Settings {
        optional namespace: Arc<Node> {
            takes: Shape::Text,
            says: "the namespace of its objects",
            decode: decode::later,
        }
        optional image: Spanned<String> {
            takes: Shape::Text,
            says: "the registry and path of its images; the last part of an `image` or `prebuilt` is kept, also in overrides",
            decode: decode::placed(prefix),
        }
        optional pins: Spanned<PinGroup> {
            takes: Shape::Text,
            says: "the group of clusters whose pins in `kmodgen.lock` it has, instead of those of all clusters without a group; see [lock.md](lock.md#pins-of-groups)",
            decode: decode::placed(PinGroup::parse),
        }
        optional mirrors: Arc<Node> {
            takes: Shape::TextMap,
            says: "`mirrors` of its builds, in addition to those of the manifest",
            decode: decode::later,
        }
        optional metadata: Arc<Node> {
            takes: Shape::Record(&METADATA),
            says: "labels and annotations of its objects, in addition to the manifest's `metadata`",
            decode: decode::later,
        }
        optional platform: Arc<Node> {
            takes: Shape::Record(&PLATFORM),
            says: "the versions that it runs, in addition to the manifest's `platform`",
            decode: decode::later,
        }
    }
}

pub(super) static CLUSTER: Record =
    Record { name: "a cluster", fields: joined![Settings::FIELDS, LAID_OVER, Selection::FIELDS] };

/// A cluster's name, its settings and the kernels of its nodes.
pub(super) struct Cluster {
    pub(super) name: Spanned<ClusterName>,
    settings: Settings,
    /// Fields that are laid over those of every module.
    over: Arc<Node>,
    kernels: Selection,
}

/// Decodes the `clusters` of a manifest.
pub(super) fn decode_all(node: &Node, faults: &mut Diagnostics) -> Vec<Cluster> {
    let entries = decode::entries(node, "`clusters`", faults);
    if entries.is_empty() && node.as_mapping().is_some() {
        faults.push(Diagnostic::error("empty-list", "`clusters` is empty").at(node.span, ""));
    }
    let mut clusters = Vec::new();
    for entry in entries {
        match ClusterName::parse(&entry.key.value) {
            Ok(name) => {
                let name = Spanned::new(name, entry.key.span);
                clusters.extend(Cluster::decode(name, &entry.value, faults));
            }
            Err(invalid) => faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid)),
        }
    }
    refuse_ambiguous(&clusters, faults);
    clusters
}

/// Refuses groups with the name of a cluster that is not in them: commands take both names for the same.
fn refuse_ambiguous(clusters: &[Cluster], faults: &mut Diagnostics) {
    for group in clusters.iter().filter_map(|cluster| cluster.settings.pins.as_ref()) {
        let named = clusters.iter().find(|cluster| cluster.name.as_str() == group.as_str());
        let Some(named) = named.filter(|cluster| cluster.pins() != Some(&group.value)) else { continue };
        let message = format!("cluster `{group}` has other pins than the group `{group}`", group = group.value);
        faults.push(
            Diagnostic::error("pin-group", message)
                .at(group.span, "this group")
                .context(named.name.span, "this cluster")
                .help(format!("choose another name for the group, or write `pins: {}` in this cluster", group.value)),
        );
    }
}

/// A registry, perhaps with a path: a repository without its last part.
fn prefix(text: &str) -> Result<String, Invalid> {
    let text = text.strip_suffix('/').unwrap_or(text);
    match ImageRef::parse(&format!("{text}/x")) {
        Ok(whole) if whole.repository().strip_suffix("/x") == Some(text) => Ok(text.to_owned()),
        _ => Err(Invalid::new(format!("`{}` is not a registry with a path", text.escape_debug()))
            .help("write the start of all its images, such as `registry.example.com/kmods`")),
    }
}

impl Cluster {
    fn decode(name: Spanned<ClusterName>, node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open(&CLUSTER, node, faults)?;
        let settings = Settings::take(&mut fields, faults)?;
        let mut over = Vec::new();
        for Field { key, takes, .. } in LAID_OVER {
            let Some(value) = fields.take(key, faults) else { continue };
            match takes {
                Shape::Record(record) if value.as_mapping().is_none() => {
                    faults.push(decode::wrong_kind(value, &format!("`{key}`"), decode::Kind::Record(record)));
                }
                _ => over.push(overlay::field(key, value.clone())),
            }
        }
        let over = Arc::new(Node { span: node.span, value: Value::Mapping(over) });
        let kernels = Selection::take(&mut fields, faults)?;
        refuse_kmm(&mut fields, faults);
        fields.finish(faults);
        Some(Self { name, settings, over, kernels })
    }

    /// The manifest that is the cluster's: `node` with the cluster's fields.
    pub(super) fn laid_over(&self, node: &Arc<Node>) -> Arc<Node> {
        let Settings { namespace, metadata, platform, mirrors, image: _, pins: _ } = &self.settings;
        let fields = [("namespace", namespace), ("metadata", metadata), ("platform", platform), ("mirrors", mirrors)];
        let fields = fields.into_iter().filter_map(|(key, value)| Some(overlay::field(key, value.clone()?)));
        let over = Node { span: node.span, value: Value::Mapping(fields.collect()) };
        overlaid(&overlay::without(node, &["clusters"]), &over)
    }

    /// Its modules: those that are for it, each with the cluster's fields.
    pub(super) fn modules(&self, modules: Vec<Arc<Node>>) -> Vec<Arc<Node>> {
        modules.into_iter().filter(|module| self.has(module)).map(|module| self.over_module(&module)).collect()
    }

    fn has(&self, module: &Node) -> bool {
        let Some(names) = module.get("clusters").and_then(|names| names.as_sequence()) else { return true };
        names.iter().any(|name| name.as_scalar().is_some_and(|scalar| scalar.text == self.name.as_str()))
    }

    fn over_module(&self, module: &Arc<Node>) -> Arc<Node> {
        let mut own = overlaid(module, &self.over);
        // `hub` and `signing` are the module's.
        let over = overlay::without(&self.over, &["hub", "signing"]);
        own = overlay::with_items(&own, "additionalModules", |module| overlaid(module, &over));
        let Some(prefix) = &self.settings.image else { return own };
        overlay::with_items(&moved(&own, prefix.as_str()), "overrides", |item| moved(item, prefix.as_str()))
    }

    /// The group whose pins it has.
    pub(super) fn pins(&self) -> Option<&PinGroup> {
        self.settings.pins.as_ref().map(|group| &group.value)
    }

    /// The kernels that its nodes run, with the numbers of its own nodes.
    pub(super) fn kernels(&self, kernels: &[Kernel]) -> Vec<Kernel> {
        self.counted(kernels, |kernel| self.kernels.selects(kernel))
    }

    /// Returns those of the wanted kernels that are not counted for other clusters only.
    fn counted(&self, kernels: &[Kernel], is_wanted: impl Fn(&Kernel) -> bool) -> Vec<Kernel> {
        let name = &self.name.value;
        let is_named = kernels.iter().any(|kernel| kernel.nodes.as_ref().is_some_and(|nodes| nodes.names(name)));
        let wanted = kernels.iter().filter(|kernel| is_wanted(kernel));
        // Kernels are large, and most clusters have most of them.
        let mut own = Vec::with_capacity(kernels.len());
        own.extend(wanted.filter_map(|kernel| kernel.in_cluster(name, is_named)));
        own
    }

    /// Warns of a cluster whose nodes run none of the kernels.
    pub(super) fn check_kernels(&self, own: &[Kernel], kernels: &[Kernel], faults: &mut Diagnostics) {
        if own.is_empty() {
            let counted = self.counted(kernels, |_| true);
            let (why, help) = match self.kernels.why_none(&counted) {
                Some(_) if kernels.iter().any(|kernel| self.kernels.selects(kernel)) => {
                    let help = format!("count its nodes, with `kmodgen kernels --cluster {}`", self.name.value);
                    ("`nodes` of those that it selects is for other clusters".to_owned(), Some(help))
                }
                other => other.unwrap_or_default(),
            };
            let help = help.unwrap_or_else(|| "its `when` and `unless` select from the kernels of the manifest".into());
            let message = format!("cluster `{}` matches no kernels: {why}", self.name.value);
            faults.push(Diagnostic::warning("no-kernel", message).at(self.name.span, "").help(help));
        }
    }
}

/// A module, or an override, whose images are in the registry and path `prefix`.
fn moved(node: &Arc<Node>, prefix: &str) -> Arc<Node> {
    ["image", "prebuilt"].iter().fold(node.clone(), |node, key| {
        let image = node.get(key).and_then(|image| Some((image.span, image.as_scalar()?.text.rsplit('/').next()?)));
        let Some((span, last)) = image else { return node };
        overlay::with(&node, overlay::field(key, overlay::text(format!("{prefix}/{last}"), span)))
    })
}

/// Modules as they are written, and for each of their versions. `clusters` are the names of all clusters as
/// they are written, `None` if those cannot be known.
pub(super) fn modules(node: &Node, clusters: Option<&[&str]>, faults: &mut Diagnostics) -> Vec<Arc<Node>> {
    let mut modules = Vec::new();
    for item in decode::items(node, "`modules`", faults) {
        check_names(item, clusters, faults);
        let versions = item.get("versions").and_then(|versions| versions.as_sequence()).unwrap_or_default();
        versions.iter().for_each(|version| check_names(version, clusters, faults));
        modules.extend(version::expand(item, faults));
    }
    modules
}

/// Refuses clusters that there are not.
fn check_names(module: &Node, clusters: Option<&[&str]>, faults: &mut Diagnostics) {
    let Some(names) = module.get("clusters") else { return };
    for name in decode::items(names, "`clusters`", faults) {
        let Some(name) = decode::text(name, "a cluster", faults, ClusterName::parse) else { continue };
        if let Some(known) = clusters.filter(|known| !known.contains(&name.as_str())) {
            let fault =
                Diagnostic::error("unknown-cluster", format!("there is no cluster `{}`", name.value)).at(name.span, "");
            faults.push(match nearest(name.as_str(), known.iter().copied()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => fault.help("declare it under the manifest's `clusters`"),
                None => fault.help(format!("its clusters: {}", quoted_list(known))),
            });
        }
    }
}
