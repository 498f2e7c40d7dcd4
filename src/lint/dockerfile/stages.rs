//! Rules on stages and what they take from each other.

use dockerfile_reader::{Base, Target};

use super::super::facts::DockerfileFacts;
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, is_kmod_file};

pub(in crate::lint) static NO_SHELL: Rule = Rule {
    id: "KMG119",
    name: "image-without-shell",
    severity: Severity::Error,
    summary: "The last stage has no `sh`, `cp` and `mkdir`",
    why: "KMM checks that an image exists with a Pod that runs `/bin/sh -c \"exit 0\"` in it, and copies the kmods out of \
          it with `cp` and `mkdir`. An image without them counts as missing.",
    wrong: RuleExample {
        text: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules modules_install
FROM scratch
COPY --from=builder /opt/lib/modules /opt/lib/modules
",
        line: 5,
    },
    right: "\
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build INSTALL_MOD_PATH=/opt modules modules_install
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt/lib/modules /opt/lib/modules
",
    check: RuleCheck::Dockerfile(no_shell),
};

fn is_kmod_folder(path: &str) -> bool {
    path.contains("lib/modules") || path.contains("firmware") || is_kmod_file(path) || is_opt(path)
}

fn is_opt(path: &str) -> bool {
    path.trim_end_matches('/') == "/opt"
}

fn no_shell(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let has_kmods = |target: &str| target.starts_with("/opt/lib/modules") || is_opt(target);
    let is_for_worker = file.is_built_by_kmm || file.last_copies().any(|copy| has_kmods(&copy.target));
    let Some(last) = file.last().filter(|_| file.is_for_kmm && is_for_worker) else { return };
    let Some(root) = file.chain(last).last().and_then(|root| file.stages.get(*root)) else { return };
    let is_bare = match &root.base {
        Base::Scratch => true,
        Base::Image(image) => {
            let name = image.to_ascii_lowercase();
            let is_debug = name.ends_with("debug") || name.contains("debug-");
            (name.contains("/distroless/") || name.contains("chainguard/static")) && !is_debug
        }
        Base::Stage(_) | Base::Unknown => false,
    };
    // Whatever is copied may be a whole system.
    let may_bring = |target: &str, sources: &[String]| {
        !is_kmod_folder(target) && !sources.iter().all(|source| is_kmod_folder(source))
    };
    let brings = file.last_copies().any(|copy| may_bring(&copy.target, &copy.sources) || copy.target == "/");
    let adds = file.copies.iter().any(|copy| copy.is_add && copy.stage == last);
    if is_bare && !brings && !adds {
        let help = "use a small image with a shell, such as `ubi-minimal` or `busybox`";
        report.at(file.span(root.span), format!("`{}` has no `sh`, `cp` and `mkdir`", root.image), help);
    }
}

pub(in crate::lint) static NO_CONTEXT: Rule = Rule {
    id: "KMG120",
    name: "copy-from-context",
    severity: Severity::Error,
    summary: "A COPY or ADD takes files from a build context, which KMM's builds do not have",
    why: "KMM builds the Dockerfile of a ConfigMap without a build context. There is no file that a COPY without `--from` \
          could copy, so the build fails. A Dockerfile with `DTK_AUTO` counts as one that KMM builds, because only KMM \
          sets this argument. If a pipeline sets it and builds with a context, allow the finding with a comment.",
    wrong: RuleExample {
        text: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nCOPY src /build\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /build /build\n",
        line: 3,
    },
    right: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN git clone --branch v1.0 https://git.example.com/driver.git /build\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /build /build\n",
    check: RuleCheck::Dockerfile(no_context),
};

fn is_local(source: &str) -> bool {
    !source.contains("://") && !source.contains('$') && !source.starts_with("git@")
}

fn no_context(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    if !file.is_built_by_kmm {
        return;
    }
    for copy in file.copies.iter().filter(|copy| copy.from.is_none()) {
        let has_heredoc = file.file.instructions.get(copy.instruction).is_some_and(|one| !one.heredocs.is_empty());
        if !has_heredoc && copy.sources.iter().any(|source| is_local(source)) {
            let help = "clone or download the files in a RUN, or copy them from an image with `--from`";
            report.at(file.span(copy.span), "there is no build context to copy from", help);
        }
    }
}

pub(in crate::lint) static UNKNOWN_STAGE: Rule = Rule {
    id: "KMG121",
    name: "copy-from-unknown-stage",
    severity: Severity::Error,
    summary: "`--from` names a stage that does not exist, or not yet",
    why: "A builder takes a name that is no earlier stage for an image of a public registry, and the build fails, or copies \
          files of someone else.",
    wrong: RuleExample {
        text: "\
FROM registry.access.redhat.com/ubi9/ubi:9.4 AS builder
RUN gcc --version
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=bulider /build /build
",
        line: 4,
    },
    right: "\
FROM registry.access.redhat.com/ubi9/ubi:9.4 AS builder
RUN gcc --version
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /build /build
",
    check: RuleCheck::Dockerfile(unknown_stage),
};

fn unknown_stage(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let names: Vec<&str> =
        file.file.stages.iter().take(100).filter_map(|stage| stage.name.as_ref()).map(|name| &*name.text).collect();
    for copy in &file.copies {
        let Some((target, written, span)) = &copy.from else { continue };
        let shown = written.escape_debug();
        match target {
            Target::Stage(stage) if *stage >= copy.stage => {
                let message = format!("`{shown}` is not an earlier stage");
                report.at(file.span(*span), message, "move the stage before this one");
            }
            Target::NoStage(_) => {
                report.at(
                    file.span(*span),
                    format!("there is no stage `{shown}`"),
                    "write the name of an earlier stage",
                );
            }
            Target::Image(image) if !image.contains(['/', ':', '.', '@']) => {
                if let Some(near) = crate::vocabulary::nearest(image, names.iter().copied()) {
                    let message = format!("there is no stage `{shown}`");
                    report.at(file.span(*span), message, format!("did you mean `--from={near}`?"));
                }
            }
            _ => {}
        }
    }
}
