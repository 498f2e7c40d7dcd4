//! Targets: clusters, or sets of clusters, that one manifest is for. Each has a manifest of its own,
//! which is the whole one with the target's fields laid over it.

use std::sync::Arc;

use kmodgen_yaml::{Node, Value};

use super::declare::declare;
use super::decode;
use super::kernel::Kernel;
use super::kmm::KMM;
use super::overlay::{self, overlaid};
use super::platform::PLATFORM;
use super::schema::Shape;
use super::selection::{SELECTION, Selection};
use super::version;
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, Invalid, Spanned, TargetName, nearest, quoted_list};

declare! {
    /// Settings of a target: fields for the manifest and its modules, and the kernels of its nodes.
    struct Settings: TARGET, "a target" {
        optional namespace: Arc<Node> {
            takes: Shape::Text,
            says: "the namespace of its objects",
            decode: decode::later,
        }
        optional image: Spanned<String> {
            takes: Shape::Text,
            says: "the registry and path of its images; the last part of an `image` or `prebuilt` stays, in overrides too",
            decode: decode::placed(prefix),
        }
        optional mirrors: Arc<Node> {
            takes: Shape::TextMap,
            says: "where its builds get things, in place of the manifest's `mirrors`",
            decode: decode::later,
        }
        optional platform: Arc<Node> {
            takes: Shape::Record(&PLATFORM),
            says: "what it runs, in place of the manifest's `platform`",
            decode: decode::later,
        }
        default kernels: Selection {
            takes: Shape::Record(&SELECTION),
            says: "which of the manifest's kernels its nodes run; all where absent",
            decode: |node, _, faults| Some(Selection::decode(node, faults)),
        }
        optional kmm: Arc<Node> {
            takes: Shape::Record(&KMM),
            says: "fields of `kmm` that replace those of every module, each as a whole",
            decode: kmm,
        }
    }
}

/// A target's name and settings.
pub(super) struct Target {
    pub(super) name: Spanned<TargetName>,
    settings: Settings,
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
            Ok(name) => {
                let name = Spanned::new(name, entry.key.span);
                targets.extend(Settings::decode(&entry.value, faults).map(|settings| Target { name, settings }));
            }
            Err(invalid) => faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid)),
        }
    }
    targets
}

/// A section that is laid over that of a module, and has to be a map for it.
fn kmm(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<Arc<Node>> {
    if node.as_mapping().is_none() {
        faults.push(decode::wrong_kind(node, &format!("`{key}`"), decode::Kind::Record(&KMM)));
        return None;
    }
    Some(node.clone())
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
        let Settings { namespace, platform, mirrors, .. } = &self.settings;
        for (key, value) in [("namespace", namespace), ("platform", platform), ("mirrors", mirrors)] {
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
        if let Some(kmm) = &self.settings.kmm {
            let over = Node { span: kmm.span, value: Value::Mapping(vec![overlay::field("kmm", kmm.clone())]) };
            own = overlaid(&own, &over);
        }
        let Some(prefix) = &self.settings.image else { return own };
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
        kernels.iter().filter(|kernel| self.settings.kernels.selects(kernel)).cloned().collect()
    }

    /// Warns of a target whose nodes run none of the kernels.
    pub(super) fn check_kernels(&self, own: &[Kernel], kernels: &[Kernel], faults: &mut Diagnostics) {
        if own.is_empty() {
            let (why, help) = self.settings.kernels.why_none(kernels).unwrap_or_default();
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
