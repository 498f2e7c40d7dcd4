//! Rules on how kmods are loaded.

use std::collections::HashMap;

use super::super::example::module;
use super::super::facts::{ModuleFacts, Text, entry, text, texts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, kubernetes as k8s};

pub(in crate::lint) static MODPROBE_ARGUMENTS: Rule = Rule {
    id: "KMG230",
    name: "modprobe-arguments",
    severity: Severity::Error,
    summary: "`modprobe` has neither `moduleName` nor both `rawArgs.load` and `rawArgs.unload`, or both kinds",
    why: "KMM's webhook refuses the Module: it builds modprobe's command line of `moduleName`, or takes the whole of it \
          from `rawArgs`.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {rawArgs: {load: [-d, /tmp/opt, driver]}}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 8,
    },
    right: module! {
        "modprobe: {rawArgs: {load: [-d, /tmp/opt, driver], unload: [-d, /tmp/opt, -r, driver]}}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(modprobe_arguments),
};

fn modprobe_arguments(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(modprobe) = module.modprobe.filter(|modprobe| modprobe.as_mapping().is_some()) else { return };
    let raw = entry(modprobe, "rawArgs");
    let is_whole = raw.is_some_and(|raw| ["load", "unload"].iter().all(|key| !texts(&raw.value, key).is_empty()));
    match (module.module_name(), raw) {
        (Some(name), Some(raw)) => report.beside(
            raw.key.span,
            (name.span, "the other one"),
            "`rawArgs` cannot be combined with `moduleName`",
            "remove one of them; `args` adds arguments to KMM's own",
        ),
        (None, Some(raw)) if !is_whole && !module.is_partial => {
            report.at(raw.key.span, "`rawArgs` needs both `load` and `unload`", "write both, or `moduleName` instead");
        }
        (None, None) if !module.is_partial => {
            report.at(modprobe.span.at_start(), "`modprobe` names no kmod", "write `moduleName: NAME`")
        }
        _ => {}
    }
}

pub(in crate::lint) static RAW_ARGUMENTS: Rule = Rule {
    id: "KMG231",
    name: "raw-arguments-without-folder",
    severity: Severity::Warning,
    summary: "`rawArgs` do not name the folder of the kmods",
    why: "KMM 2 passes `rawArgs` unchanged to the modprobe of its worker, which has a copy of the image's kmods below \
          `/tmp`. Without `-d`, modprobe looks in the worker's own `/lib/modules`.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {rawArgs: {load: [-v, driver], unload: [-d, /tmp/opt, -r, driver]}}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 8,
    },
    right: module! {
        "modprobe: {rawArgs: {load: [-v, -d, /tmp/opt, driver], unload: [-d, /tmp/opt, -r, driver]}}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(raw_arguments),
};

fn raw_arguments(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(raw) = module.modprobe.and_then(|modprobe| modprobe.get("rawArgs")) else { return };
    let folder = format!("/tmp{}", module.folder().trim_end_matches('/'));
    for list in ["load", "unload"].iter().filter_map(|key| entry(raw, key)) {
        let arguments = texts(raw, &list.key.value);
        let names_folder = arguments.iter().any(|argument| argument.text.ends_with(&folder));
        if !names_folder && !arguments.is_empty() {
            let shown: Vec<&str> = arguments.iter().map(|argument| argument.text).collect();
            let help = format!("write `{}: [-d, {folder}, {}]`", list.key.value, shown.join(", "));
            report.at(list.key.span, format!("`{}` does not name the folder `{folder}`", list.key.value), help);
        }
    }
}

