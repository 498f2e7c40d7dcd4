//! Rules on what KMM's builders take.

use dockerfile_reader::{Keyword, ProblemKind, Span};

use super::super::facts::DockerfileFacts;
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::contract::dockerfile::LONGEST_ON_OPENSHIFT;
use crate::vocabulary::Severity;

/// A physical line of so many bytes makes buildah 1.28 drop the rest.
const LONGEST_LINE: usize = 64 << 10;

/// A RUN is one argument of a shell, which Linux limits.
const LONGEST_RUN: usize = 128 << 10;

pub(in crate::lint) static HEREDOC: Rule = Rule {
    id: "KMG130",
    name: "heredoc",
    severity: Severity::Warning,
    summary: "A Dockerfile that KMM builds has a heredoc",
    why: "The buildah of OpenShift's builds knows heredocs only in newer releases. buildah 1.28 takes their lines for \
          instructions, and the build fails.",
    wrong: RuleExample {
        text: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN <<EOF\ngcc --version\nEOF\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
        line: 3,
    },
    right: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
    check: RuleCheck::Dockerfile(heredoc),
};

fn heredoc(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let instructions = file.file.instructions.iter().filter(|one| file.is_built_by_kmm && !one.heredocs.is_empty());
    for instruction in instructions {
        let help = "write the lines with `printf '%s\\n' 'LINE' ...`, or join commands with `&&`";
        report.at(file.span(instruction.name), "builders of older OpenShift releases take no heredocs", help);
    }
}

pub(in crate::lint) static RUN_FLAG: Rule = Rule {
    id: "KMG131",
    name: "flag-of-run",
    severity: Severity::Warning,
    summary: "A RUN of a Dockerfile that KMM builds has a flag, such as `--mount`",
    why: "Upstream's KMM builds with kaniko, which takes no flags of RUN. OpenShift's KMM mounts the secrets of \
          `build.secrets` itself, at `/run/secrets`.",
    wrong: RuleExample {
        text: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN --mount=type=cache,target=/root/.cache gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
        line: 3,
    },
    right: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
    check: RuleCheck::Dockerfile(run_flag),
};

fn run_flag(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    if !file.is_built_by_kmm {
        return;
    }
    for flag in file.instructions(Keyword::Run).filter_map(|run| run.flags.first()) {
        let message = format!("kaniko does not take `--{}`", flag.name.text);
        report.at(file.span(flag.span), message, "remove the flag");
    }
}

pub(in crate::lint) static COPY_FLAG: Rule = Rule {
    id: "KMG132",
    name: "flag-of-copy",
    severity: Severity::Warning,
    summary: "A COPY or ADD of a Dockerfile that KMM builds has a flag that only BuildKit takes",
    why: "KMM builds with buildah on OpenShift and with kaniko upstream. Neither takes `--link`, `--parents`, `--exclude` \
          or `--keep-git-dir`: the build fails.",
    wrong: RuleExample {
        text: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --link --from=builder /opt /opt\n",
        line: 5,
    },
    right: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
    check: RuleCheck::Dockerfile(copy_flag),
};

fn copy_flag(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for copy in file.copies.iter().filter(|_| file.is_built_by_kmm) {
        for (name, span) in &copy.flags {
            if matches!(name.as_str(), "link" | "parents" | "exclude" | "keep-git-dir" | "unpack") {
                report.at(file.span(*span), format!("KMM's builders do not take `--{name}`"), "remove the flag");
            }
        }
    }
}

pub(in crate::lint) static SYNTAX: Rule = Rule {
    id: "KMG133",
    name: "syntax-directive",
    severity: Severity::Warning,
    summary: "A Dockerfile that KMM builds has a `# syntax=` line",
    why: "Only BuildKit reads the line. KMM's builders, buildah and kaniko, ignore it, so whatever needs that syntax fails.",
    wrong: RuleExample {
        text: "# syntax=docker/dockerfile:1\nARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
        line: 1,
    },
    right: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
    check: RuleCheck::Dockerfile(syntax),
};

fn syntax(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for directive in file.file.directives.iter().filter(|one| file.is_built_by_kmm && one.name == "syntax") {
        report.at(file.span(directive.span), "KMM's builders ignore this line", "remove it, and what needs it");
    }
}

pub(in crate::lint) static LARGE: Rule = Rule {
    id: "KMG134",
    name: "large-dockerfile",
    severity: Severity::Error,
    summary: "A Dockerfile for OpenShift has more than 60,000 bytes",
    why: "OpenShift's KMM puts the Dockerfile into a Build, and the API server refuses one with more than 60,000 bytes of \
          Dockerfile.",
    wrong: RuleExample { text: LARGE_WRONG, line: 1 },
    right: "ARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\nRUN gcc --version\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n",
    check: RuleCheck::Dockerfile(large),
};

