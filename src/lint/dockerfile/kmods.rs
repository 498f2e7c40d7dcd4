//! Rules on the way of kmods into the last stage.

use dockerfile_reader::Base;

use super::super::facts::{CommandFacts, DockerfileFacts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use super::depmod::may_run_depmod;
use crate::vocabulary::{Severity, is_kmod_file};

pub(in crate::lint) static BUILDER_IS_IMAGE: Rule = Rule {
    id: "KMG114",
    name: "builder-is-image",
    severity: Severity::Warning,
    summary: "The image is the builder itself, with its compiler and kernel headers",
    why: "Each node pulls the image to load the kmods, and KMM starts a Pod with it to see if it exists. A Driver Toolkit \
          has more than a gigabyte; the kmods fit into a small image with `sh`, `cp` and `mkdir`.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO}
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules_install
",
        line: 2,
    },
    right: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
",
    check: RuleCheck::Dockerfile(builder_is_image),
};

/// Checks for a command that builds kmods with Kbuild.
pub(super) fn builds_kmods(command: &CommandFacts) -> bool {
    let is_make = command.program == "make" && command.arguments.iter().any(|one| names_kernel(&one.text));
    is_make || (command.program == "dkms" && command.has("build"))
}

fn names_kernel(argument: &str) -> bool {
    argument.contains("/lib/modules/") || argument.contains("/usr/src/") || argument.starts_with("M=")
}

fn builder_is_image(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(last) = file.last() else { return };
    let root = file.chain(last).last().and_then(|root| file.stages.get(*root));
    let Some(root) = root.filter(|_| file.is_for_kmm) else { return };
    let is_toolkit = root.image.contains("DTK_AUTO") || root.image.contains("driver-toolkit");
    if is_toolkit || file.last_commands().any(builds_kmods) {
        let help = "add a second FROM with a small image, and copy `/opt/lib/modules/${KERNEL_FULL_VERSION}` into it";
        report.at(file.span(root.span), "the last stage is the one that builds", help);
    }
}

pub(in crate::lint) static LEFT_BEHIND: Rule = Rule {
    id: "KMG115",
    name: "kmods-left-behind",
    severity: Severity::Error,
    summary: "Nothing of the stages that build kmods is copied to the last stage",
    why: "The image is the last stage alone. Without the kmods in it, KMM's worker fails on each node.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
RUN microdnf install -y kmod
",
        line: 5,
    },
    right: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
RUN microdnf install -y kmod
COPY --from=builder /opt/lib/modules /opt/lib/modules
",
    check: RuleCheck::Dockerfile(left_behind),
};

fn left_behind(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    // Others may choose another stage with `--target`.
    let Some(last) = file.last().filter(|_| file.is_built_by_kmm) else { return };
    let chain = file.chain(last);
    let builds_elsewhere = file.commands.iter().any(|one| builds_kmods(one) && !chain.contains(&one.stage));
    let takes = |instruction: usize| !file.file.references(instruction).is_empty();
    let instructions = 0..file.file.instructions.len();
    let takes_any =
        instructions.filter(|at| file.file.stage_of(*at).is_some_and(|stage| chain.contains(&stage))).any(takes);
    let Some(stage) = file.stages.get(last) else { return };
    if builds_elsewhere
        && !takes_any
        && !file.last_commands().any(builds_kmods)
        && !matches!(stage.base, Base::Stage(_))
    {
        let help =
            "write `COPY --from=STAGE /opt/lib/modules/${KERNEL_FULL_VERSION} /opt/lib/modules/${KERNEL_FULL_VERSION}`";
        report.at(file.span(stage.span), "the last stage takes nothing from the stages that build kmods", help);
    }
}

pub(in crate::lint) static OUTSIDE_OF_FOLDER: Rule = Rule {
    id: "KMG116",
    name: "kmod-outside-of-lib-modules",
    severity: Severity::Error,
    summary: "A kmod is copied to a folder in which KMM does not look",
    why: "KMM's worker copies `lib/modules/RELEASE` below `dirName`, which is `/opt` if it is not set, and modprobe loads \
          from there.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_VERSION
COPY --from=builder /build/driver.ko /kmods/
RUN depmod -b /opt ${KERNEL_VERSION}
",
        line: 7,
    },
    right: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_VERSION
COPY --from=builder /build/driver.ko /opt/lib/modules/${KERNEL_VERSION}/extra/
RUN depmod -b /opt ${KERNEL_VERSION}
",
    check: RuleCheck::Dockerfile(outside_of_folder),
};

fn moves(command: &CommandFacts) -> bool {
    matches!(command.program.as_str(), "mv" | "cp" | "ln" | "install" | "find" | "") || command.is_script
}

fn outside_of_folder(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    if !file.is_built_by_kmm {
        return;
    }
    let Some(last) = file.last() else { return };
    // A program of the image may load or move the kmods, and a variable or WORKDIR may be the right folder.
    let has_entrypoint = [dockerfile_reader::Keyword::Entrypoint, dockerfile_reader::Keyword::Cmd];
    if has_entrypoint.iter().any(|keyword| file.instructions(*keyword).next().is_some()) {
        return;
    }
    moved_outside(file, report);
    if file.last_commands().any(moves) {
        return;
    }
    for copy in file.copies.iter().filter(|copy| copy.stage == last) {
        let is_elsewhere =
            copy.target.starts_with('/') && !copy.target.contains("lib/modules") && !copy.target.contains('$');
        if is_elsewhere && !copy.sources.is_empty() && copy.sources.iter().all(|source| is_kmod_file(source)) {
            let message = format!("KMM does not look for kmods in `{}`", copy.target);
            report.at(file.span(copy.span), message, "copy it to `/opt/lib/modules/${KERNEL_FULL_VERSION}/extra/`");
        }
    }
}

