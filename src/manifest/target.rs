//! Targets: clusters, or sets of clusters, that one manifest is for. Each has a manifest of its own,
//! which is the whole one with the target's fields laid over it.

use std::sync::Arc;

use kmodgen_yaml::{Node, Value};

use super::decode::{self, Fields};
use super::kernel::Kernel;
use super::kmm::KMM;
use super::overlay::{self, overlaid};
use super::platform::PLATFORM;
use super::schema::{Field, Record, Shape};
use super::version;
use super::when::{SELECTION, Selection};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, Invalid, Spanned, TargetName, nearest, quoted_list};

/// Schema of a target.
pub(super) static TARGET: Record = Record {
    name: "a target",
    fields: &[
        Field { key: "namespace", takes: Shape::Text, says: "the namespace of its objects" },
        Field {
            key: "image",
            takes: Shape::Text,
            says: "the registry and path of its images; the last part of an `image` or `prebuilt` stays, in overrides too",
        },
        Field {
            key: "mirrors",
            takes: Shape::TextMap,
            says: "where its builds get things, in place of the manifest's `mirrors`",
        },
        Field {
            key: "platform",
            takes: Shape::Record(&PLATFORM),
            says: "what it runs, in place of the manifest's `platform`",
        },
        Field {
            key: "kernels",
            takes: Shape::Record(&SELECTION),
            says: "which of the manifest's kernels its nodes run; all where absent",
        },
        Field {
            key: "kmm",
            takes: Shape::Record(&KMM),
            says: "fields of `kmm` that replace those of every module, each as a whole",
        },
    ],
};

/// A target's name and what it says.
pub(super) struct Target {
    pub(super) name: Spanned<TargetName>,
    namespace: Option<Arc<Node>>,
    platform: Option<Arc<Node>>,
    mirrors: Option<Arc<Node>>,
    image: Option<Spanned<String>>,
    kernels: Selection,
    kmm: Option<Arc<Node>>,
}

/// The names of a manifest's targets, in its order, where it is YAML and has any.
pub fn names(text: &str) -> Vec<TargetName> {
    // Most manifests have none; theirs need not be read for it.
    if !may_have_targets(text) {
        return Vec::new();
    }
    let node = kmodgen_yaml::read(crate::vocabulary::SourceMap::default().add("", ""), text).ok().flatten();
    let targets = node.as_ref().and_then(|node| node.get("targets"));
    let entries = targets.and_then(|targets| targets.as_mapping()).unwrap_or_default();
    entries.iter().filter_map(|entry| TargetName::parse(&entry.key.value).ok()).collect()
}

