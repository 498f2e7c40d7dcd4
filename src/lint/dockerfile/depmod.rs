//! Rules on depmod.

use super::super::facts::{CommandFacts, CopyFacts, DockerfileFacts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, is_kmod_file};
use dockerfile_reader::Target;

/// A Dockerfile that builds a kmod, with the RUN of line 5 to be filled in.
macro_rules! built {
    ($run:literal) => {
        concat!(
            "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nARG KERNEL_VERSION\n",
            "RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules\n",
            $run,
            "\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nARG KERNEL_VERSION\n",
            "COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}\n",
        )
    };
}

pub(in crate::lint) static WITHOUT_RELEASE: Rule = Rule {
    id: "KMG110",
    name: "depmod-without-release",
    severity: Severity::Error,
    summary: "depmod runs without the release of the kernel",
    why: "Without a release, depmod takes the kernel of the machine that builds the image. It then fails, or writes the \
          index of another kernel, and modprobe finds no kmod on the node.",
    wrong: RuleExample { text: built!("RUN depmod -b /opt"), line: 5 },
    right: built!("RUN depmod -b /opt ${KERNEL_VERSION}"),
    check: RuleCheck::Dockerfile(without_release),
};

/// Options of depmod that take a value.
const WITH_VALUE: [&str; 12] =
    ["-b", "--basedir", "-m", "--moduledir", "-o", "--outdir", "-C", "--config", "-E", "--symvers", "-F", "--filesyms"];

/// Returns the operands of a depmod: the release, and files.
fn operands(command: &CommandFacts) -> Vec<&str> {
    let (mut operands, mut is_value) = (Vec::new(), false);
    for argument in &command.arguments {
        let text = argument.text.as_str();
        // `-ab DIR` also takes a value.
        let takes_value = WITH_VALUE.contains(&text)
            || (text.starts_with('-') && !text.starts_with("--") && text.ends_with(['b', 'm', 'o', 'C', 'E', 'F']));
        if !std::mem::replace(&mut is_value, takes_value) && !text.starts_with('-') {
            operands.push(text);
        }
    }
    operands
}

fn depmods<'f>(file: &'f DockerfileFacts<'_>) -> impl Iterator<Item = &'f CommandFacts> {
    file.commands.iter().filter(|command| command.program == "depmod" && !only_shows(command))
}

fn only_shows(command: &CommandFacts) -> bool {
    let mut options = command.arguments.iter().map(|one| one.text.as_str());
    options.any(|one| matches!(one, "-V" | "--version" | "-h" | "--help" | "-n" | "--dry-run" | "--show"))
}

fn without_release(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let has_right_one = depmods(file).any(|command| !operands(command).is_empty());
    for command in depmods(file).filter(|command| file.is_for_kmm && operands(command).is_empty()) {
        // One for the builder's own modules does no harm.
        if has_right_one && !command.mentions("/opt") {
            continue;
        }
        let name =
            if file.arguments.contains_key("KERNEL_FULL_VERSION") { "KERNEL_FULL_VERSION" } else { "KERNEL_VERSION" };
        let shown: Vec<&str> = command.arguments.iter().map(|one| one.text.as_str()).collect();
        let help = match shown.is_empty() {
            true => format!("write `depmod -b /opt ${{{name}}}`"),
            false => format!("write `depmod {} ${{{name}}}`", shown.join(" ")),
        };
        report.at(file.span(command.span), "depmod runs for the kernel of the build machine", help);
    }
}

pub(in crate::lint) static BEFORE_COPY: Rule = Rule {
    id: "KMG111",
    name: "depmod-before-copy",
    severity: Severity::Error,
    summary: "A kmod is copied to its place after the last depmod of the image",
    why: "depmod lists the kmods that are there when it runs. modprobe finds a kmod by this list alone, so one that comes \
          later cannot be loaded.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_VERSION
RUN depmod -b /opt ${KERNEL_VERSION}
COPY --from=builder /build/driver.ko /opt/lib/modules/${KERNEL_VERSION}/extra/
",
        line: 8,
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
    check: RuleCheck::Dockerfile(before_copy),
};

fn is_kmod_copy(copy: &CopyFacts) -> bool {
    copy.sources.iter().any(|source| is_kmod_file(source)) && copy.target.contains("lib/modules")
}

fn before_copy(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    beside_index(file, report);
    for copy in file.last_copies().filter(|copy| file.is_for_kmm && is_kmod_copy(copy)) {
        let chain = file.last().map(|last| file.chain(last)).unwrap_or_default();
        let own: Vec<&CommandFacts> = depmods(file).filter(|command| chain.contains(&command.stage)).collect();
        let is_last = own.iter().all(|command| command.instruction < copy.instruction);
        // What is copied with its own index, or indexed by a script, is another case.
        let may_index =
            file.commands.iter().any(|command| command.instruction > copy.instruction && may_run_depmod(command));
        if let Some(last) = own.last().filter(|_| is_last && !may_index) {
            let other = (file.span(last.span), "the last depmod");
            let message = "this kmod is not in the index that depmod wrote before";
            report.beside(file.span(copy.span), other, message, "move the depmod below");
        }
    }
}

