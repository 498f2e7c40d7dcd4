//! Rules of KMM's webhook on what is passed through.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node};

use super::{Context, Sign, entry, texts};
use crate::manifest::kind::ModuleKind;
use crate::manifest::platform::Platform;
use crate::vocabulary::{Diagnostic, Diagnostics, ModuleName, Namespace, Span, Spanned};

/// Fields by the first KMM that has them.
const FIRST_WITH: &[(&[&str], (u32, u32))] = &[
    (&["moduleLoader", "container", "inTreeModulesToRemove"], (2, 1)),
    (&["tolerations"], (2, 3)),
    (&["moduleLoader", "container", "imagePullPolicy"], (2, 4)),
    (&["devicePlugin", "initContainer"], (2, 4)),
    (&["devicePlugin", "automountServiceAccountToken"], (2, 6)),
    (&["imageRebuildTriggerGeneration"], (2, 6)),
    (&["dra"], (2, 7)),
];

pub(super) fn check_spec(node: &Node, context: &Context<'_>, faults: &mut Diagnostics) {
    for (path, first) in FIRST_WITH {
        let found = path.iter().try_fold((node, None), |(node, _), key| {
            let entry = entry(node, key)?;
            Some((&*entry.value, Some(entry)))
        });
        if let Some((_, Some(entry))) = found.filter(|_| context.platform.is_before(*first)) {
            let (major, minor) = first;
            faults.push(
                Diagnostic::error(
                    "kmm-version",
                    format!("KMM before {major}.{minor} does not support `{}`", path.join(".")),
                )
                .at(entry.key.span, "")
                .help("remove it, or set a newer `kmm` in `platform`"),
            );
        }
    }
    if let Some(dra) = entry(node, "dra").filter(|_| !context.platform.is_before((2, 7))) {
        check_cluster(dra, context, faults);
    }
    if let (Some(dra), Some(plugin)) = (entry(node, "dra"), entry(node, "devicePlugin")) {
        faults.push(
            Diagnostic::error("kmm-dra", "a Module cannot have both `dra` and `devicePlugin`")
                .at(dra.key.span, "")
                .context(plugin.key.span, "the other one")
                .help("remove one of them"),
        );
    }
}

/// KMM's webhook refuses `dra` on clusters without the DeviceClasses that it makes.
fn check_cluster(dra: &Entry, context: &Context<'_>, faults: &mut Diagnostics) {
    const NEEDS: &str = "`dra` needs OpenShift 4.21 or Kubernetes 1.34";
    let fault = match context.platform.has_device_classes() {
        Some(true) => return,
        Some(false) => {
            Diagnostic::error("kmm-version", NEEDS).help("remove it, or set a newer `version` in `platform`")
        }
        None => Diagnostic::warning("kmm-version", format!("{NEEDS}, but `platform` has no version"))
            .help("write `platform: {kind: openshift, version: \"4.21\"}`"),
    };
    faults.push(fault.at(dra.key.span, ""));
}

