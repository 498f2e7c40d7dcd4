//! Rules on what a mapping matches.

use std::collections::HashMap;

use super::super::example::module;
use super::super::facts::{ModuleFacts, Text};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{GoRegexp, KernelRelease, Severity};

/// Most regexps of a Module that are compared with the mappings after them.
const MOST_REGEXPS: usize = 50;

pub(in crate::lint) static LITERAL_AND_REGEXP: Rule = Rule {
    id: "KMG210",
    name: "literal-and-regexp",
    severity: Severity::Error,
    summary: "A mapping has both or neither of `literal` and `regexp`",
    why: "KMM's webhook refuses the Module: a mapping matches kernels by exactly one of the two.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
        },
        line: 10,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - regexp: '^.+$'"
        "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
    },
    check: RuleCheck::Module(literal_and_regexp),
};

fn literal_and_regexp(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    for mapping in &module.mappings {
        match (mapping.literal, mapping.regexp) {
            (Some(literal), Some(regexp)) => report.beside(
                regexp.span,
                (literal.span, "the other one"),
                "the mapping has both `literal` and `regexp`",
                "write two mappings, or remove one of the fields",
            ),
            (None, None) if !module.is_partial => report.at(
                mapping.node.span.at_start(),
                "the mapping has neither `literal` nor `regexp`",
                "write `literal: RELEASE`, with the release that `uname -r` prints",
            ),
            _ => {}
        }
    }
}

pub(in crate::lint) static SHADOWED_MAPPING: Rule = Rule {
    id: "KMG211",
    name: "shadowed-mapping",
    severity: Severity::Error,
    summary: "A mapping is never used, because an earlier one matches the same kernels",
    why: "KMM uses the first mapping that matches a node's kernel, in the order of the list. A later mapping for the same \
          kernel has no effect: its image is neither built nor loaded.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - regexp: '^5\\.14\\..+$'"
            "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:fixed"
        },
        line: 12,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:fixed"
        "  - regexp: '^5\\.14\\..+$'"
        "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
    },
    check: RuleCheck::Module(shadowed_mapping),
};

fn shadowed_mapping(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let mut literals: HashMap<&str, Text<'_>> = HashMap::new();
    let mut texts: HashMap<&str, Text<'_>> = HashMap::new();
    let mut regexps: Vec<(Text<'_>, GoRegexp)> = Vec::new();
    for mapping in &module.mappings {
        let (place, earlier) = match (mapping.literal, mapping.regexp) {
            (Some(literal), None) => {
                let same = literals.get(literal.text).copied();
                let release = literal.text.trim_end_matches('+');
                let matching = || regexps.iter().find(|(_, regexp)| regexp.is_match(release)).map(|(text, _)| *text);
                (literal, same.or_else(matching))
            }
            (None, Some(regexp)) => (regexp, texts.get(regexp.text).copied().or_else(|| catch_all(&regexps))),
            _ => continue,
        };
        if let Some(earlier) = earlier {
            let message = format!("this mapping is never used: `{}` matches its kernels first", earlier.text);
            let help = "move it before the other mapping, or remove one of them";
            report.beside(place.span, (earlier.span, "matches first"), message, help);
            continue;
        }
        if let Some(literal) = mapping.literal {
            literals.insert(literal.text, literal);
        }
        if let Some(regexp) = mapping.regexp {
            texts.insert(regexp.text, regexp);
            if regexps.len() < MOST_REGEXPS {
                regexps.extend(GoRegexp::parse(regexp.text).ok().map(|compiled| (regexp, compiled)));
            }
        }
    }
}

fn is_all(text: &str) -> bool {
    matches!(text.trim_start_matches('^').trim_end_matches('$'), ".*" | ".+" | "(.*)" | "(.+)")
}

/// Returns the first regexp that matches every release.
fn catch_all<'n>(regexps: &[(Text<'n>, GoRegexp)]) -> Option<Text<'n>> {
    regexps.iter().map(|(text, _)| *text).find(|text| is_all(text.text))
}

