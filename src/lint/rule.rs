//! Declaration of a rule: everything that is known about it stands in one place.

use super::facts::{DockerfileFacts, ModuleFacts, ProjectFacts};
use crate::vocabulary::{Diagnostic, Severity, Span};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Stable number, such as `KMG101`. It is never used for another rule.
    pub id: &'static str,
    /// Name in a few words, such as `depmod-without-release`.
    pub name: &'static str,
    pub severity: Severity,
    /// Summary in one sentence, without a full stop.
    pub summary: &'static str,
    /// Behaviour of KMM or its builders that is the reason for the rule.
    pub why: &'static str,
    pub wrong: RuleExample,
    /// Files without any finding.
    pub right: &'static str,
    pub check: RuleCheck,
}

/// Files that have exactly one finding.
#[derive(Debug)]
pub struct RuleExample {
    /// Text of the file. A text that starts with `=== PATH` is several files, each after such a line.
    pub text: &'static str,
    /// Line of the finding, in the file that it is about.
    pub line: usize,
}

/// Function that finds what is wrong, by what it looks at.
#[derive(Debug, Clone, Copy)]
pub enum RuleCheck {
    /// The command itself reports it: a file that cannot be read, or a comment that allows a rule.
    Command,
    Dockerfile(fn(&DockerfileFacts<'_>, &mut RuleReport<'_>)),
    Module(fn(&ModuleFacts<'_>, &mut RuleReport<'_>)),
    /// Files together.
    Project(fn(&ProjectFacts<'_>, &mut RuleReport<'_>)),
}

impl RuleCheck {
    /// Returns what the rule looks at, for the documentation.
    pub fn subject(self) -> &'static str {
        match self {
            Self::Command => "Files and comments",
            Self::Dockerfile(_) => "Dockerfiles",
            Self::Module(_) => "Modules and ManagedClusterModules",
            Self::Project(_) => "Several files",
        }
    }
}

/// Collects the findings of one rule.
pub struct RuleReport<'r> {
    rule: &'static Rule,
    findings: &'r mut Vec<Diagnostic>,
}

impl<'r> RuleReport<'r> {
    pub(super) fn new(rule: &'static Rule, findings: &'r mut Vec<Diagnostic>) -> Self {
        Self { rule, findings }
    }

    /// Reports a finding at a place.
    pub(super) fn at(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.push(finding(self.rule, span, message).help(help));
    }

    /// Reports a finding that another place explains.
    pub(super) fn beside(
        &mut self,
        span: Span,
        (other, label): (Span, &str),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(finding(self.rule, span, message).context(other, label).help(help));
    }

    /// Reports what another check of kmodgen says, as a finding of this rule.
    pub(super) fn adopt(&mut self, diagnostic: Diagnostic) {
        self.push(Diagnostic { code: self.rule.id, severity: self.rule.severity, ..diagnostic });
    }

    fn push(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }
}

/// Returns a finding of a rule at a place.
pub(super) fn finding(rule: &'static Rule, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic { severity: rule.severity, ..Diagnostic::error(rule.id, message) }.at(span, "")
}
