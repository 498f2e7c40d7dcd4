//! Rules on downloads and secrets.

use super::super::facts::{CommandFacts, DockerfileFacts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::Severity;

pub(in crate::lint) static NO_CHECKSUM: Rule = Rule {
    id: "KMG124",
    name: "download-without-checksum",
    severity: Severity::Warning,
    summary: "A download is used without a check of its content",
    why: "What is downloaded runs in the kernel of each node, and KMM builds an image once for each kernel, months apart. \
          Without a checksum, a changed file is noticed by no one.",
    wrong: RuleExample {
        text: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN curl -fsSLO https://files.example.com/driver-1.2.tar.gz && tar -xzf driver-1.2.tar.gz\n",
        line: 2,
    },
    right: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN curl -fsSLO https://files.example.com/driver-1.2.tar.gz && echo \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  driver-1.2.tar.gz\" | sha256sum -c && tar -xzf driver-1.2.tar.gz\n",
    check: RuleCheck::Dockerfile(no_checksum),
};

const CHECKERS: [&str; 13] = [
    "sha256sum",
    "sha512sum",
    "sha384sum",
    "sha1sum",
    "b2sum",
    "md5sum",
    "shasum",
    "gpg",
    "gpgv",
    "gpg2",
    "cosign",
    "openssl",
    "minisign",
];

fn downloads(command: &CommandFacts) -> bool {
    matches!(command.program.as_str(), "curl" | "wget" | "aria2c") && command.mentions("://")
}

/// Checks for a shell that reads its commands from the command before.
fn is_shell(command: &CommandFacts) -> bool {
    matches!(command.program.as_str(), "sh" | "bash" | "dash" | "zsh" | "python" | "python3" | "perl")
}

fn is_piped_to_shell(file: &DockerfileFacts<'_>, at: usize) -> bool {
    let next = file.commands.get(at + 1).filter(|_| file.commands[at].is_piped);
    next.is_some_and(|next| next.reads_pipe && is_shell(next))
}

fn no_checksum(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let help = "check the file with `sha256sum -c` in the same RUN";
    for (at, command) in file.commands.iter().enumerate().filter(|(_, command)| downloads(command)) {
        let is_checked = file.commands.iter().any(|other| {
            other.stage == command.stage
                && (CHECKERS.contains(&other.program.as_str())
                    || (other.program == "rpm" && (other.has("-K") || other.has("--checksig"))))
        });
        let is_key = command.mentions(".asc")
            || command.mentions(".gpg")
            || command.mentions("GPG")
            || command.mentions("gpgkey");
        let is_local = command.mentions("://localhost") || command.mentions("://127.0.0.1");
        if !is_checked && !is_key && !is_local && !is_piped_to_shell(file, at) {
            report.at(file.span(command.span), "nothing checks the content of this download", help);
        }
    }
    for copy in file.copies.iter().filter(|copy| copy.is_add) {
        let has_checksum = copy.flags.iter().any(|(name, _)| name == "checksum");
        let is_git = copy.sources.iter().any(|source| source.contains(".git"));
        let is_checked =
            file.commands.iter().any(|one| one.stage == copy.stage && CHECKERS.contains(&one.program.as_str()));
        if copy.sources.iter().any(|source| is_download(source)) && !has_checksum && !is_git && !is_checked {
            report.at(
                file.span(copy.span),
                "nothing checks the content of this download",
                "check the file with `sha256sum -c` in a RUN below",
            );
        }
    }
}

fn is_download(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

pub(in crate::lint) static PIPED_TO_SHELL: Rule = Rule {
    id: "KMG125",
    name: "download-piped-to-shell",
    severity: Severity::Warning,
    summary: "A download runs as a script, unseen",
    why: "The script may be another one for each kernel that KMM builds for, and nothing stops the build if it is cut off: \
          a shell runs what has arrived.",
    wrong: RuleExample {
        text: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN curl -fsSL https://files.example.com/install.sh | bash\n",
        line: 2,
    },
    right: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN curl -fsSLO https://files.example.com/install.sh && echo \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  install.sh\" | sha256sum -c && bash install.sh\n",
    check: RuleCheck::Dockerfile(piped_to_shell),
};

fn piped_to_shell(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    for (at, command) in file.commands.iter().enumerate().filter(|(_, command)| downloads(command)) {
        if is_piped_to_shell(file, at) {
            let help = "download the script, check it with `sha256sum -c`, and then run it";
            report.at(file.span(command.span), "a shell runs whatever this downloads", help);
        }
    }
}

pub(in crate::lint) static SECRET_IN_LAYER: Rule = Rule {
    id: "KMG126",
    name: "secret-in-layer",
    severity: Severity::Warning,
    summary: "A secret is copied into a layer",
    why: "Everyone who can pull an image can read all its layers, deleted files included. KMM mounts the secrets in \
          `build.secrets` at `/run/secrets/NAME`, and they leave no trace.",
    wrong: RuleExample {
        text: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN cp /run/secrets/entitlement/key.pem /etc/pki/entitlement/key.pem\n",
        line: 2,
    },
    right: "FROM registry.access.redhat.com/ubi9/ubi:9.4\nRUN ln -s /run/secrets/entitlement /etc/pki/entitlement\n",
    check: RuleCheck::Dockerfile(secret_in_layer),
};

/// Parts of the paths of keys and logins.
const SECRETS: [&str; 8] = [
    "etc/pki/entitlement",
    "-key.pem",
    "id_rsa",
    "id_ed25519",
    ".docker/config.json",
    "signing_key.pem",
    "etc-pki-entitlement",
    ".netrc",
];

fn secret_in_layer(file: &DockerfileFacts<'_>, report: &mut RuleReport<'_>) {
    let help = "read the secret from `/run/secrets/NAME`, and list its name in the Module's `build.secrets`";
    for copy in &file.copies {
        let paths = copy.sources.iter().chain([&copy.target]);
        if paths.into_iter().any(|path| SECRETS.iter().any(|secret| path.contains(secret))) {
            report.at(file.span(copy.span), "this copies a secret into a layer", help);
        }
    }
    for command in file.commands.iter().filter(|one| matches!(one.program.as_str(), "cp" | "install" | "mv" | "cat")) {
        let operands: Vec<&str> = command.operands().map(|one| one.text.as_str()).collect();
        let sources =
            if command.program == "cat" { &operands[..] } else { &operands[..operands.len().saturating_sub(1)] };
        let target = command.outputs.first().map(String::as_str).or(operands.last().copied()).unwrap_or_default();
        // What is deleted in the same RUN is in no layer; what is in memory neither.
        let is_passing = target.starts_with("/tmp") || target.starts_with("/dev/") || removes(file, command);
        let is_written = command.program != "cat" || !command.outputs.is_empty();
        if is_written && !is_passing && sources.iter().any(|source| source.contains("/run/secrets/")) {
            report.at(file.span(command.span), "this copies a secret into a layer", help);
        }
    }
}

fn removes(file: &DockerfileFacts<'_>, command: &CommandFacts) -> bool {
    let same = file.commands.iter().filter(|other| other.instruction == command.instruction);
    same.into_iter().any(|other| matches!(other.program.as_str(), "rm" | "shred"))
}
