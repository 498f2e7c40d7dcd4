//! Rules of KMM's webhook on what is passed through.

use std::sync::Arc;

use super::fields::MODPROBE;
use super::{Context, entry, texts};
use crate::vocabulary::{Diagnostic, Diagnostics, ModuleName, Namespace, Span, Spanned};
use crate::yaml::Node;

pub(super) fn check_spec(node: &Node, context: &Context<'_>, faults: &mut Diagnostics) {
    if let Some(trigger) = entry(node, "imageRebuildTriggerGeneration").filter(|_| context.platform.is_before((2, 6))) {
        faults.push(
            Diagnostic::error("kmm-version", "KMM before 2.6 does not know `imageRebuildTriggerGeneration`")
                .at(trigger.key.span, "")
                .help("take it out, or say in `platform` that a newer KMM runs"),
        );
    }
    if let (Some(dra), Some(plugin)) = (entry(node, "dra"), entry(node, "devicePlugin")) {
        faults.push(
            Diagnostic::error("kmm-dra", "a Module has `dra` or `devicePlugin`, not both")
                .at(dra.key.span, "")
                .context(plugin.key.span, "the other one")
                .help("take one of them out"),
        );
    }
    for key in ["devicePlugin", "dra"] {
        let volumes = node.get(key).and_then(|node| node.get("volumes"));
        for volume in volumes.and_then(|node| node.as_sequence()).unwrap_or_default() {
            let Some(path) = volume.get("hostPath").and_then(|node| node.get("path")) else { continue };
            check_host_path(path, faults);
        }
    }
    let tolerations = node.get("tolerations").and_then(|node| node.as_sequence()).unwrap_or_default();
    tolerations.iter().for_each(|toleration| check_toleration(toleration, faults));
}

/// The webhook lets a hostPath volume mount only below these.
const HOST_PATHS: [&str; 5] = ["/dev", "/sys", "/var", "/opt", "/run"];

fn check_host_path(node: &Node, faults: &mut Diagnostics) {
    let Some(scalar) = node.as_scalar() else { return };
    let inside =
        |root: &str| scalar.text.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !HOST_PATHS.iter().any(|root| inside(root)) || scalar.text.split('/').any(|part| part == "..") {
        faults.push(
            Diagnostic::error("kmm-host-path", "KMM refuses this host path")
                .at(node.span, "")
                .help("host paths are under /dev, /sys, /var, /opt or /run"),
        );
    }
}

/// Kubernetes' own rules on a toleration, which KMM's webhook repeats.
fn check_toleration(node: &Node, faults: &mut Diagnostics) {
    let text = |key| node.get(key).and_then(|node| node.as_scalar()).map_or("", |scalar| scalar.text.as_str());
    let (operator, effect) = (text("operator"), text("effect"));
    let fault = if !["", "Equal", "Exists"].contains(&operator) {
        "a toleration's `operator` is `Equal` or `Exists`"
    } else if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect) {
        "a toleration's `effect` is `NoSchedule`, `PreferNoSchedule` or `NoExecute`"
    } else if operator == "Exists" && !text("value").is_empty() {
        "a toleration with `operator: Exists` has no `value`"
    } else if operator != "Exists" && text("key").is_empty() {
        "a toleration without a `key` has `operator: Exists`"
    } else if node.get("tolerationSeconds").is_some() && effect != "NoExecute" {
        "`tolerationSeconds` goes with `effect: NoExecute`"
    } else {
        return;
    };
    faults.push(Diagnostic::error("kmm-toleration", fault).at(node.span, ""));
}