pub(in crate::lint) static LOADING_ORDER: Rule = Rule {
    id: "KMG232",
    name: "loading-order",
    severity: Severity::Error,
    summary: "`modulesLoadingOrder` is not a list of two or more kmods that starts with `moduleName`",
    why: "KMM's webhook refuses the Module. The order goes from `moduleName` down to the kmod that all others depend on, \
          which is loaded first.",
    wrong: RuleExample {
        text: module! {
            "modprobe:"
            "  moduleName: driver"
            "  modulesLoadingOrder: [driver_core, driver]"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 10,
    },
    right: module! {
        "modprobe:"
        "  moduleName: driver"
        "  modulesLoadingOrder: [driver, driver_core]"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(loading_order),
};

fn loading_order(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(modprobe) = module.modprobe else { return };
    let Some(list) = entry(modprobe, "modulesLoadingOrder").filter(|list| list.value.as_sequence().is_some()) else {
        return;
    };
    let order = texts(modprobe, "modulesLoadingOrder");
    if order.is_empty() {
        return;
    }
    if order.len() < 2 {
        let help = "list `moduleName` first and the kmod that all others depend on last, or remove it";
        report.at(list.key.span, "`modulesLoadingOrder` has fewer than two kmods", help);
    }
    let mut seen: HashMap<&str, Text<'_>> = HashMap::new();
    for kmod in &order {
        if let Some(first) = seen.insert(kmod.text, *kmod) {
            let message = format!("`{}` is listed twice", kmod.text);
            report.beside(kmod.span, (first.span, "first here"), message, "remove one of them");
        }
    }
    match module.module_name() {
        Some(name) if name.text != order[0].text => {
            let mut right: Vec<&str> = order.iter().map(|kmod| kmod.text).collect();
            right.reverse();
            let help = match right.first() {
                Some(first) if *first == name.text => format!("write `modulesLoadingOrder: [{}]`", right.join(", ")),
                _ => format!("start the list with `{}`, and end it with the kmod that all others depend on", name.text),
            };
            let message = format!("`modulesLoadingOrder` does not start with `moduleName`, `{}`", name.text);
            report.at(order[0].span, message, help);
        }
        None if !module.is_partial => {
            report.at(list.key.span, "`modulesLoadingOrder` needs `moduleName`", "write `moduleName` too")
        }
        _ => {}
    }
}

pub(in crate::lint) static IN_TREE_TWICE: Rule = Rule {
    id: "KMG233",
    name: "in-tree-modules-twice",
    severity: Severity::Error,
    summary: "A section has both `inTreeModuleToRemove` and `inTreeModulesToRemove`",
    why: "KMM's webhook refuses the Module.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "inTreeModulesToRemove: [driver_core]"
            "inTreeModuleToRemove: driver"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 10,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "inTreeModulesToRemove: [driver_core, driver]"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(in_tree_twice),
};

const OLD: &str = "inTreeModuleToRemove";
const NEW: &str = "inTreeModulesToRemove";

/// The entry of the old field, which KMM ignores if it is empty.
fn old_in_tree(node: &kmodgen_yaml::Node) -> Option<&kmodgen_yaml::Entry> {
    entry(node, OLD).filter(|_| text(node, OLD).is_none_or(|kmod| !kmod.text.is_empty()))
}

fn in_tree_twice(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let nodes = module.container.into_iter().chain(module.mappings.iter().map(|mapping| mapping.node));
    for node in nodes {
        if let (Some(old), Some(new)) = (old_in_tree(node), entry(node, NEW)) {
            let help = format!("add its kmod to `{NEW}`, and remove it");
            report.beside(old.key.span, (new.key.span, "the other one"), format!("`{OLD}` is beside `{NEW}`"), help);
        }
    }
}

pub(in crate::lint) static IN_TREE_DEPRECATED: Rule = Rule {
    id: "KMG234",
    name: "deprecated-in-tree-module",
    severity: Severity::Warning,
    summary: "`inTreeModuleToRemove` is deprecated",
    why: "KMM 2.1 replaced the field with a list, `inTreeModulesToRemove`, and will remove it.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "inTreeModuleToRemove: driver"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 9,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "inTreeModulesToRemove: [driver]"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(in_tree_deprecated),
};

fn in_tree_deprecated(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let nodes = module.container.into_iter().chain(module.mappings.iter().map(|mapping| mapping.node));
    for node in nodes.filter(|node| entry(node, NEW).is_none()) {
        if let Some(old) = old_in_tree(node) {
            let kmod = text(node, OLD).map_or("NAME", |kmod| kmod.text);
            report.at(old.key.span, format!("`{OLD}` is deprecated"), format!("write `{NEW}: [{kmod}]`"));
        }
    }
}

pub(in crate::lint) static COPIED_FOLDERS: Rule = Rule {
    id: "KMG235",
    name: "folder-that-the-worker-cannot-copy",
    severity: Severity::Error,
    summary: "`dirName` or `firmwarePath` is a path that KMM's worker cannot copy",
    why: "KMM's worker copies both folders of the image with a shell, without quotes: no variable is expanded, and spaces \
          and special characters split the path. `/tmp` holds the volume that it copies to.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver, firmwarePath: /firmware/${KERNEL_FULL_VERSION}}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
        },
        line: 8,
    },
    right: module! {
        "modprobe: {moduleName: driver, firmwarePath: /firmware}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:5.14.0-427.28.1.el9_4.x86_64"
    },
    check: RuleCheck::Module(copied_folders),
};

fn copied_folders(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(modprobe) = module.modprobe else { return };
    for key in ["dirName", "firmwarePath"] {
        let Some(path) = text(modprobe, key).filter(|path| !path.text.is_empty()) else { continue };
        let checked = match key {
            "dirName" => k8s::copied_path(path.text),
            _ => k8s::firmware_path(path.text),
        };
        if let Err(invalid) = checked {
            let help =
                invalid.help.unwrap_or_else(|| "write an absolute path of letters, digits, `-`, `_` and `.`".into());
            report.at(path.span, invalid.message, help);
        }
    }
}
