//! `lint`: findings of `kmodgen lint` that are allowed.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::declare::declare;
use super::decode;
use super::schema::Shape;
use crate::vocabulary::{Diagnostics, Invalid, Spanned};

declare! {
    /// Settings of `kmodgen lint`.
    #[derive(Debug, Clone, Default)]
    pub struct LintSettings: LINT, "`lint`" {
        default allow: Vec<AllowedRule> {
            takes: Shape::List(&Shape::Record(&ALLOWED_RULE)),
            says: "findings that are allowed",
            decode: allowed,
        }
    }
}

declare! {
    /// A rule whose findings are allowed.
    #[derive(Debug, Clone)]
    pub struct AllowedRule: ALLOWED_RULE, "an allowed finding" {
        required rule: Spanned<String> {
            takes: Shape::Text,
            says: "the rule, such as `KMG122`",
            advice: "write the id of a rule, such as `KMG122`",
            decode: decode::placed(rule),
        }
        required reason: String {
            takes: Shape::Text,
            says: "the reason why it is fine here",
            advice: "write the reason why it is fine here",
            decode: decode::parsed(reason),
        }
        default paths: Vec<glob::Pattern> {
            takes: Shape::List(&Shape::Text),
            says: "files, as patterns with `*`, `?` and `**` from the manifest's folder; default: all files",
            decode: paths,
        }
    }
}

impl AllowedRule {
    /// Returns whether it is about a file; `path` starts in the manifest's folder, and is `None` for files elsewhere.
    pub fn is_about(&self, path: Option<&str>) -> bool {
        self.paths.is_empty() || path.is_some_and(|path| self.paths.iter().any(|pattern| pattern.matches(path)))
    }
}

fn allowed(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<Vec<AllowedRule>> {
    let items = decode::items(node, &format!("`{key}`"), faults);
    Some(items.iter().filter_map(|item| AllowedRule::decode(item, faults)).collect())
}

fn rule(text: &str) -> Result<String, Invalid> {
    let is_rule =
        text.strip_prefix("KMG").is_some_and(|rest| rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit()));
    if is_rule {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not the id of a rule", text.escape_debug())).help("write an id such as `KMG122`"))
}

fn reason(text: &str) -> Result<String, Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::new("the reason is empty").help("write why the finding is fine here"));
    }
    decode::line(text)
}

fn paths(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<Vec<glob::Pattern>> {
    let items = decode::items(node, &format!("`{key}`"), faults);
    let patterns = items.iter().filter_map(|item| decode::text(item, "a path", faults, path)).map(|path| path.value);
    Some(patterns.collect())
}

fn path(text: &str) -> Result<glob::Pattern, Invalid> {
    let pattern = text.strip_prefix("./").unwrap_or(text);
    glob::Pattern::new(pattern)
        .map_err(|error| Invalid::new(format!("`{}` is not a pattern: {}", text.escape_debug(), error.msg)))
}

/// Reads the section of a manifest, whatever else is wrong with it.
pub fn read_lint(manifest: &Node, faults: &mut Diagnostics) -> LintSettings {
    let section = manifest.get("lint").filter(|section| !section.is_null());
    section.and_then(|section| LintSettings::decode(section, faults)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn an_allowed_finding_has_a_rule_and_a_reason() {
        let world = World::small();
        let fine = world.clone().and("lint: {allow: [{rule: KMG122, reason: a mirror, paths: ['vendor/**']}]}\n");
        assert_eq!(fine.identities(), world.identities());
        for (lint, said) in [
            ("{allow: [{rule: KMG1, reason: x}]}", "`KMG1` is not the id of a rule"),
            ("{allow: [{rule: KMG122}]}", "an allowed finding has no `reason`"),
            ("{allow: [{rule: KMG122, reason: ' '}]}", "the reason is empty"),
            ("{allow: [{rule: KMG122, reason: x, paths: ['a***']}]}", "`a***` is not a pattern"),
            ("{allow: [{rule: KMG122, reason: x, path: [a]}]}", "did you mean `paths`?"),
            ("{allow: x}", "expected a list for `allow`"),
        ] {
            let faults = world.clone().and(&format!("lint: {lint}\n")).faults();
            assert!(faults.len() == 1 && faults[0].contains(said), "{lint}: {faults:?}");
        }
    }
}
