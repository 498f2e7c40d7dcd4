//! Check of a Dockerfile that kmodgen generates from a user's template.

use std::sync::Arc;

use super::RULES;
use super::allow;
use super::dockerfile::builders;
use super::facts::{DockerfileContents, DockerfileFacts, TextPlace};
use super::rule::{Rule, RuleCheck, RuleReport};
use crate::manifest::AllowedRule;
use crate::vocabulary::{Diagnostic, Severity, SourceMap, Span};

/// Rules on sizes. `generate` has limits of its own, which depend on the platform.
static SIZES: [&Rule; 3] = [&builders::LARGE, &builders::LONG_LINE, &builders::LONG_RUN];

/// Returns what makes the build or the load of an image fail, in the order of the lines: the findings of severity error,
/// without those that comments of the Dockerfile or `allowed` allow. Their places are bytes of the text.
pub fn dockerfile_errors(text: &str, is_built_by_kmm: bool, allowed: &[&AllowedRule]) -> Vec<Diagnostic> {
    let mut sources = SourceMap::default();
    let source = sources.add("Dockerfile", text);
    let place = TextPlace::Same(Span::new(source, 0, text.len()));
    let facts = DockerfileFacts::of(Arc::new(DockerfileContents::of(text)), place, is_built_by_kmm);
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.severity == Severity::Error && !is_size(rule)) {
        if let RuleCheck::Dockerfile(check) = rule.check {
            check(&facts, &mut RuleReport::new(rule, &mut findings));
        }
    }
    findings.retain(|found| allowed.iter().all(|item| item.rule.value != found.code));
    if let Some(file) = sources.get(source) {
        // What is wrong with comments is for `kmodgen lint`.
        allow::apply(&mut findings, &mut allow::read(source, file), file);
    }
    super::sort(&mut findings);
    findings
}

fn is_size(rule: &Rule) -> bool {
    SIZES.iter().any(|size| size.id == rule.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_nobody_allows_are_found() {
        let text = "FROM a:latest AS builder\nRUN depmod -b /opt\nFROM b:1\nCOPY --from=bilder /opt/lib/modules /opt/lib/modules\n";
        let codes = |text: &str| -> Vec<&str> { dockerfile_errors(text, true, &[]).iter().map(|it| it.code).collect() };
        assert_eq!(codes(text), ["KMG110", "KMG121"]);
        let comment = text.replace("RUN depmod", "# kmodgen: allow KMG110: tried\nRUN depmod");
        assert_eq!(codes(&comment), ["KMG121"]);
    }
}
