//! Taking a git URL apart, as git does.

use std::fmt;

use super::problem::{ServerProblem, shown};

/// Protocol that reaches a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Smart HTTP over TLS.
    Https,
    /// Smart HTTP.
    Http,
    /// The user's own ssh.
    Ssh,
    /// The git daemon's protocol.
    Git,
    /// A folder.
    File,
}

impl Scheme {
    /// Returns the scheme of a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::Git => "git",
            Self::File => "file",
        }
    }
}

/// The parts of a git URL. Neither its `Display` nor its `Debug` shows a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    /// Protocol.
    pub scheme: Scheme,
    /// User name, percent-decoded.
    pub user: Option<String>,
    /// Password, percent-decoded.
    pub password: Option<String>,
    /// Without brackets around an IPv6 address.
    pub host: String,
    /// Port, if it is written.
    pub port: Option<u16>,
    /// Path on the server: percent-decoded, except over HTTP.
    pub path: String,
}

impl Location {
    /// Takes a URL apart.
    ///
    /// The manifest's URLs were checked before, but `url.*.insteadOf` makes new ones, and
    /// percent-decoding brings out what was hidden; so everything that could become an option, a
    /// second line or the name of a program is refused here again.
    pub fn parse(url: &str) -> Result<Self, ServerProblem> {
        if url.starts_with('-') {
            return Err(bad_url("it would be read as an option"));
        }
        let location = match url.split_once("://") {
            Some((scheme, rest)) => {
                let scheme = match scheme.to_ascii_lowercase().as_str() {
                    "https" => Scheme::Https,
                    "http" => Scheme::Http,
                    "ssh" | "git+ssh" | "ssh+git" => Scheme::Ssh,
                    "git" => Scheme::Git,
                    "file" => Scheme::File,
                    other => return Err(bad_url(&format!("its scheme is `{}`", shown(other)))),
                };
                Self::from_authority(scheme, rest)?
            }
            None if url.starts_with('/') => Self::new(Scheme::File, "", url),
            None => {
                let (authority, path) =
                    split_scp(url).ok_or_else(|| bad_url("it is neither a URL nor `USER@HOST:PATH`"))?;
                let mut location = Self::from_authority(Scheme::Ssh, authority)?;
                location.path = path.to_owned();
                location
            }
        };
        let texts = [Some(&location.host), Some(&location.path), location.user.as_ref()];
        if url.chars().any(char::is_control) || texts.iter().flatten().any(|text| text.chars().any(char::is_control)) {
            return Err(bad_url("it contains a control character"));
        }
        if texts.iter().flatten().any(|text| text.starts_with('-')) {
            return Err(bad_url("a part of it would be read as an option"));
        }
        if location.host.contains(['@', '/']) || location.host.is_empty() != (location.scheme == Scheme::File) {
            return Err(bad_url("its host is not a host name"));
        }
        Ok(location)
    }

    fn new(scheme: Scheme, host: &str, path: &str) -> Self {
        Self { scheme, user: None, password: None, host: host.to_owned(), port: None, path: path.to_owned() }
    }