fn large(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let length = file.text.len();
    if file.uses_toolkit && length > LONGEST_ON_OPENSHIFT {
        let message = format!("this Dockerfile has {length} bytes; OpenShift takes {LONGEST_ON_OPENSHIFT}");
        report.at(file.span(Span::new(0, 0)), message, "move patches and files into the source's repository");
    }
}

pub(in crate::lint) static LONG_LINE: Rule = Rule {
    id: "KMG135",
    name: "long-line",
    severity: Severity::Error,
    summary: "A line has 65,536 bytes or more",
    why: "buildah 1.28 drops the rest of a Dockerfile after such a line, and the build succeeds: the image lacks whatever \
          comes below.",
    wrong: RuleExample { text: LONG_LINE_WRONG, line: 2 },
    right: "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN echo driver\n",
    check: RuleCheck::Dockerfile(long_line),
};

fn long_line(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', file.text.as_bytes()).chain([file.text.len()]) {
        if end - start >= LONGEST_LINE {
            let message = format!("this line has {} bytes; buildah drops everything after it", end - start);
            report.at(file.span(Span::new(start, start)), message, "break the line with `\\`");
        }
        start = end + 1;
    }
}

pub(in crate::lint) static LONG_RUN: Rule = Rule {
    id: "KMG136",
    name: "long-run",
    severity: Severity::Error,
    summary: "A RUN has more than 131,072 bytes",
    why: "Builders pass a RUN to a shell as one argument, and Linux limits an argument to 128 KiB: the build fails.",
    wrong: RuleExample { text: LONG_RUN_WRONG, line: 2 },
    right: "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN echo driver\n",
    check: RuleCheck::Dockerfile(long_run),
};

fn long_run(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for run in file.instructions(Keyword::Run).filter(|run| run.span.len() > LONGEST_RUN) {
        let length = run.rest().len();
        if run.heredocs.is_empty() && length > LONGEST_RUN {
            report.at(file.span(run.name), format!("this RUN has {length} bytes"), "break it into several");
        }
    }
}

pub(in crate::lint) static BROKEN: Rule = Rule {
    id: "KMG137",
    name: "broken-instruction",
    severity: Severity::Error,
    summary: "An instruction cannot be read, so each build stops at it",
    why: "KMM builds the Dockerfile for each kernel, and each of these builds fails. The nodes stay without the module.",
    wrong: RuleExample { text: "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUNN echo driver\n", line: 2 },
    right: "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN echo driver\n",
    check: RuleCheck::Dockerfile(broken),
};

fn broken(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for problem in &file.file.problems {
        let help = match &problem.kind {
            ProblemKind::UnknownInstruction(name) => {
                let near = crate::vocabulary::nearest(name, INSTRUCTIONS);
                near.map_or_else(
                    || "end the line before it with `\\`, if it goes on".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                )
            }
            ProblemKind::MissingArguments(name) => format!("write the arguments of `{name}`, or remove it"),
            ProblemKind::FromForm => "write `FROM IMAGE AS NAME`".to_owned(),
            // A file without any FROM is a part of a Dockerfile.
            ProblemKind::BeforeFrom if !file.stages.is_empty() => "move it below the first FROM".to_owned(),
            ProblemKind::NoStages if file.is_in_config_map => "start with `FROM IMAGE`".to_owned(),
            // Builders differ on the others.
            _ => continue,
        };
        report.at(file.span(problem.span), problem.kind.to_string(), help);
    }
}

const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Repeats a text 16 times.
macro_rules! times_16 {
    ($text:expr) => {
        concat!(
            $text, $text, $text, $text, $text, $text, $text, $text, $text, $text, $text, $text, $text, $text, $text,
            $text
        )
    };
}

const LARGE_WRONG: &str = concat!(
    "# All patches of the driver\nARG DTK_AUTO\nFROM ${DTK_AUTO} AS builder\n",
    times_16!(times_16!(times_16!("# and more patch\n"))),
    "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nCOPY --from=builder /opt /opt\n"
);
const LONG_LINE_WRONG: &str = concat!(
    "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN echo ",
    times_16!(times_16!(times_16!("a patch of code "))),
    "\n"
);
const LONG_RUN_WRONG: &str = concat!(
    "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN echo \\\n",
    times_16!(times_16!(times_16!(times_16!("a \\\n")))),
    times_16!(times_16!(times_16!("a patch of code, and another of its lines \\\n"))),
    " end\n"
);
