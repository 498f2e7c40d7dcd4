//! Rules on commands that go wrong in a build of KMM.

use std::cell::LazyCell;

use super::super::facts::{CommandFacts, DockerfileFacts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::Severity;

pub(in crate::lint) static UNAME: Rule = Rule {
    id: "KMG127",
    name: "kernel-of-build-machine",
    severity: Severity::Error,
    summary: "A build asks for the kernel that runs it",
    why: "`uname -r` prints the kernel of the node or machine that builds the image. KMM builds for the kernels of other \
          nodes, and passes their release as KERNEL_FULL_VERSION.",
    wrong: RuleExample {
        text: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nARG KERNEL_FULL_VERSION\nRUN dnf install -y kernel-devel-$(uname -r)\n",
        line: 3,
    },
    right: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nARG KERNEL_FULL_VERSION\nRUN dnf install -y kernel-devel-${KERNEL_FULL_VERSION}\n",
    check: RuleCheck::Dockerfile(uname),
};

fn uname(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for command in file.commands.iter().filter(|command| file.is_for_kmm && command.program == "uname") {
        let asks = command.arguments.iter().any(|one| {
            one.text == "--kernel-release"
                || (one.text.starts_with('-') && !one.text.starts_with("--") && one.text.contains('r'))
        });
        let before = file.text.get(..command.span.start).unwrap_or_default();
        let is_default = [":-$(", ":-`", ":=$("].iter().any(|start| before.trim_end().ends_with(start));
        // A message, or a comparison with the release that is built for.
        let statement = before.rsplit(['\n', ';', '&', '|']).next().unwrap_or_default().trim_start();
        let is_shown =
            ["echo", "RUN echo", "printf", "[", "test", "if"].iter().any(|start| statement.starts_with(start));
        if asks && !is_default && !is_shown {
            report.at(
                file.span(command.span),
                "this is the kernel of the build machine",
                "use `${KERNEL_FULL_VERSION}`",
            );
        }
    }
}

pub(in crate::lint) static NEEDS_ANSWER: Rule = Rule {
    id: "KMG128",
    name: "install-without-yes",
    severity: Severity::Error,
    summary: "A package manager asks before it installs",
    why: "No one answers in a build: the package manager takes the end of its input for no, and the build fails.",
    wrong: RuleExample { text: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN dnf install gcc make\n", line: 2 },
    right: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN dnf install -y gcc make\n",
    check: RuleCheck::Dockerfile(needs_answer),
};

fn needs_answer(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let is_set =
        LazyCell::new(|| ["assumeyes", "Assume-Yes", "assume-yes"].iter().any(|text| file.text.contains(text)));
    for command in &file.commands {
        let (verbs, option): (&[&str], &str) = match command.program.as_str() {
            "dnf" | "yum" => (&["install", "groupinstall", "localinstall"], "-y"),
            "apt-get" | "apt" => (&["install"], "-y"),
            "zypper" => (&["install", "in"], "-n"),
            _ => continue,
        };
        let verb = command.operands().find(|one| verbs.contains(&one.text.as_str()));
        let answers = command.arguments.iter().any(|one| {
            let text = one.text.as_str();
            let is_short = text.starts_with('-') && !text.starts_with("--");
            matches!(
                text,
                "--yes"
                    | "--non-interactive"
                    | "--no-confirm"
                    | "--downloadonly"
                    | "-qq"
                    | "--help"
                    | "--assumeno"
                    | "--force-yes"
            ) || text.starts_with('$')
                || (is_short
                    && (text.contains('y')
                        || (option == "-n" && text.contains('n'))
                        || text.contains("qq")
                        || text.contains('s') && command.program.starts_with("apt")))
        });
        if let Some(verb) = verb.filter(|_| !answers && !command.reads_pipe && !*is_set) {
            let message = format!("`{} {}` asks before it installs", command.program, verb.text);
            let help = match option {
                "-n" => "write `zypper -n install`".to_owned(),
                _ => format!("write `{} {} -y`", command.program, verb.text),
            };
            report.at(file.span(command.span), message, help);
        }
    }
}

pub(in crate::lint) static MAKE_WITHOUT_KERNEL: Rule = Rule {
    id: "KMG129",
    name: "make-without-kernel",
    severity: Severity::Warning,
    summary: "make builds kmods without the kernel to build for",
    why: "Makefiles of drivers build for `uname -r` unless a variable names the kernel, which is the one of the build \
          machine rather than the node's.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_FULL_VERSION
WORKDIR /build
RUN make all
RUN install -D driver.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/extra/driver.ko && depmod -b /opt ${KERNEL_FULL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt /opt
",
        line: 5,
    },
    right: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_FULL_VERSION
WORKDIR /build
RUN make all KVERSION=${KERNEL_FULL_VERSION}
RUN install -D driver.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/extra/driver.ko && depmod -b /opt ${KERNEL_FULL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt /opt
",
    check: RuleCheck::Dockerfile(make_without_kernel),
};

fn make_without_kernel(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    if !file.is_for_kmm {
        return;
    }
    for command in file.commands.iter().filter(|command| command.program == "make") {
        let own: Vec<&CommandFacts> = file.commands.iter().filter(|one| one.stage == command.stage).collect();
        let is_driver = own.iter().any(|one| one.mentions(".ko"));
        let is_configured =
            own.iter().any(|one| one.is_script || one.program.ends_with("configure") || one.program == "cmake");
        let mut names = command.arguments.iter().map(|one| one.text.as_str());
        let names_kernel = names
            .any(|text| text.contains(['$', '=']) || text.contains("/lib/modules") || text.contains("/usr/src"))
            || command.assignments.iter().any(|(name, _)| name.starts_with('K') || name.contains("LINUX"))
            || command.operands().any(|one| matches!(one.text.as_str(), "clean" | "distclean" | "install"));
        let declared = file.stages.get(command.stage).map(|stage| &stage.declared);
        let is_declared = declared.into_iter().flatten().any(|name| {
            name != "KERNEL_FULL_VERSION"
                && (name.starts_with("KVER")
                    || name.starts_with("KDIR")
                    || name.starts_with("KSRC")
                    || name.starts_with("KERNEL"))
        });
        let exports = own.iter().any(|one| one.program == "export");
        if is_driver && !is_configured && !names_kernel && !is_declared && !exports {
            let help = "pass the variable of the Makefile, such as `make KVERSION=${KERNEL_FULL_VERSION}`";
            report.at(file.span(command.span), "make has no kernel to build for", help);
        }
    }
}