    fn from_authority(scheme: Scheme, rest: &str) -> Result<Self, ServerProblem> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if scheme == Scheme::File {
            // RFC 8089: an empty host and `localhost` are this machine.
            if !authority.is_empty() && authority != "localhost" {
                return Err(bad_url("a `file` URL starts with `file:///`"));
            }
            return Ok(Self::new(scheme, "", &decode(path)?));
        }
        let (user_info, host_port) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (host, port) = match host_port.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, after)) => (address, after.strip_prefix(':').unwrap_or(after)),
            None => host_port.split_once(':').unwrap_or((host_port, "")),
        };
        let port = match port {
            "" => None,
            digits => Some(digits.parse().map_err(|_| bad_url("its port is not a number up to 65535"))?),
        };
        let is_http = matches!(scheme, Scheme::Http | Scheme::Https);
        let path = if is_http { path.trim_end_matches('/').to_owned() } else { decode(path)? };
        // A path that starts in a home folder is relative to what the server takes for it.
        let path = if path.starts_with("/~") && !is_http { path[1..].to_owned() } else { path };
        let mut location = Self::new(scheme, &decode(host)?, &path);
        location.port = port;
        let (user, password) = user_info.map_or((None, None), |info| match info.split_once(':') {
            Some((user, password)) => (Some(user), Some(password)),
            None => (Some(info), None),
        });
        location.user = user.map(decode).transpose()?;
        location.password = password.map(decode).transpose()?;
        Ok(location)
    }

    /// `host`, or `host:port` where a port is given, as a URL and git's credentials have it.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Over HTTP even a lone user name is left out: it may be an access token.
        let user = match (&self.user, self.scheme) {
            (Some(user), Scheme::Ssh) => format!("{}@", shown(user)),
            _ => String::new(),
        };
        let separator = if self.path.is_empty() || self.path.starts_with('/') { "" } else { "/" };
        let path = shown(&self.path);
        write!(f, "{}://{user}{}{separator}{path}", self.scheme.as_str(), shown(&self.authority()))
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `USER@HOST` and `PATH` of git's own form; the host may be an IPv6 address in brackets.
/// `NAME::ADDRESS` is not that, but would have git run a helper.
fn split_scp(url: &str) -> Option<(&str, &str)> {
    let after_host = url.find(']').filter(|_| url.contains('[')).unwrap_or(0);
    let colon = after_host + url[after_host..].find(':')?;
    let (authority, path) = (&url[..colon], &url[colon + 1..]);
    (!authority.contains('/') && !path.is_empty() && !path.starts_with(':')).then_some((authority, path))
}

/// Undoes percent-encoding; `+` stays.
fn decode(text: &str) -> Result<String, ServerProblem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).map_err(|_| bad_url("its percent-encoding is not UTF-8"))
}

fn bad_url(why: &str) -> ServerProblem {
    ServerProblem::BadUrl { detail: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (Scheme, Option<String>, String, Option<u16>, String) {
        let l = Location::parse(url).unwrap();
        (l.scheme, l.user, l.host, l.port, l.path)
    }

    #[test]
    fn forms_of_ssh() {
        let git = Some("git".to_owned());
        assert_eq!(
            parts("ssh://git@h:2222/a%20b.git"),
            (Scheme::Ssh, git.clone(), "h".into(), Some(2222), "/a b.git".into())
        );
        assert_eq!(parts("git@h:a/b.git"), (Scheme::Ssh, git.clone(), "h".into(), None, "a/b.git".into()));
        assert_eq!(parts("git@h:a:b%20c"), (Scheme::Ssh, git, "h".into(), None, "a:b%20c".into()));
        assert_eq!(parts("ssh://h/~me/a"), (Scheme::Ssh, None, "h".into(), None, "~me/a".into()));
        assert_eq!(parts("ssh://[::1]:22/a"), (Scheme::Ssh, None, "::1".into(), Some(22), "/a".into()));
        assert_eq!(parts("[::1]:a"), (Scheme::Ssh, None, "::1".into(), None, "a".into()));
    }

    #[test]
    fn other_forms() {
        assert_eq!(parts("https://h/a%20b/"), (Scheme::Https, None, "h".into(), None, "/a%20b".into()));
        assert_eq!(parts("file:///a%20b"), (Scheme::File, None, String::new(), None, "/a b".into()));
        assert_eq!(parts("file://localhost/a"), (Scheme::File, None, String::new(), None, "/a".into()));
        assert_eq!(parts("/srv/a"), (Scheme::File, None, String::new(), None, "/srv/a".into()));
    }

    #[test]
    fn what_could_become_an_option_is_refused() {
        for bad in [
            "ssh://-oProxyCommand=x/a",
            "ssh://%2doProxyCommand=x/a",
            "-oProxyCommand=x:a",
            "ssh://-u@h/a",
            "h:-a",
            "ssh://h/a%0ab",
            "git://h%00x/a",
            "ext::sh -c x",
            "ftp://h/a",
            "https:///a",
            "https://h:x/a",
            "file://h/a",
            "ssh://a%40b/c",
        ] {
            assert!(Location::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_are_never_shown() {
        let location = Location::parse("https://me:s%3Acret@h:8443/a").unwrap();
        assert_eq!(location.password.as_deref(), Some("s:cret"));
        assert_eq!(location.to_string(), "https://h:8443/a");
        assert_eq!(Location::parse("git@h:a").unwrap().to_string(), "ssh://git@h/a");
    }
}
