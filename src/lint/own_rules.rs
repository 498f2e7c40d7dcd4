//! Rules on what is checked, rather than on what it says.

use super::rule::{Rule, RuleCheck, RuleExample};
use crate::vocabulary::Severity;

pub(super) static UNREADABLE: Rule = Rule {
    id: "KMG001",
    name: "unreadable-file",
    severity: Severity::Warning,
    summary: "A file cannot be read, so nothing in it is checked",
    why: "kmodgen skips the file and checks the others. It reads YAML with anchors and merge keys as kubectl does, \
          but no tags besides `!!str`: each program reads others in its own way. What kmodgen cannot read may still be \
          fine for them, so this is a warning.",
    wrong: RuleExample { text: "=== module.yaml\nkind: Module\nspec: [\n", line: 2 },
    right: "=== module.yaml\nkind: Module\nspec: {}\n",
    check: RuleCheck::Command,
};

pub(super) static WITHOUT_REASON: Rule = Rule {
    id: "KMG002",
    name: "allow-without-reason",
    severity: Severity::Warning,
    summary: "A comment that allows a rule has no reason",
    why: "A finding is about what KMM or its builders do. Whoever reviews the next change must know why it is fine \
          here, so a comment without a reason allows nothing.",
    wrong: RuleExample {
        text: "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n# kmodgen: allow KMG122\nRUN echo driver\n",
        line: 2,
    },
    right: "# kmodgen: allow KMG122: the mirror of our site rebuilds this tag for each kernel\nFROM registry.example.com/base/kmods:latest\n",
    check: RuleCheck::Command,
};

pub(super) static UNUSED: Rule = Rule {
    id: "KMG003",
    name: "unused-allow",
    severity: Severity::Warning,
    summary: "A comment or the manifest allows a rule that has no finding there",
    why: "A comment that stays behind after its finding is gone hides the next finding in its place, such as another \
          base image without a tag.",
    wrong: RuleExample {
        text: "# kmodgen: allow KMG122: our mirror keeps one image under this tag\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n",
        line: 1,
    },
    right: "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n",
    check: RuleCheck::Command,
};
