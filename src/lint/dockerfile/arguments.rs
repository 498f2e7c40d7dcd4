//! Rules on build arguments.

use dockerfile_reader::Keyword;

use super::super::facts::{DockerfileFacts, KMM_ARGUMENTS, UndeclaredVariable};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::Severity;

pub(in crate::lint) static UNDECLARED_IN_STAGE: Rule = Rule {
    id: "KMG101",
    name: "argument-not-declared-in-stage",
    severity: Severity::Error,
    summary: "A stage uses an ARG that only another stage, or the top of the Dockerfile, declares",
    why: "An ARG is known in its own stage alone, and one before the first FROM in FROM lines alone. Elsewhere the \
          variable is empty: `make -C /lib/modules//build` fails, and `depmod -b /opt` runs for another kernel.",
    wrong: RuleExample {
        text: "\
ARG KERNEL_VERSION
FROM registry.access.redhat.com/ubi9/ubi:9.4
RUN dnf install -y kernel-devel-${KERNEL_VERSION}
",
        line: 3,
    },
    right: "\
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_VERSION
RUN dnf install -y kernel-devel-${KERNEL_VERSION}
",
    check: RuleCheck::Dockerfile(undeclared_in_stage),
};

fn undeclared_in_stage(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let mut seen = Vec::new();
    for variable in &file.undeclared {
        let Some(stage) = variable.stage else { continue };
        // The environment of the base image may have a variable of this name.
        let is_common =
            matches!(variable.name.as_str(), "PATH" | "HOME" | "USER" | "PWD" | "HOSTNAME" | "TERM" | "SHELL");
        if is_common || !file.arguments.contains_key(&variable.name) || seen.contains(&(stage, &variable.name)) {
            continue;
        }
        seen.push((stage, &variable.name));
        let message = format!("`${{{}}}` is empty here: this stage does not declare it", variable.name);
        report.at(file.span(variable.span), message, format!("write `ARG {}` in this stage, above", variable.name));
    }
}

pub(in crate::lint) static UNDECLARED_KMM_ARGUMENT: Rule = Rule {
    id: "KMG102",
    name: "undeclared-kmm-argument",
    severity: Severity::Error,
    summary: "A Dockerfile uses a build argument of KMM without an ARG",
    why: "KMM passes KERNEL_VERSION, KERNEL_FULL_VERSION, MOD_NAME and MOD_NAMESPACE as build arguments. Builders drop a \
          build argument that no ARG declares, and the variable is empty.",
    wrong: RuleExample {
        text: "\
FROM registry.access.redhat.com/ubi9/ubi:9.4
RUN dnf install -y kernel-devel-${KERNEL_FULL_VERSION}
",
        line: 2,
    },
    right: "\
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_FULL_VERSION
RUN dnf install -y kernel-devel-${KERNEL_FULL_VERSION}
",
    check: RuleCheck::Dockerfile(undeclared_kmm_argument),
};

/// Parts of the names of images of distributions, which set no variable of KMM.
const DISTRIBUTIONS: [&str; 17] = [
    "DTK_AUTO",
    "driver-toolkit",
    "/ubi",
    "ubi8",
    "ubi9",
    "fedora",
    "centos",
    "debian",
    "ubuntu",
    "alpine",
    "rockylinux",
    "almalinux",
    "opensuse",
    "/bci",
    "suse/",
    "amazonlinux",
    "oraclelinux",
];

fn undeclared_kmm_argument(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let mut seen = Vec::new();
    for variable in &file.undeclared {
        let Some(stage) = variable.stage else { continue };
        let name = variable.name.as_str();
        let is_plain =
            file.root_image(stage).is_some_and(|image| DISTRIBUTIONS.iter().any(|part| image.contains(part)));
        let is_known = file.arguments.contains_key(name) || !KMM_ARGUMENTS.contains(&name) || !is_plain;
        if is_known || seen.contains(&(stage, name)) {
            continue;
        }
        seen.push((stage, name));
        let message = format!("`${{{name}}}` is empty here: no ARG declares it");
        report.at(file.span(variable.span), message, format!("write `ARG {name}` in this stage, above"));
    }
}

pub(in crate::lint) static UNDECLARED_IN_FROM: Rule = Rule {
    id: "KMG103",
    name: "undeclared-in-from",
    severity: Severity::Error,
    summary: "A FROM uses a variable that no ARG declares",
    why: "FROM lines see the ARGs before the first FROM. Without one, the name of the image is empty or incomplete, and \
          the build fails, whatever KMM passes as `DTK_AUTO`.",
    wrong: RuleExample {
        text: "FROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
        line: 1,
    },
    right: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
    check: RuleCheck::Dockerfile(undeclared_in_from),
};

