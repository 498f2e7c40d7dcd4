//! Signatures of commits, by the program that git would run, and as git runs it.

use std::fs;
use std::io;
use std::process::Command;
use std::time::Duration;

use kmodgen_process::Running;

use super::commit_error::SigningProblem;
use super::config::GitConfig;
use super::environment::GitEnvironment;
use super::identity::Person;
use super::problem::shown;

/// Time limit of a program that asks nobody.
const LIMIT: Duration = Duration::from_secs(60);

/// Time limit of a program that may ask a person.
const PATIENCE: Duration = Duration::from_secs(600);

/// Signs a commit's bytes; `None` if git is not set up to sign commits.
pub(super) fn signature(
    commit: &[u8],
    committer: &Person,
    environment: &GitEnvironment,
    config: &GitConfig,
) -> Result<Option<String>, SigningProblem> {
    if !config.is_on("commit.gpgsign") {
        return Ok(None);
    }
    let signer = Signer { environment, config };
    let signature = match config.get("gpg.format").unwrap_or("openpgp") {
        "openpgp" => signer.sign_by_gpg(&["gpg.openpgp.program", "gpg.program"], "gpg", commit, committer),
        "x509" => signer.sign_by_gpg(&["gpg.x509.program"], "gpgsm", commit, committer),
        "ssh" => signer.sign_by_ssh(commit),
        other => Err(SigningProblem::UnknownFormat(shown(other))),
    };
    signature.map(Some)
}

struct Signer<'s> {
    environment: &'s GitEnvironment,
    config: &'s GitConfig,
}

impl Signer<'_> {
    /// Runs a program with a text on its standard input, and returns its output.
    fn run(&self, program: &str, command: &mut Command, input: &[u8]) -> Result<String, SigningProblem> {
        let limit = if self.environment.has_terminal() { PATIENCE } else { LIMIT };
        let mut running = Running::start(command).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SigningProblem::NotInstalled(shown(program)),
            _ => SigningProblem::Unusable(shown(&format!("{program}: {error}"))),
        })?;
        // A program that does not read its input says why.
        let _: io::Result<()> = running.write(input);
        running.close_input();
        match running.output(limit) {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")),
            Ok(output) => Err(SigningProblem::Failed {
                program: shown(program),
                words: shown(&String::from_utf8_lossy(&output.stderr)),
            }),
            Err(_) => Err(SigningProblem::NoAnswer(shown(program))),
        }
    }

    /// Runs a program whose output has to be a signature.
    fn sign(&self, program: &str, command: &mut Command, commit: &[u8]) -> Result<String, SigningProblem> {
        let signature = self.run(program, command, commit)?;
        if signature.starts_with("-----BEGIN") {
            Ok(signature)
        } else {
            Err(SigningProblem::NoSignature(shown(program)))
        }
    }

    fn sign_by_gpg(
        &self,
        settings: &[&str],
        default: &str,
        commit: &[u8],
        committer: &Person,
    ) -> Result<String, SigningProblem> {
        let program = settings.iter().find_map(|name| self.config.get(name)).unwrap_or(default);
        let program = self.expanded(program);
        let key = self.config.get("user.signingkey").map_or_else(|| committer.address(), str::to_owned);
        let mut command = self.environment.command(&program);
        self.sign(&program, command.args(["--status-fd=2", "-bsau", &key]), commit)
    }

    /// Signs with `ssh-keygen -Y sign`, which reads its standard input if no file is named.
    fn sign_by_ssh(&self, commit: &[u8]) -> Result<String, SigningProblem> {
        let program = self.expanded(self.config.get("gpg.ssh.program").unwrap_or("ssh-keygen"));
        let key = match self.config.get("user.signingkey").filter(|key| !key.is_empty()) {
            Some(key) => key.to_owned(),
            None => self.default_key()?,
        };
        let mut command = self.environment.command(&program);
        command.args(["-Y", "sign", "-n", "git", "-f"]);
        // A key that is written out is in the agent.
        let Some(literal) = key.strip_prefix("key::").or_else(|| key.starts_with("ssh-").then_some(key.as_str()))
        else {
            return self.sign(&program, command.arg(self.expanded(&key)), commit);
        };
        let folder = tempfile::tempdir().map_err(unusable)?;
        let path = folder.path().join("key");
        fs::write(&path, literal).map_err(unusable)?;
        self.sign(&program, command.arg(path).arg("-U"), commit)
    }

    /// Returns the key that `gpg.ssh.defaultKeyCommand` prints.
    fn default_key(&self) -> Result<String, SigningProblem> {
        let line = self.config.get("gpg.ssh.defaultkeycommand").ok_or(SigningProblem::NoKey)?;
        let mut command = self.environment.command("sh");
        let printed = self.run(line, command.args(["-c", line]), b"")?;
        let first = printed.lines().next().unwrap_or_default();
        if first.starts_with("key::") || first.starts_with("ssh-") {
            Ok(first.to_owned())
        } else {
            Err(SigningProblem::NoKeyPrinted(shown(line)))
        }
    }

    /// Replaces `~/` at the start of a path.
    fn expanded(&self, path: &str) -> String {
        match (path.strip_prefix("~/"), self.environment.get("HOME")) {
            (Some(below), Some(home)) => format!("{home}/{below}"),
            _ => path.to_owned(),
        }
    }
}

fn unusable(error: io::Error) -> SigningProblem {
    SigningProblem::Unusable(shown(&error.to_string()))
}
