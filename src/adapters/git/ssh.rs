//! `ssh://` and `user@host:path` through the user's own ssh.
//!
//! So keys, agents, `~/.ssh/config`, known hosts and jump hosts work as they do for git.

use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream};

use super::config::GitConfig;
use super::environment::GitEnvironment;
use super::error::{ServerProblem, shown};
use super::location::Location;
use super::session::Session;
use super::stream::{Connection, Stream};
use super::tcp::program;
use crate::adapters::process::Running;

/// Runs ssh.
pub(super) struct Subtransport(Arc<Session>);

impl Subtransport {
    /// For one session.
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self(session)
    }
}

impl SmartSubtransport for Subtransport {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let ssh = start(&self.0, service).map_err(|problem| self.0.fail(problem))?;
        Ok(Box::new(Stream::new(ssh, Arc::clone(&self.0))))
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

pub(super) struct Ssh {
    running: Running,
    session: Arc<Session>,
}

pub(super) fn start(session: &Arc<Session>, service: Service) -> Result<Ssh, ServerProblem> {
    let limit = session.remaining()?;
    let line = command_line(&session.environment, &session.config, &session.location, program(service), limit);
    run(session, session.environment.command(&line[0]), &line, "reach repositories over SSH")
}

/// Starts git on this machine for a repository in a folder, whose hooks and settings it obeys.
pub(super) fn start_here(session: &Arc<Session>, service: Service) -> Result<Ssh, ServerProblem> {
    let verb = program(service).trim_start_matches("git-");
    // The path begins with `/`.
    let line = ["git".into(), verb.into(), session.location.path.clone()];
    run(session, session.environment.plain_command("git"), &line, "push to a repository in a folder")
}

// GIT_PROTOCOL is not handed on: protocol 2 has another answer than the list of refs, and libgit2 does
// not speak it.
fn run(
    session: &Arc<Session>,
    mut command: Command,
    line: &[String],
    purpose: &'static str,
) -> Result<Ssh, ServerProblem> {
    command.args(&line[1..]);
    match Running::start(&mut command, false) {
        Ok(running) => Ok(Ssh { running, session: Arc::clone(session) }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ServerProblem::NoProgram { program: shown(&line[0]), purpose })
        }
        Err(error) => Err(ServerProblem::BadSetting { detail: shown(&format!("{}: {error}", line[0])) }),
    }
}

/// The program to run and its arguments, as git chooses and orders them.
fn command_line(
    environment: &GitEnvironment,
    config: &GitConfig,
    location: &Location,
    program: &str,
    limit: Duration,
) -> Vec<String> {
    let own_command = environment.get("GIT_SSH_COMMAND").or_else(|| config.get("core.sshcommand"));
    let mut line: Vec<String> = match (own_command, environment.get("GIT_SSH")) {
        // These are for a shell; the arguments follow as they are.
        (Some(own), _) => vec!["sh".into(), "-c".into(), format!("{own} \"$@\""), own.into()],
        (None, Some(own)) => vec![own.into()],
        (None, None) => {
            let seconds = limit.as_secs().max(1);
            let mut line = vec!["ssh".into(), "-o".into(), format!("ConnectTimeout={seconds}")];
            if !environment.has_terminal() {
                line.extend(["-o".into(), "BatchMode=yes".into()]);
            }
            line
        }
    };
    if let Some(port) = location.port {
        line.extend(["-p".into(), port.to_string()]);
    }
    // Neither begins with `-`: `Location` refuses that.
    line.push(match &location.user {
        Some(user) => format!("{user}@{}", location.host),
        None => location.host.clone(),
    });
    line.push(format!("{program} {}", quoted(&location.path)));
    line
}

/// A path for the server's shell, quoted as git does: servers that are no shell parse just that.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''").replace('!', r"'\!'"))
}

impl Ssh {
    /// Why ssh ended before the server answered.
    fn ended(&mut self) -> ServerProblem {
        let status = self.running.wait(self.session.remaining().unwrap_or_default());
        let said = self.running.complaints();
        let code = status.and_then(|status| status.code());
        problem(&self.session, &said, code)
    }
}