pub(in crate::lint) static UNUSABLE_RELEASE: Rule = Rule {
    id: "KMG212",
    name: "unusable-release",
    severity: Severity::Error,
    summary: "A `literal` is a release that KMM cannot handle",
    why: "KMM splits a release at `.`, `,` and `-` and fails if there are fewer than three parts. It trims a trailing \
          `+`, but modprobe looks for the kmods below `uname -r`, so such a kernel cannot load them. The release also \
          becomes a label, which takes 63 characters.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - literal: 6.1.0-custom+"
            "    containerImage: registry.example.com/driver:6.1.0-custom"
        },
        line: 10,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.81.1.el9_4.x86_64+rt"
        "    containerImage: registry.example.com/driver:5.14.0-427.81.1.el9_4.x86_64_rt"
    },
    check: RuleCheck::Module(unusable_release),
};

fn unusable_release(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    for literal in module.mappings.iter().filter_map(|mapping| mapping.literal) {
        if let Err(invalid) = KernelRelease::parse(literal.text) {
            let help = invalid.help.unwrap_or_else(|| "write the release that `uname -r` prints".into());
            report.at(literal.span, invalid.message, help);
        }
    }
}

pub(in crate::lint) static SAME_FORM: Rule = Rule {
    id: "KMG213",
    name: "releases-with-one-name",
    severity: Severity::Error,
    summary: "Two releases of a Module have the same DNS-safe form",
    why: "KMM names Builds, Pods and a label after the release: in lower case, with `-` for `.`, `_` and `+`. Two \
          releases with the same form share one Build, so one of the images is never built.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:one"
            "  - literal: 5.14.0-427.el9.4.x86_64"
            "    containerImage: registry.example.com/driver:two"
        },
        line: 12,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - literal: 5.14.0-427.el9_4.x86_64"
        "    containerImage: registry.example.com/driver:one"
        "  - literal: 5.14.0-503.el9_5.x86_64"
        "    containerImage: registry.example.com/driver:two"
    },
    check: RuleCheck::Module(same_form),
};

fn same_form(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    let mut forms: HashMap<String, Text<'_>> = HashMap::new();
    for literal in module.mappings.iter().filter_map(|mapping| mapping.literal) {
        let Ok(release) = KernelRelease::parse(literal.text) else { continue };
        match forms.get(release.dns_safe()) {
            Some(first) if first.text != literal.text => report.beside(
                literal.span,
                (first.span, "first here"),
                format!("`{}` and `{}` have the same DNS-safe form `{}`", literal.text, first.text, release.dns_safe()),
                "move one of them to a Module of its own",
            ),
            Some(_) => {}
            None => drop(forms.insert(release.dns_safe().to_owned(), literal)),
        }
    }
}

pub(in crate::lint) static UNMATCHED_MAPPING: Rule = Rule {
    id: "KMG214",
    name: "unmatched-mapping",
    severity: Severity::Warning,
    summary: "A mapping matches none of the kernels of `--kernels`",
    why: "KMM unloads a module from a node whose kernel has no mapping, and prints nothing. A mapping that matches no \
          kernel is often a misspelt release.",
    wrong: RuleExample {
        text: concat!(
            module! {
                "modprobe: {moduleName: driver}"
                "kernelMappings:"
                "  - literal: 5.14.0-427.28.1.el9_4.x86-64"
                "    containerImage: registry.example.com/driver:el9"
            },
            "=== kernels\n5.14.0-427.28.1.el9_4.x86_64\n",
        ),
        line: 10,
    },
    right: concat!(
        module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - literal: 5.14.0-427.28.1.el9_4.x86_64"
            "    containerImage: registry.example.com/driver:el9"
        },
        "=== kernels\n5.14.0-427.28.1.el9_4.x86_64\n",
    ),
    check: RuleCheck::Module(unmatched_mapping),
};

fn unmatched_mapping(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    if module.kernels.is_empty() {
        return;
    }
    for mapping in &module.mappings {
        let (place, is_matched) = match (mapping.literal, mapping.regexp) {
            (Some(literal), None) => (literal, module.kernels.iter().any(|kernel| kernel == literal.text)),
            (None, Some(regexp)) => {
                let Some(compiled) = GoRegexp::parse(regexp.text).ok() else { continue };
                (regexp, module.kernels.iter().any(|kernel| compiled.is_match(kernel)))
            }
            _ => continue,
        };
        if !is_matched {
            let message = format!("`{}` matches none of the {} listed kernels", place.text, module.kernels.len());
            report.at(place.span, message, "write a release of the list, or remove the mapping");
        }
    }
}
