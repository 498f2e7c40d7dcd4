//! Rules on the regexps of mappings.

use regex_syntax::ast::ErrorKind;
use regex_syntax::hir::Look;

use super::super::example::module;
use super::super::facts::ModuleFacts;
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, go_regexp};

/// Longest regexp that is looked at.
const LONGEST: usize = 10_000;

pub(in crate::lint) static REFUSED_REGEXP: Rule = Rule {
    id: "KMG215",
    name: "refused-regexp",
    severity: Severity::Error,
    summary: "A `regexp` is not one that Go can read",
    why: "KMM matches with Go's RE2, which has neither look-around nor back-references. With a regexp that it cannot \
          compile, KMM reconciles none of the Module's nodes.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - regexp: '^5\\.14\\.(?!0-70).+$'"
            "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
        },
        line: 10,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - regexp: '^5\\.14\\.0-[1-6].+$'"
        "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
    },
    check: RuleCheck::Module(refused_regexp),
};

fn refused_regexp(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    for regexp in module.mappings.iter().filter_map(|mapping| mapping.regexp) {
        if regexp.text.len() > LONGEST {
            continue;
        }
        let Err(error) = regex_syntax::ast::parse::Parser::new().parse(regexp.text) else { continue };
        if is_refused_by_go(error.kind()) {
            let message = format!("Go cannot read `{}`: {}", regexp.text.escape_debug(), error.kind());
            report.at(regexp.span, message, "write several mappings, the more specific ones first");
        }
    }
}

/// Checks for the errors that Rust and Go agree on; Go takes some texts that Rust refuses, such as a `{` by itself.
fn is_refused_by_go(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnsupportedLookAround
            | ErrorKind::UnsupportedBackreference
            | ErrorKind::GroupUnclosed
            | ErrorKind::GroupUnopened
            | ErrorKind::ClassUnclosed
            | ErrorKind::ClassRangeInvalid
            | ErrorKind::EscapeUnexpectedEof
            | ErrorKind::RepetitionMissing
    )
}

pub(in crate::lint) static OTHER_REGEXP: Rule = Rule {
    id: "KMG216",
    name: "regexp-of-another-language",
    severity: Severity::Warning,
    summary: "A `regexp` has a part that Go refuses, or reads differently than other programs",
    why: "KMM matches with Go's RE2. Flags such as `(?x)`, counts above 1000, `\\u0034`, and `&&` or `--` in a class are \
          refused there or mean something else than in Perl, Python or Rust.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - regexp: '^(?x)5\\.14\\..+$'"
            "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
        },
        line: 10,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - regexp: '^5\\.14\\..+$'"
        "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
    },
    check: RuleCheck::Module(other_regexp),
};

fn other_regexp(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    for regexp in module.mappings.iter().filter_map(|mapping| mapping.regexp) {
        if regexp.text.len() > LONGEST {
            continue;
        }
        if let Err(invalid) = go_regexp::check(regexp.text) {
            report.at(regexp.span, invalid.message, invalid.help.unwrap_or_default());
        }
    }
}

pub(in crate::lint) static UNANCHORED_REGEXP: Rule = Rule {
    id: "KMG217",
    name: "unanchored-regexp",
    severity: Severity::Warning,
    summary: "A `regexp` may match in the middle of a release",
    why: "KMM uses Go's MatchString, which looks for the regexp anywhere in the release: `5.14` also matches \
          `4.18.0-5514.el8`. `^` and `$` make it match the whole release.",
    wrong: RuleExample {
        text: module! {
            "modprobe: {moduleName: driver}"
            "kernelMappings:"
            "  - regexp: '5\\.14\\.0-427'"
            "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
        },
        line: 10,
    },
    right: module! {
        "modprobe: {moduleName: driver}"
        "kernelMappings:"
        "  - regexp: '^5\\.14\\.0-427\\..+$'"
        "    containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}"
    },
    check: RuleCheck::Module(unanchored_regexp),
};

fn is_open(text: &str) -> bool {
    matches!(text, ".*" | ".+")
}

fn unanchored_regexp(module: &ModuleFacts<'_>, report: &mut RuleReport<'_>) {
    for regexp in module.mappings.iter().filter_map(|mapping| mapping.regexp) {
        let text = regexp.text;
        if text.len() > LONGEST {
            continue;
        }
        let Ok(parsed) = regex_syntax::parse(text) else { continue };
        let properties = parsed.properties();
        let starts = properties.look_set_prefix().contains(Look::Start) || is_open(text.get(..2).unwrap_or_default());
        let end = text.len().saturating_sub(2);
        let ends = properties.look_set_suffix().contains(Look::End) || is_open(text.get(end..).unwrap_or_default());
        if !(starts && ends) {
            let shown = text.escape_debug();
            let message = format!("`{shown}` may match in the middle of a release");
            report.at(regexp.span, message, format!("write `{}`", anchored(text, starts, ends)));
        }
    }
}

/// Returns the regexp with the anchors that it lacks; a prefix or suffix that was meant to be open stays so.
fn anchored(text: &str, starts: bool, ends: bool) -> String {
    let has_choice = text.contains('|');
    let inner =
        if has_choice { format!("({})", text.trim_start_matches('^').trim_end_matches('$')) } else { text.into() };
    let start = if has_choice || !starts { "^" } else { "" };
    let end = match (has_choice, ends) {
        (true, true) => "$",
        (_, false) => ".*$",
        (false, true) => "",
    };
    format!("{start}{inner}{end}")
}
