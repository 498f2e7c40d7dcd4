//! Passwords for HTTP, from git's own credential helpers.
//!
//! `git credential` finds and asks them as git would, so that whatever a user has set up works:
//! keychains, `store`, `cache`, a forge's own helper, or a question on the terminal.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::environment::GitEnvironment;
use super::error::{ServerProblem, shown};
use super::location::Location;
use super::session::Session;
use crate::adapters::process::Running;

/// How long a helper may take to note that a password was right or wrong.
const NOTE_LIMIT: Duration = Duration::from_secs(5);

/// A user name and a password for one server.
pub(super) struct Credential {
    user: String,
    password: String,
    /// What `git credential fill` answered, to be handed back to it; none for a URL's own password.
    attributes: Option<String>,
}

impl Credential {
    /// Asks for the password of `location`, once. `challenges` are the server's
    /// `WWW-Authenticate` headers, which some helpers choose by.
    pub(super) fn find<'a>(
        session: &Session,
        location: &Location,
        challenges: impl Iterator<Item = &'a str>,
    ) -> Result<Self, ServerProblem> {
        if let Some(password) = &location.password {
            let user = location.user.clone().unwrap_or_default();
            return Ok(Self { user, password: password.clone(), attributes: None });
        }
        let question = question(location, challenges);
        let asks_person = session.environment.has_terminal();
        let mut git = start(&session.environment, "fill", asks_person)?;
        // A helper that reads no question is as good as one that has no answer.
        let _ = git.write(question.as_bytes());
        git.close_input();
        session.remaining()?;
        // A person is given the time to type.
        let left = || if asks_person { Duration::from_secs(3600) } else { session.remaining().unwrap_or_default() };
        let answer = git.read_to_end(left);
        if asks_person {
            session.restart_clock();
        }
        match answer {
            Ok((attributes, true)) => Self::from_answer(attributes)
                .ok_or_else(|| ServerProblem::NoPassword { detail: "the helper gave no password".into() }),
            Ok((_, false)) => Err(ServerProblem::NoPassword { detail: shown(&git.complaints()) }),
            Err(_) => Err(session.timed_out("git's credential helper did not answer")),
        }
    }

    fn from_answer(attributes: String) -> Option<Self> {
        let value = |name: &str| {
            let mut values = attributes.lines().filter_map(|line| line.split_once('='));
            values.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let (user, password) = (value("username")?, value("password")?);
        Some(Self { user, password, attributes: Some(attributes) })
    }

    /// The `Authorization` header.
    pub(super) fn authorization(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }

    /// Tells the helpers that the password is right, so that they may keep it.
    pub(super) fn approve(&self, environment: &GitEnvironment) {
        self.note(environment, "approve");
    }

    /// Tells the helpers that the password is wrong, so that they forget it.
    pub(super) fn reject(&self, environment: &GitEnvironment) {
        self.note(environment, "reject");
    }

    fn note(&self, environment: &GitEnvironment, verdict: &str) {
        // What helpers keep does not change what the server answered; so their failures are theirs.
        let Some(attributes) = &self.attributes else { return };
        let Ok(mut git) = start(environment, verdict, false) else { return };
        let _ = git.write(format!("{attributes}\n").as_bytes());
        git.close_input();
        git.wait(NOTE_LIMIT);
    }
}

fn start(environment: &GitEnvironment, action: &str, asks_person: bool) -> Result<Running, ServerProblem> {
    let mut command = environment.command("git");
    // git looks for no repository, whose settings would name helpers of their own.
    command.args(["credential", action]).env("GIT_DIR", "/dev/null");
    if !asks_person {
        // There may still be a terminal behind a pipe, which git would open and wait at.
        command.env("GIT_TERMINAL_PROMPT", "0");
    }
    Running::start(&mut command, asks_person).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            ServerProblem::NoProgram { program: "git".into(), purpose: "ask its credential helpers for a password" }
        }
        _ => ServerProblem::BadSetting { detail: shown(&format!("git: {error}")) },
    })
}

/// What `git credential` reads; git itself drops the path unless `credential.useHttpPath` is set.
fn question<'a>(location: &Location, challenges: impl Iterator<Item = &'a str>) -> String {
    let mut question = format!("protocol={}\nhost={}\n", location.scheme.as_str(), location.authority());
    let path = location.path.trim_start_matches('/');
    if !path.is_empty() {
        question.push_str(&format!("path={path}\n"));
    }
    if let Some(user) = &location.user {
        question.push_str(&format!("username={user}\n"));
    }
    for challenge in challenges.filter(|challenge| !challenge.contains(['\n', '\0'])) {
        question.push_str(&format!("wwwauth[]={challenge}\n"));
    }
    question.push('\n');
    question
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_has_everything_helpers_choose_by() {
        let location = Location::parse("https://me@h:8443/team/a.git").unwrap();
        assert_eq!(
            question(&location, ["Basic realm=\"x\""].into_iter()),
            "protocol=https\nhost=h:8443\npath=team/a.git\nusername=me\nwwwauth[]=Basic realm=\"x\"\n\n"
        );
    }

    #[test]
    fn answers_are_read_by_their_first_equals_sign() {
        let credential = Credential::from_answer("protocol=https\nusername=u\npassword=a=b\n".into()).unwrap();
        assert_eq!(credential.authorization(), "Basic dTphPWI=");
        assert!(Credential::from_answer("username=u\n".into()).is_none());
    }
}