fn undeclared_in_from(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    // Builders differ on an ARG between two stages: with some of them, the next FROM sees it.
    let is_before = |variable: &UndeclaredVariable| {
        let mut above = file.instructions(Keyword::Arg).filter(|one| one.span.start < variable.span.start);
        above.any(|one| one.pairs().iter().any(|pair| pair.name.text == variable.name))
    };
    for variable in file.undeclared.iter().filter(|variable| variable.stage.is_none() && !is_before(variable)) {
        let message = format!("`${{{}}}` is empty in this FROM", variable.name);
        report.at(file.span(variable.span), message, format!("write `ARG {}` before the first FROM", variable.name));
    }
}

pub(in crate::lint) static TOOLKIT_IN_COMMENT: Rule = Rule {
    id: "KMG104",
    name: "dtk-auto-in-comment",
    severity: Severity::Warning,
    summary: "`DTK_AUTO` is only in a comment",
    why: "KMM on OpenShift looks for this text in the whole Dockerfile, comments included. If it is there, KMM requires \
          the Driver Toolkit of the node's OpenShift release, and the build fails if it has none.",
    wrong: RuleExample {
        text: "# Like DTK_AUTO, but for Fedora\nFROM quay.io/fedora/fedora:41\nRUN gcc --version\n",
        line: 1,
    },
    right: "# Like a Driver Toolkit, but for Fedora\nFROM quay.io/fedora/fedora:41\nRUN gcc --version\n",
    check: RuleCheck::Dockerfile(toolkit_in_comment),
};

fn toolkit_in_comment(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    const NAME: &str = "DTK_AUTO";
    let comment = file.file.comments.iter().find(|comment| comment.of(file.text).contains(NAME));
    let Some(comment) = comment else { return };
    if !file.file.instructions.iter().any(|one| one.rest().contains(NAME)) {
        report.at(file.span(*comment), "KMM reads `DTK_AUTO` in this comment", "write it in other words");
    }
}

pub(in crate::lint) static HARD_CODED_RELEASE: Rule = Rule {
    id: "KMG105",
    name: "hard-coded-release",
    severity: Severity::Warning,
    summary: "A kernel release is hard-coded, although the Dockerfile has an ARG for it",
    why: "KMM builds the Dockerfile once for each kernel, and passes the release as KERNEL_FULL_VERSION. A release that is \
          written out is the same in each of these builds.",
    wrong: RuleExample {
        text: "\
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_FULL_VERSION
RUN dnf install -y kernel-devel-5.14.0-427.28.1.el9_4.x86_64
",
        line: 3,
    },
    right: "\
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_FULL_VERSION
RUN dnf install -y kernel-devel-${KERNEL_FULL_VERSION}
",
    check: RuleCheck::Dockerfile(hard_coded_release),
};

fn hard_coded_release(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let defaults: Vec<_> = KMM_ARGUMENTS[..2].iter().filter_map(|name| file.arguments.get(*name)).collect();
    if defaults.is_empty() {
        return;
    }
    for command in &file.commands {
        for argument in &command.arguments {
            let Some(release) = release_in(&argument.text) else { continue };
            if !defaults.iter().any(|values| values.contains(release)) {
                let message = format!("the release `{release}` is hard-coded");
                report.at(file.span(argument.span), message, "use `${KERNEL_FULL_VERSION}`");
            }
        }
    }
}

/// Finds a release such as `5.14.0-427.28.1.el9_4.x86_64` in a text.
fn release_in(text: &str) -> Option<&str> {
    const ENDS: [&str; 4] = [".x86_64", ".aarch64", ".ppc64le", ".s390x"];
    if !text.contains(".el") {
        return None;
    }
    let end = ENDS.iter().find_map(|end| Some(text.find(end)? + end.len()))?;
    // A flavour, as in `…x86_64+rt`.
    let end = end + text[end..].find(|c: char| !c.is_ascii_alphanumeric() && c != '+').unwrap_or(text.len() - end);
    let start = text[..end].find(|c: char| c.is_ascii_digit())?;
    let release = &text[start..end];
    let parts = release.split(['.', '-']).take(3).filter(|part| part.parse::<u32>().is_ok()).count();
    (parts == 3 && release.contains('-') && release.contains(".el") && !release.contains(['/', '*', '$']))
        .then_some(release)
}
