//! Messages of git and ssh, made safe to show and read as a [`ServerProblem`].

use std::time::Duration;

use super::location::Location;
use super::problem::{ServerProblem, shown};

/// Lines that add nothing to the others.
const BOILERPLATE: [&str; 6] = [
    "Please make sure you have the correct access rights",
    "and the repository exists.",
    "hint: ",
    "warning: redirecting to ",
    "error: failed to push some refs",
    "fatal: unable to fork",
];

/// Removes passwords, progress and empty lines from git's standard error.
pub(super) fn cleaned(stderr: &str, location: &Location) -> String {
    let lines = stderr.lines().map(|line| {
        // A carriage return begins a line of progress anew.
        let line = line.trim_end().rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
        shown(&without_secrets(line, location))
    });
    let mut lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.retain(|line| !BOILERPLATE.iter().any(|known| line.starts_with(known)));
    if lines.len() > 1 {
        lines.retain(|line| line != "fatal: Could not read from remote repository.");
    }
    lines.dedup();
    lines.join("\n")
}

/// Removes what may be a secret: the URL's password, the login of any URL, and its query.
fn without_secrets(line: &str, location: &Location) -> String {
    let mut line = line.to_owned();
    if let Some(password) = location.password.as_ref().filter(|password| !password.is_empty()) {
        line = line.replace(password.as_str(), "***");
    }
    let mut clean = String::new();
    let mut rest = line.as_str();
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "'\"<>`".contains(c)).unwrap_or(after.len());
        let (url, after) = after.split_at(end);
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let host = url.find('/').unwrap_or(url.len());
        clean.push_str(url[..host].rfind('@').map_or(url, |at| &url[at + 1..]));
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// Facts of a failed git that a [`ServerProblem`] is made of.
struct Failure {
    detail: String,
    host: String,
    limit: Duration,
}

/// A problem, and phrases that mean it.
type Phrases = (fn(Failure) -> ServerProblem, &'static [&'static str]);

/// Phrases of git, curl and ssh, in lower case and without what is in single quotes, and the problem that
/// they are about. The first that fits decides.
const PHRASES: [Phrases; 14] = [
    (|it| ServerProblem::BadSetting { detail: it.detail }, &["bad config", "bad numeric config", "bad boolean config"]),
    (
        |it| ServerProblem::UnknownHostKey { detail: it.detail },
        &["host key verification failed", "remote host identification has changed"],
    ),
    (|it| ServerProblem::UnknownHost { host: it.host }, &["could not resolve host", "unable to look up"]),
    (
        |it| ServerProblem::KeyRefused { detail: it.detail },
        &["permission denied (", "too many authentication failures"],
    ),
    (
        |it| ServerProblem::NoPassword { detail: it.detail },
        &["could not read username", "could not read password", "unable to read askpass"],
    ),
    (|_| ServerProblem::WrongPassword, &["authentication failed for"]),
    (
        |it| ServerProblem::TimedOut { limit: it.limit, detail: it.detail },
        &["timed out", "operation too slow", "timeout was reached"],
    ),
    (
        |it| ServerProblem::Redirect { detail: it.detail },
        &["from redirection", "disabled in libcurl", "disabled in redirect", "maximum ("],
    ),
    (
        |it| ServerProblem::Unreachable { host: it.host, detail: it.detail },
        &[
            "failed to connect",
            "couldn't connect",
            "could not connect",
            "unable to connect",
            "connection refused",
            "no route to host",
            "network is unreachable",
            "connection closed by",
            "connection reset",
        ],
    ),
    (|it| ServerProblem::Tls { detail: it.detail }, &["certificate", "ssl", "tls"]),
    (
        |it| ServerProblem::NotGit { detail: it.detail },
        &["is this a git repository", "protocol error", "invalid server response", "http/0.9", "unsupported protocol"],
    ),
    (|it| ServerProblem::BadUrl { detail: it.detail }, &["not allowed"]),
    (|it| ServerProblem::Forbidden { detail: it.detail }, &["returned error: 401", "returned error: 403"]),
    (
        |it| ServerProblem::NoRepository { detail: it.detail },
        &[
            "not found",
            "does not appear to be a git repository",
            "does not exist",
            "no such repository",
            "not exported",
            "returned error: 404",
            "returned error: 410",
        ],
    ),
];