pub(super) fn check_modprobe(modprobe: &Arc<Node>, context: &Context<'_>, faults: &mut Diagnostics) {
    let name = modprobe.get("moduleName").and_then(|node| Some((node.as_scalar()?.text.as_str(), node.span)));
    let raw = modprobe.get("rawArgs");
    let raw_whole = raw.is_some_and(|raw| !texts(raw, "load").is_empty() && !texts(raw, "unload").is_empty());
    let misspelt =
        modprobe.as_mapping().unwrap_or_default().iter().any(|entry| MODPROBE.field(&entry.key.value).is_none());
    if name.is_none_or(|(name, _)| name.is_empty()) && !raw_whole && !misspelt {
        faults.push(
            Diagnostic::error(
                "kmm-modprobe",
                "`modprobe` has neither `moduleName` nor both `rawArgs.load` and `rawArgs.unload`",
            )
            .at(modprobe.span, "")
            .help("write `moduleName: NAME`"),
        );
    }
    // modprobe takes `-` and `_` for the same.
    let same = |a: &str, b: &str| a.replace('-', "_") == b.replace('-', "_");
    if let Some((name, span)) = name
        && !name.is_empty()
        && !context.kmods.is_empty()
        && !context.kmods.iter().any(|kmod| same(kmod, name))
    {
        let fault =
            Diagnostic::error("kmm-modprobe", format!("`{}` is none of the module's kmods", name.escape_debug()))
                .at(span, "");
        let near = crate::vocabulary::nearest(name, context.kmods.iter().map(String::as_str));
        faults.push(fault.help(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", context.kmods.join(", ")),
        }));
    }
    if let Some(order) = modprobe.get("modulesLoadingOrder") {
        check_loading_order(&texts(modprobe, "modulesLoadingOrder"), order.span, name.map(|(name, _)| name), faults);
    }
    if let Some(dir) = modprobe.get("dirName")
        && dir.as_scalar().is_some_and(|dir| dir.text != "/opt")
    {
        faults.push(
            Diagnostic::error(
                "kmm-modprobe",
                "the image holds the kmods under `/opt/lib/modules`, so `dirName` is `/opt`",
            )
            .at(dir.span, "")
            .help("take `dirName` out: `/opt` is what KMM assumes"),
        );
    }
}

fn check_loading_order(order: &[(&str, Span)], place: Span, name: Option<&str>, faults: &mut Diagnostics) {
    let fault = |message: String, span: Span| Diagnostic::error("kmm-loading-order", message).at(span, "");
    if order.len() < 2 {
        faults.push(
            fault("`modulesLoadingOrder` has fewer than two kmods".into(), place)
                .help("list `moduleName` first and the kmod that all depend on last, or take it out"),
        );
    }
    for (at, (kmod, span)) in order.iter().enumerate() {
        if let Some((_, first)) = order[..at].iter().find(|(other, _)| other == kmod) {
            faults.push(fault(format!("`{kmod}` is listed twice"), *span).context(*first, "first here"));
        }
    }
    match (name, order.first()) {
        (None, Some((_, span))) => {
            faults.push(fault("`modulesLoadingOrder` needs `moduleName`".into(), *span).help("write `moduleName` too"));
        }
        (Some(name), Some((first, span))) if name != *first => {
            faults.push(
                fault(format!("`modulesLoadingOrder` does not start with `moduleName`, `{name}`"), *span)
                    .help("the order goes from the kmod that is loaded by name to the one that all depend on"),
            );
        }
        _ => {}
    }
}

/// KMM's webhook allows 41 characters for both names together.
pub(in crate::manifest) fn check_name_length(
    name: &Spanned<ModuleName>,
    namespace: &Namespace,
    faults: &mut Diagnostics,
) {
    const LIMIT: usize = 41;
    let length = name.as_str().len() + namespace.as_str().len();
    if length > LIMIT {
        faults.push(
            Diagnostic::error(
                "kmm-name-length",
                format!(
                    "`{}` and its namespace `{namespace}` are {length} characters together, and KMM allows {LIMIT}",
                    name.value
                ),
            )
            .at(name.span, "")
            .help(format!("shorten one of them by {}", length - LIMIT)),
        );
    }
}