/// Reports kmods of other stages that are copied beside the index that a depmod of the builder wrote.
fn beside_index(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let Some(last) = file.last().filter(|_| file.is_for_kmm) else { return };
    let index = depmods(file).find(|command| !operands(command).is_empty());
    let Some(index) = index.filter(|_| !indexes(file, last)) else { return };
    let has_index = file.last_copies().any(|copy| stage_of(copy) == Some(index.stage) && !is_kmod_copy(copy));
    let indexed = file.chain(index.stage);
    for copy in file.last_copies().filter(|copy| has_index && is_kmod_copy(copy)) {
        let Some(stage) = stage_of(copy).filter(|stage| !indexed.contains(stage)) else { continue };
        if !gives_files(file, stage, &indexed) && !indexes(file, stage) {
            let other = (file.span(index.span), "the depmod");
            let message = "this kmod is not in the index, which depmod wrote in another stage";
            let help = "copy the kmod to the folder in that stage, before its depmod";
            report.beside(file.span(copy.span), other, message, help);
        }
    }
}

/// The stage that a COPY takes files from.
fn stage_of(copy: &CopyFacts) -> Option<usize> {
    match copy.from {
        Some((Target::Stage(stage), ..)) => Some(stage),
        _ => None,
    }
}

/// Checks if one of the stages takes files of another stage.
fn gives_files(file: &DockerfileFacts<'_>, stage: usize, to: &[usize]) -> bool {
    file.file.instructions.iter().enumerate().any(|(number, _)| {
        let is_in = file.file.stage_of(number).is_some_and(|one| to.contains(&one));
        is_in && file.file.references(number).iter().any(|one| one.target == Target::Stage(stage))
    })
}

/// Checks if a stage may have an index of its own.
fn indexes(file: &DockerfileFacts<'_>, stage: usize) -> bool {
    let chain = file.chain(stage);
    file.commands
        .iter()
        .any(|command| chain.contains(&command.stage) && (command.program == "depmod" || may_run_depmod(command)))
}

/// Checks for a command that may run depmod itself.
pub(super) fn may_run_depmod(command: &CommandFacts) -> bool {
    match command.program.as_str() {
        "" | "dkms" | "weak-modules" | "sh" | "bash" | "rpm" | "dpkg" | "eval" | "source" | "." | "xargs"
        | "chroot" | "python3" | "kernel-install" | "dracut" => true,
        "make" | "ninja" | "meson" | "cmake" | "gmake" => {
            // A variable may be a target.
            let mut operands = command.operands().map(|one| one.text.as_str());
            operands.any(|one| one.contains("install") || (one.contains('$') && !one.contains(['/', '='])))
        }
        "dnf" | "yum" | "apt-get" | "apt" | "zypper" | "microdnf" => {
            command.mentions("kmod-") || command.mentions("dkms")
        }
        _ => command.is_script,
    }
}

pub(in crate::lint) static BY_BUSYBOX: Rule = Rule {
    id: "KMG112",
    name: "depmod-of-busybox",
    severity: Severity::Error,
    summary: "depmod runs in an image of Alpine or BusyBox without kmod",
    why: "BusyBox's depmod writes no `.bin` files, and modprobe of KMM's worker, which is kmod's, then finds no kmod.",
    wrong: RuleExample {
        text: "\
FROM docker.io/library/alpine:3.20
ARG KERNEL_VERSION
RUN apk add --no-cache make gcc
RUN depmod -b /opt ${KERNEL_VERSION}
",
        line: 4,
    },
    right: "\
FROM docker.io/library/alpine:3.20
ARG KERNEL_VERSION
RUN apk add --no-cache make gcc kmod
RUN depmod -b /opt ${KERNEL_VERSION}
",
    check: RuleCheck::Dockerfile(by_busybox),
};

fn by_busybox(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for command in depmods(file).filter(|_| file.is_for_kmm) {
        let image = file.root_image(command.stage).unwrap_or_default();
        let name = image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
        let chain = file.chain(command.stage);
        let has_kmod = file.commands.iter().any(|other| {
            chain.contains(&other.stage) && (other.program == "apk" && other.mentions("kmod") || other.is_script)
        });
        if matches!(name, "alpine" | "busybox") && !has_kmod {
            let message = "this is BusyBox's depmod, whose index modprobe cannot read";
            report.at(file.span(command.span), message, "write `RUN apk add kmod` above, or run depmod in the builder");
        }
    }
}

pub(in crate::lint) static ABSENT: Rule = Rule {
    id: "KMG113",
    name: "no-depmod",
    severity: Severity::Error,
    summary: "No depmod runs for the kmods of the image",
    why: "modprobe finds kmods by the index that depmod writes into `lib/modules/RELEASE`. KMM copies the folder from the \
          image and runs modprobe, but no depmod.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules
FROM registry.access.redhat.com/ubi9/ubi:9.4
ARG KERNEL_VERSION
COPY --from=builder /build/driver.ko /opt/lib/modules/${KERNEL_VERSION}/extra/
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
    check: RuleCheck::Dockerfile(absent),
};

fn absent(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let may_index = |command: &CommandFacts| command.program == "depmod" || may_run_depmod(command);
    if !file.is_for_kmm || file.commands.iter().any(may_index) || file.text.contains("depmod") {
        return;
    }
    let from_image = |copy: &CopyFacts| matches!(copy.from, Some((Target::Image(_), ..)));
    if file.last_copies().any(|copy| from_image(copy) || copy.target == "/" || copy.from.is_none()) {
        return;
    }
    if let Some(copy) = file.last_copies().find(|copy| is_kmod_copy(copy)) {
        let help =
            "write `RUN depmod -b /opt ${KERNEL_VERSION}` below, or copy the folder with the index of the builder";
        report.at(file.span(copy.span), "no depmod runs for this kmod", help);
    }
}