/// What ssh and the server's git mean. ssh has but one exit code, 255, for everything of its own.
fn problem(session: &Session, said: &str, code: Option<i32>) -> ServerProblem {
    let detail = shown(said);
    let has = |phrases: &[&str]| {
        let said = said.to_ascii_lowercase();
        phrases.iter().any(|phrase| said.contains(phrase))
    };
    let host = || shown(&session.location.authority());
    if has(&["host key verification failed", "remote host identification has changed"]) {
        ServerProblem::UnknownHostKey { detail }
    } else if has(&["could not resolve hostname"]) {
        ServerProblem::UnknownHost { host: host() }
    } else if has(&["permission denied (", "too many authentication failures"]) {
        ServerProblem::KeyRefused { detail }
    } else if has(&["connection timed out", "operation timed out"]) {
        session.timed_out(said)
    } else if has(&["connection refused", "no route to host", "network is unreachable", "connection closed by"]) {
        ServerProblem::Unreachable { host: host(), detail }
    } else if has(&["does not appear to be a git repository", "not found", "does not exist", "no such"])
        && code != Some(127)
    {
        ServerProblem::NoRepository { detail }
    } else if detail.is_empty() {
        let code = code.map_or(String::new(), |code| format!(" with exit code {code}"));
        ServerProblem::Server { detail: format!("ssh ended{code} and without a word") }
    } else {
        ServerProblem::Server { detail }
    }
}

impl Connection for Ssh {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ServerProblem> {
        match self.running.read(buffer, self.session.remaining()?) {
            Ok(0) => Err(self.ended()),
            Ok(count) => Ok(count),
            Err(_) => Err(self.session.timed_out(&self.running.complaints())),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ServerProblem> {
        self.running.write(bytes).map_err(|_| self.ended())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(environment: &[(&str, &str)], url: &str) -> Vec<String> {
        let environment = GitEnvironment::new(environment.iter().copied());
        let location = Location::parse(url).unwrap();
        command_line(&environment, &GitConfig::default(), &location, "git-upload-pack", Duration::from_secs(9))
    }

    #[test]
    fn ssh_is_called_as_git_calls_it() {
        let expected = "ssh -o ConnectTimeout=9 -o BatchMode=yes -p 2222 git@h git-upload-pack '/a.git'";
        assert_eq!(line(&[], "ssh://git@h:2222/a.git").join(" "), expected);
        assert_eq!(line(&[("GIT_SSH", "/my ssh")], "h:a"), ["/my ssh", "h", "git-upload-pack 'a'"]);
        assert_eq!(
            line(&[("GIT_SSH", "no"), ("GIT_SSH_COMMAND", "ssh -v")], "h:a"),
            ["sh", "-c", "ssh -v \"$@\"", "ssh -v", "h", "git-upload-pack 'a'"]
        );
    }

    #[test]
    fn paths_cannot_leave_their_quotes() {
        assert_eq!(quoted("a'; touch b!"), r"'a'\''; touch b'\!''");
    }

    #[test]
    fn failures_are_told_apart() {
        let location = Location::parse("ssh://h/a").unwrap();
        let (environment, config) = (GitEnvironment::default(), GitConfig::default());
        let session = Session::new(location, environment, config, Duration::from_secs(1));
        let problem = |said| problem(&session, said, Some(255));
        assert!(matches!(problem("git@h: Permission denied (publickey).\r\n"), ServerProblem::KeyRefused { .. }));
        assert!(matches!(problem("Host key verification failed."), ServerProblem::UnknownHostKey { .. }));
        assert!(matches!(
            problem("ssh: Could not resolve hostname h: Name or service not known"),
            ServerProblem::UnknownHost { .. }
        ));
        assert!(matches!(
            problem("ssh: connect to host h port 22: Connection refused"),
            ServerProblem::Unreachable { .. }
        ));
        assert!(matches!(
            problem("ERROR: Repository not found.\nfatal: Could not read"),
            ServerProblem::NoRepository { .. }
        ));
        assert!(matches!(problem(""), ServerProblem::Server { .. }));
    }
}