/// Reports kmods that a command puts elsewhere, if the Dockerfile names no folder of KMM's worker at all.
fn moved_outside(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let may_install = file.commands.iter().any(may_run_depmod) || file.text.contains("INSTALL_MOD_PATH");
    let may_copy = file.last_copies().any(|copy| copy.target == "/" || copy.target.starts_with("/opt"));
    if may_install || may_copy || names_folder_below(file.text) {
        return;
    }
    for command in file.last_commands().filter(|one| matches!(one.program.as_str(), "cp" | "mv" | "install")) {
        let operands: Vec<&str> = command.operands().map(|one| one.text.as_str()).collect();
        let Some((target, sources)) = operands.split_last() else { continue };
        let is_elsewhere = target.starts_with('/') && !target.contains('$');
        if is_elsewhere && !sources.is_empty() && sources.iter().all(|source| is_kmod_file(source)) {
            let message = format!("KMM does not look for kmods in `{target}`");
            report.at(file.span(command.span), message, "copy it to `/opt/lib/modules/${KERNEL_FULL_VERSION}/extra/`");
        }
    }
}

/// Checks for a folder `lib/modules` that is not the one of the kernel itself.
fn names_folder_below(text: &str) -> bool {
    let mut found = text.match_indices("/lib/modules");
    found.any(|(at, _)| {
        text[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '}' | '.' | '_'))
    })
}

pub(in crate::lint) static WHOLE_TREE: Rule = Rule {
    id: "KMG117",
    name: "in-tree-modules-copied",
    severity: Severity::Warning,
    summary: "All modules of the kernel itself are copied into the image",
    why: "The copy has hundreds of megabytes, and modprobe may load the kernel's own modules from it. A symlink \
          `/opt/lib/modules/RELEASE/host` to `/lib/modules/RELEASE` is enough: KMM's worker has the node's folder there.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder /lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
",
        line: 7,
    },
    right: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules modules_install
RUN ln -s /lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}/host
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
",
    check: RuleCheck::Dockerfile(whole_tree),
};

/// Checks for the folder of all kernels, that of one, or its folder `kernel`.
fn is_whole_tree(path: &str) -> bool {
    let rest = path.strip_prefix("/usr").unwrap_or(path);
    let Some(rest) = rest.strip_prefix("/lib/modules") else { return false };
    let rest = rest.trim_start_matches('/').trim_end_matches(['/', '*', '.']);
    rest.split_once('/').is_none_or(|(_, below)| below == "kernel")
}

/// The sources and the target of a recursive `cp`.
fn copied_folders(command: &CommandFacts) -> Option<(Vec<&str>, &str)> {
    if command.program != "cp" {
        return None;
    }
    let is_recursive = command
        .arguments
        .iter()
        .any(|one| one.text == "--recursive" || (one.text.starts_with('-') && one.text.contains(['r', 'R', 'a'])));
    let mut operands: Vec<&str> = command.operands().map(|one| one.text.as_str()).collect();
    let target = operands.pop().filter(|_| is_recursive)?;
    Some((operands, target.trim_end_matches('/')))
}

fn whole_tree(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let help = "install only your kmods to `/opt`, and link `host` to the node's modules";
    let copied = file.commands.iter().filter_map(|command| Some((command, copied_folders(command)?)));
    let copied: Vec<_> =
        copied.filter(|(_, (sources, _))| sources.iter().any(|source| is_whole_tree(source))).collect();
    for copy in file.last_copies().filter(|copy| copy.from.is_some() && copy.target.contains("lib/modules")) {
        let has_tree = |source: &String| {
            let source = source.trim_end_matches(['/', '*', '.']);
            is_whole_tree(source) || copied.iter().any(|(_, (_, target))| *target == source)
        };
        if copy.sources.iter().any(has_tree) {
            report.at(file.span(copy.span), "this copies all modules of the kernel", help);
        }
    }
    for (command, _) in copied.iter().filter(|(_, (_, target))| target.starts_with("/opt")) {
        report.at(file.span(command.span), "this copies all modules of the kernel", help);
    }
}

pub(in crate::lint) static INSTALLED_ELSEWHERE: Rule = Rule {
    id: "KMG118",
    name: "modules-install-without-path",
    severity: Severity::Warning,
    summary: "`modules_install` has no INSTALL_MOD_PATH, but the kmods are taken from `/opt`",
    why: "Without INSTALL_MOD_PATH, Kbuild installs to `/lib/modules/RELEASE/extra` of the builder, and `/opt/lib/modules`, \
          from which the image takes its kmods, has none.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
",
        line: 4,
    },
    right: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
",
    check: RuleCheck::Dockerfile(installed_elsewhere),
};

/// Checks for another command that may fill the folder.
fn fills(command: &CommandFacts) -> bool {
    (command.program != "make" && command.program != "depmod" && command.mentions("/opt")) || command.is_script
}

fn installed_elsewhere(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    const PATH: &str = "INSTALL_MOD_PATH";
    let mut installs =
        file.commands.iter().filter(|one| one.program == "make" && one.has("modules_install")).peekable();
    if installs.peek().is_none() || file.text.contains(PATH) || file.commands.iter().any(fills) {
        return;
    }
    if !file.last_copies().any(|copy| copy.sources.iter().any(|source| source.starts_with("/opt/lib/modules"))) {
        return;
    }
    for command in installs {
        let help = "add `INSTALL_MOD_PATH=/opt`";
        report.at(file.span(command.span), "this installs the kmods to the builder's own `/lib/modules`", help);
    }
}