/// Reads the standard error of a git that failed, which is in English.
pub(super) fn problem(stderr: &str, location: &Location, limit: Duration) -> ServerProblem {
    let words = cleaned(stderr, location);
    if let Some(program) = missing_program(&words) {
        return ServerProblem::NoProgram { program: shown(program), purpose: "reach repositories over SSH" };
    }
    let marks = ["fatal: ", "error: "];
    let lines = words.lines().map(|line| marks.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line));
    let mut detail = shown(&lines.collect::<Vec<_>>().join("; "));
    if detail.is_empty() {
        detail = "git ended without a message".into();
    }
    // Messages of the server's own may say anything.
    let own = words.lines().filter(|line| !line.starts_with("remote: ")).map(without_quoted);
    let own = own.collect::<Vec<_>>().join("\n").to_ascii_lowercase();

    let failure = Failure { detail, host: shown(&location.authority()), limit };
    match PHRASES.iter().find(|(_, phrases)| phrases.iter().any(|phrase| own.contains(phrase))) {
        Some((make, _)) => make(failure),
        None => ServerProblem::Server { detail: failure.detail },
    }
}

/// Removes URLs and paths, which git puts into single quotes.
fn without_quoted(line: &str) -> String {
    line.split(" '")
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('\'').map_or(part, |(_, rest)| rest) })
        .collect()
}

/// The program that git could not start.
fn missing_program(words: &str) -> Option<&str> {
    let line = words.lines().find(|line| line.ends_with(": No such file or directory"))?;
    let rest = line.split_once("cannot exec '").or_else(|| line.split_once("cannot run "))?.1;
    rest.split(['\'', ':']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location() -> Location {
        Location::parse("https://me:s%3Acret@h/a").unwrap()
    }

    fn problem(stderr: &str) -> ServerProblem {
        super::problem(stderr, &location(), Duration::from_secs(1))
    }

    #[test]
    fn failures_are_told_apart() {
        assert!(matches!(problem("git@h: Permission denied (publickey).\r\n"), ServerProblem::KeyRefused { .. }));
        assert!(matches!(problem("Host key verification failed."), ServerProblem::UnknownHostKey { .. }));
        for unknown in [
            "ssh: Could not resolve hostname h: Name or service not known",
            "fatal: unable to access 'https://h/a/': Could not resolve host: h",
            "fatal: unable to look up h (port 9418) (Name or service not known)",
        ] {
            assert_eq!(problem(unknown), ServerProblem::UnknownHost { host: "h".into() });
        }
        for refused in [
            "ssh: connect to host h port 22: Connection refused",
            "fatal: unable to access 'https://h/a/': Failed to connect to h port 443 after 0 ms: Couldn't connect to server",
        ] {
            assert!(matches!(problem(refused), ServerProblem::Unreachable { .. }), "{refused}");
        }
        for missing in [
            "ERROR: Repository not found.\nfatal: Could not read from remote repository.",
            "fatal: repository 'https://h/a/' not found",
        ] {
            assert!(matches!(problem(missing), ServerProblem::NoRepository { .. }), "{missing}");
        }
        for program in [
            "fatal: cannot exec '/my-ssh': No such file or directory\nfatal: unable to fork",
            "error: cannot run /my-ssh: No such file or directory",
        ] {
            assert!(matches!(problem(program), ServerProblem::NoProgram { program, .. } if program == "/my-ssh"));
        }
        let path = "fatal: repository 'https://h/openssl/timed out/' not found";
        assert!(matches!(problem(path), ServerProblem::NoRepository { .. }));
        assert!(matches!(problem("remote: the certificate"), ServerProblem::Server { .. }));
        assert!(matches!(problem(""), ServerProblem::Server { .. }));
    }

    #[test]
    fn only_the_words_that_matter_are_kept() {
        let said = "remote: Counting objects: 1\rremote: done\nfatal: Could not read from remote repository.\n\n\
                    Please make sure you have the correct access rights\nand the repository exists.\n";
        assert_eq!(cleaned(said, &location()), "remote: done");
    }

    #[test]
    fn secrets_are_left_out() {
        let said = "fatal: could not read Password for 'https://token@h': no\nto http://u:p@h/login?token=x#y s:cret";
        let clean = cleaned(said, &location());
        assert_eq!(clean, "fatal: could not read Password for 'https://h': no\nto http://h/login ***");
    }
}