pub(super) fn check_modprobe(modprobe: &Arc<Node>, context: &Context<'_>, faults: &mut Diagnostics) {
    let name = modprobe.get("moduleName").and_then(|node| Some((node.as_scalar()?.text.as_str(), node.span)));
    let raw = modprobe.get("rawArgs");
    let raw_whole = raw.is_some_and(|raw| !texts(raw, "load").is_empty() && !texts(raw, "unload").is_empty());
    if name.is_none() && !raw_whole {
        faults.push(
            Diagnostic::error(
                "kmm-modprobe",
                "`modprobe` has neither `moduleName` nor both `rawArgs.load` and `rawArgs.unload`",
            )
            .at(modprobe.span, "")
            .help("write `moduleName: NAME`"),
        );
    }
    if let (Some(raw), Some(_)) = (entry(modprobe, "rawArgs"), name) {
        faults.push(
            Diagnostic::error("kmm-modprobe", "`rawArgs` cannot be combined with `moduleName`")
                .at(raw.key.span, "")
                .help("remove one of them; `args` adds arguments to KMM's own"),
        );
    } else if let Some(raw) = raw {
        check_folder(modprobe, raw, context, faults);
    }
    if let Some((name, span)) = name
        && context.knows_kmods
        && !context.kmods.is_empty()
        // modprobe takes `-` and `_` for the same.
        && !context.kmods.iter().any(|kmod| kmod.replace('-', "_") == name.replace('-', "_"))
    {
        let fault =
            Diagnostic::error("kmm-modprobe", format!("`{}` is not one of the module's kmods", name.escape_debug()))
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
        && context.kind == ModuleKind::Built
        && dir.as_scalar().is_some_and(|dir| dir.text != "/opt")
    {
        faults.push(
            Diagnostic::error(
                "kmm-modprobe",
                "the kmods are in `/opt/lib/modules` of the image, so `dirName` must be `/opt`",
            )
            .at(dir.span, "")
            .help("remove `dirName`: KMM's default is `/opt`"),
        );
    }
}

/// Folder of the image's kmods.
fn folder(modprobe: Option<&Node>) -> &str {
    let dir = modprobe.and_then(|modprobe| modprobe.get("dirName")).and_then(|dir| dir.as_scalar());
    dir.map_or("/opt", |dir| dir.text.as_str())
}

/// KMM 2 gives `rawArgs` to the modprobe of its worker, which has a copy of the image below `/tmp`.
fn check_folder(modprobe: &Node, raw: &Node, context: &Context<'_>, faults: &mut Diagnostics) {
    if context.platform.is_before((2, 0)) {
        return;
    }
    let dir = format!("/tmp{}", folder(Some(modprobe)).trim_end_matches('/'));
    for key in ["load", "unload"] {
        let arguments = texts(raw, key);
        let arguments: Vec<&str> = arguments.into_iter().map(|(argument, _)| argument).collect();
        if let Some(list) = raw.get(key)
            && !(0..arguments.len()).any(|at| names_folder(&arguments[at..], &dir))
        {
            let shown: Vec<String> = arguments.iter().map(|argument| kmodgen_yaml::inline(argument)).collect();
            faults.push(
                Diagnostic::warning(
                    "kmm-raw-args",
                    format!("modprobe must look for the kmods in `{dir}` on KMM 2, but `{key}` does not set this"),
                )
                .at(list.span, "")
                .help(format!("write `{key}: [-d, {dir}, {}]`", shown.join(", "))),
            );
        }
    }
}

/// Checks if the first of modprobe's arguments, perhaps with the next one, names the folder of the kmods.
fn names_folder(arguments: &[&str], dir: &str) -> bool {
    let [argument, rest @ ..] = arguments else { return false };
    let attached = argument.strip_prefix("--dirname=").or_else(|| argument.strip_prefix("-d"));
    let is_short = !argument.starts_with("--") && argument.starts_with('-');
    let takes_next = *argument == "--dirname" || (is_short && argument.ends_with('d'));
    attached == Some(dir) || (takes_next && rest.first() == Some(&dir))
}

/// KMM's webhook takes files to sign below `dirName` alone.
pub(super) fn check_signed_files(sign: &Sign, modprobe: Option<&Node>, faults: &mut Diagnostics) {
    let dir = folder(modprobe);
    for file in sign.files.iter().flatten() {
        if !file.value.starts_with(&format!("{dir}/")) {
            let help = match file.value.strip_prefix('/').unwrap_or(&file.value) {
                rest if rest.starts_with("lib/modules/") => format!("write `{dir}/{}`", rest.escape_debug()),
                _ => format!("write a path that starts with `{dir}/lib/modules/`"),
            };
            faults.push(
                Diagnostic::error("kmm-sign", format!("files to sign must be below `dirName`, which is `{dir}`"))
                    .at(file.span, "")
                    .help(help),
            );
        }
    }
}

fn check_loading_order(order: &[(&str, Span)], place: Span, name: Option<&str>, faults: &mut Diagnostics) {
    if order.len() < 2 {
        faults.push(
            wrong_order("`modulesLoadingOrder` has fewer than two kmods", place)
                .help("list `moduleName` first and the kmod that all others depend on last, or remove it"),
        );
    }
    for (at, (kmod, span)) in order.iter().enumerate() {
        if let Some((_, first)) = order[..at].iter().find(|(other, _)| other == kmod) {
            faults.push(wrong_order(format!("`{kmod}` is listed twice"), *span).context(*first, "first here"));
        }
    }
    match (name, order.first()) {
        (None, Some((_, span))) => {
            faults.push(wrong_order("`modulesLoadingOrder` needs `moduleName`", *span).help("write `moduleName` too"));
        }
        (Some(name), Some((first, span))) if name != *first => {
            faults.push(
                wrong_order(format!("`modulesLoadingOrder` does not start with `moduleName`, `{name}`"), *span)
                    .help("the order goes from `moduleName` to the kmod that all others depend on"),
            );
        }
        _ => {}
    }
}

fn wrong_order(message: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error("kmm-loading-order", message).at(span, "")
}

/// KMM's webhook limits name and namespace together, as labels are made of them: 40 characters before
/// KMM 2.7, 41 since.
pub(super) fn check_name_length(
    name: &Spanned<ModuleName>,
    namespace: &Namespace,
    platform: &Platform,
    faults: &mut Diagnostics,
) {
    let limit = platform.longest_names();
    let length = name.as_str().len() + namespace.as_str().len();
    let both = format!("`{}` and its namespace `{namespace}` have {length} characters in total", name.value);
    let fault = if length > limit {
        Diagnostic::error("kmm-name-length", format!("{both}; KMM allows {limit}"))
            .help(format!("shorten one of them by {}", length - limit))
    } else if length > 40 && platform.kmm.is_none() {
        Diagnostic::warning("kmm-name-length", format!("{both}; KMM before 2.7 allows 40"))
            .help("shorten one of them by 1, or write `platform: {kmm: \"2.7\"}`")
    } else {
        return;
    };
    faults.push(fault.at(name.span, ""));
}
