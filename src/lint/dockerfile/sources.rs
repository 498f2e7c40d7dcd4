//! Rules on what a build takes from elsewhere.

use dockerfile_reader::Base;

use super::super::facts::{CommandFacts, DockerfileFacts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{ImageRef, Severity};

pub(in crate::lint) static UNTAGGED_BASE: Rule = Rule {
    id: "KMG122",
    name: "base-image-without-tag",
    severity: Severity::Warning,
    summary: "A base image has no tag, or the tag `latest`",
    why: "KMM builds an image once for each kernel, months apart. Two kernels then get different base images, and a later \
          one may lack what the build or KMM's worker needs.",
    wrong: RuleExample { text: "FROM registry.access.redhat.com/ubi9/ubi-minimal:latest\nRUN echo driver\n", line: 1 },
    right: "FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nRUN echo driver\n",
    check: RuleCheck::Dockerfile(untagged_base),
};

fn untagged_base(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for stage in &file.stages {
        let Base::Image(image) = &stage.base else { continue };
        let Ok(parsed) = ImageRef::parse(image) else { continue };
        if parsed.digest().is_none() && matches!(parsed.tag(), None | Some("latest")) {
            let shown = parsed.repository();
            let message = format!("`{}` can be another image at each pull", image.escape_debug());
            report.at(file.span(stage.span), message, format!("write a version, `{shown}:VERSION`, or a digest"));
        }
    }
}

pub(in crate::lint) static MOVING_BRANCH: Rule = Rule {
    id: "KMG123",
    name: "clone-of-moving-branch",
    severity: Severity::Warning,
    summary: "git clones a branch that moves",
    why: "KMM builds an image once for each kernel, and never again. Kernels then load drivers of different commits, and \
          nothing shows which.",
    wrong: RuleExample {
        text: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN git clone https://git.example.com/driver.git /build\n",
        line: 2,
    },
    right: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN git clone --branch v1.2.0 https://git.example.com/driver.git /build\n",
    check: RuleCheck::Dockerfile(moving_branch),
};

const BRANCHES: [&str; 8] = ["main", "master", "develop", "devel", "dev", "trunk", "next", "HEAD"];

fn moving_branch(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for (at, command) in file.commands.iter().enumerate() {
        if !is_git(command, "clone") || command.mentions("file://") {
            continue;
        }
        let branch = branch(command);
        let is_moving = branch.is_none_or(|branch| BRANCHES.contains(&branch));
        let goes_on = file.commands[at + 1..].iter().take_while(|later| later.stage == command.stage);
        let is_fixed = goes_on.into_iter().any(|later| {
            ["checkout", "reset", "switch", "fetch"].iter().any(|verb| is_git(later, verb)) || is_checkout_script(later)
        });
        if is_moving && !is_fixed {
            let message = match branch {
                Some(branch) => format!("`{}` is a branch: each build can get another commit", branch.escape_debug()),
                None => "this clones a branch: each build can get another commit".to_owned(),
            };
            report.at(file.span(command.span), message, "add `--branch TAG`, or `git checkout COMMIT` below");
        }
    }
}

/// Checks for a script whose name says that it chooses a commit.
fn is_checkout_script(command: &CommandFacts) -> bool {
    let named = |part: &str| command.program.contains(part);
    command.is_script && (named("checkout") || named("git") || named("fetch") || named("version"))
}

fn is_git(command: &CommandFacts, verb: &str) -> bool {
    command.program == "git" && command.has(verb)
}

fn branch(command: &CommandFacts) -> Option<&str> {
    let mut arguments = command.arguments.iter().map(|one| one.text.as_str());
    while let Some(argument) = arguments.next() {
        if argument == "-b" || argument == "--branch" {
            return arguments.next();
        }
        if let Some(branch) = argument.strip_prefix("--branch=").or_else(|| argument.strip_prefix("--revision=")) {
            return Some(branch);
        }
    }
    None
}