/// Returns whether a line seems to have the key `targets`, no deeper than the first key of all or beside a brace.
fn may_have_targets(text: &str) -> bool {
    let first = text.lines().find(|line| !matches!(line.trim_start().chars().next(), None | Some('#' | '%' | '-')));
    let top = first.map_or(0, indent);
    text.lines().any(|line| {
        let key = line.trim_start_matches(['{', '-', ' ', '"', '\'']);
        key.starts_with("targets") && (indent(line) <= top || line.contains('{'))
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Decodes the `targets` of a manifest.
pub(super) fn decode_all(node: &Node, faults: &mut Diagnostics) -> Vec<Target> {
    let entries = decode::entries(node, "`targets`", faults);
    if entries.is_empty() && node.as_mapping().is_some() {
        faults.push(Diagnostic::error("empty-list", "`targets` is empty").at(node.span, ""));
    }
    let mut targets = Vec::new();
    for entry in entries {
        match TargetName::parse(&entry.key.value) {
            Ok(name) => targets.extend(decode_one(Spanned::new(name, entry.key.span), &entry.value, faults)),
            Err(invalid) => faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid)),
        }
    }
    targets
}

fn decode_one(name: Spanned<TargetName>, node: &Node, faults: &mut Diagnostics) -> Option<Target> {
    let mut fields = Fields::open(&TARGET, node, faults)?;
    let namespace = fields.take("namespace", faults).cloned();
    let platform = fields.take("platform", faults).cloned();
    let mirrors = fields.take("mirrors", faults).cloned();
    let image = fields.take("image", faults).and_then(|node| decode::text(node, "`image`", faults, prefix));
    let kernels = fields.take("kernels", faults).map(|node| Selection::decode(node, faults)).unwrap_or_default();
    let mut kmm = fields.take("kmm", faults).cloned();
    if let Some(kmm) = kmm.take_if(|kmm| kmm.as_mapping().is_none()) {
        faults.push(decode::wrong_kind(&kmm, "`kmm`", decode::Kind::Record(&KMM)));
    }
    fields.finish(faults);
    Some(Target { name, namespace, platform, mirrors, image, kernels, kmm })
}

/// A registry, perhaps with a path: a repository without its last part.
fn prefix(text: &str) -> Result<String, Invalid> {
    let text = text.strip_suffix('/').unwrap_or(text);
    match ImageRef::parse(&format!("{text}/x")) {
        Ok(whole) if whole.repository().strip_suffix("/x") == Some(text) => Ok(text.to_owned()),
        _ => Err(Invalid::new(format!("`{}` is not a registry with a path", text.escape_debug()))
            .help("write what all its images begin with, such as `registry.example.com/kmods`")),
    }
}

impl Target {
    /// The manifest that is the target's: `node` with the target's fields.
    pub(super) fn laid_over(&self, node: &Arc<Node>) -> Arc<Node> {
        let mut own = overlay::without(node, &["targets"]);
        for (key, value) in [("namespace", &self.namespace), ("platform", &self.platform), ("mirrors", &self.mirrors)] {
            if let Some(value) = value {
                own = overlay::with(&own, overlay::field(key, value.clone()));
            }
        }
        own
    }

    /// Its modules: those that are for it, each with the target's fields.
    pub(super) fn modules(&self, modules: Vec<Arc<Node>>) -> Vec<Arc<Node>> {
        modules.into_iter().filter(|module| self.has(module)).map(|module| self.over_module(&module)).collect()
    }

    fn has(&self, module: &Node) -> bool {
        let Some(names) = module.get("targets").and_then(|names| names.as_sequence()) else { return true };
        names.iter().any(|name| name.as_scalar().is_some_and(|scalar| scalar.text == self.name.as_str()))
    }

    fn over_module(&self, module: &Arc<Node>) -> Arc<Node> {
        let mut own = module.clone();
        if let Some(kmm) = &self.kmm {
            let over = Node { span: kmm.span, value: Value::Mapping(vec![overlay::field("kmm", kmm.clone())]) };
            own = overlaid(&own, &over);
        }
        let Some(prefix) = &self.image else { return own };
        own = moved(&own, prefix.as_str());
        let overrides = own.get("overrides").and_then(|list| Some((list.span, list.as_sequence()?)));
        if let Some((span, items)) = overrides {
            let items = items.iter().map(|item| moved(item, prefix.as_str())).collect();
            let list = Arc::new(Node { span, value: Value::Sequence(items) });
            own = overlay::with(&own, overlay::field("overrides", list));
        }
        own
    }

    /// The kernels that its nodes run.
    pub(super) fn kernels(&self, kernels: &[Kernel]) -> Vec<Kernel> {
        kernels.iter().filter(|kernel| self.kernels.selects(kernel)).cloned().collect()
    }

    /// Warns of a target whose nodes run none of the kernels.
    pub(super) fn check_kernels(&self, own: &[Kernel], kernels: &[Kernel], faults: &mut Diagnostics) {
        if own.is_empty() {
            let (why, help) = self.kernels.why_none(kernels).unwrap_or_default();
            let help = help.unwrap_or_else(|| "its `kernels` select among those of the manifest".into());
            let message = format!("target `{}` has none of the kernels: {why}", self.name.value);
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

/// Modules as they are written, and for each of their versions. `targets` are the names of all targets as
/// they are written, `None` if those cannot be known.
pub(super) fn modules(node: &Node, targets: Option<&[&str]>, faults: &mut Diagnostics) -> Vec<Arc<Node>> {
    let mut modules = Vec::new();
    for item in decode::items(node, "`modules`", faults) {
        check_names(item, targets, faults);
        let versions = item.get("versions").and_then(|versions| versions.as_sequence()).unwrap_or_default();
        versions.iter().for_each(|version| check_names(version, targets, faults));
        modules.extend(version::expand(item, faults));
    }
    modules
}

/// Refuses targets that there are not.
fn check_names(module: &Node, targets: Option<&[&str]>, faults: &mut Diagnostics) {
    let Some(names) = module.get("targets") else { return };
    for name in decode::items(names, "`targets`", faults) {
        let Some(name) = decode::text(name, "a target", faults, TargetName::parse) else { continue };
        if let Some(known) = targets.filter(|known| !known.contains(&name.as_str())) {
            let fault =
                Diagnostic::error("unknown-target", format!("there is no target `{}`", name.value)).at(name.span, "");
            faults.push(match nearest(name.as_str(), known.iter().copied()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => fault.help("declare it under the manifest's `targets`"),
                None => fault.help(format!("it is for some of {}", quoted_list(known))),
            });
        }
    }
}
