//! Smart HTTP, `http://` and `https://`.

use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream};
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, BodyReader};

use super::agent::agent;
use super::credentials::Credential;
use super::error::{ServerProblem, shown};
use super::location::{Location, Scheme};
use super::session::Session;
use super::stream::{Connection, Stream};
use super::tcp::program;

/// How many redirects are followed, as many as git does.
const HOPS: usize = 20;

/// Talks to HTTP servers.
pub(super) struct Subtransport {
    session: Arc<Session>,
    /// Where the refs were found, for what is asked next.
    server: Mutex<Option<Server>>,
}

/// A server that answered.
#[derive(Clone)]
struct Server {
    agent: Agent,
    base: Location,
    authorization: Option<String>,
}

impl Subtransport {
    /// For one session.
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { session, server: Mutex::new(None) }
    }

    /// The refs that a service lists.
    pub(super) fn refs(&self, service: Service) -> Result<Refs, ServerProblem> {
        Ok(Refs { body: self.list(service)?, session: Arc::clone(&self.session) })
    }

    /// A request to a service, where the refs were found.
    pub(super) fn request(&self, service: Service) -> Result<Call, ServerProblem> {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let server = server.ok_or_else(|| ServerProblem::Server { detail: "the refs come first".into() })?;
        Ok(Call { server, service, request: Vec::new(), response: None, session: Arc::clone(&self.session) })
    }

    /// Asks for the refs; follows redirects, and answers the server's question for a password.
    fn list(&self, service: Service) -> Result<BodyReader<'static>, ServerProblem> {
        let session = &self.session;
        let base = session.location.clone();
        let authorization = session.authorization(&base);
        let mut server = Server { agent: agent(session, &base)?, base, authorization };
        let mut credential: Option<Credential> = None;
        for _ in 0..=HOPS {
            let response = server.get_refs(session, service)?;
            match response.status() {
                StatusCode::OK => {
                    check_type(&response, &format!("application/x-{}-advertisement", program(service)))?;
                    if let Some(credential) = credential {
                        credential.approve(&session.environment);
                        session.authorized(&server.base, &credential.authorization());
                    }
                    *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
                    return Ok(response.into_body().into_reader());
                }
                status if status.is_redirection() => {
                    let base = redirected(&server.base, &response, service)?;
                    // A password is for one server, and is not told to another.
                    if !base.same_origin(&server.base) {
                        (credential, server.authorization) = (None, None);
                        server.agent = agent(session, &base)?;
                    }
                    server.base = base;
                }
                StatusCode::UNAUTHORIZED => {
                    if let Some(credential) = credential {
                        credential.reject(&session.environment);
                        return Err(ServerProblem::WrongPassword);
                    }
                    let challenges = response.headers().get_all(WWW_AUTHENTICATE).into_iter();
                    let challenges = challenges.filter_map(|value| value.to_str().ok());
                    let found = Credential::find(session, &server.base, challenges)?;
                    server.authorization = Some(found.authorization());
                    credential = Some(found);
                }
                status => return Err(refused(status)),
            }
        }
        Err(ServerProblem::Redirect { detail: "again and again".into() })
    }
}

impl SmartSubtransport for Subtransport {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let session = Arc::clone(&self.session);
        if matches!(service, Service::UploadPackLs | Service::ReceivePackLs) {
            let refs = self.refs(service).map_err(|problem| session.fail(problem))?;
            return Ok(Box::new(Stream::new(refs, session)));
        }
        let call = self.request(service).map_err(|problem| session.fail(problem))?;
        Ok(Box::new(Stream::new(call, session)))
    }

    fn close(&self) -> Result<(), git2::Error> {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

impl Server {
    /// The URL without user name and password.
    fn url(&self, tail: &str) -> String {
        format!("{}://{}{}{tail}", self.base.scheme.as_str(), self.base.authority(), self.base.path)
    }

    fn get_refs(&self, session: &Session, service: Service) -> Result<Response<Body>, ServerProblem> {
        let mut request = self.agent.get(self.url(&refs_tail(service))).header("Pragma", "no-cache");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.config().timeout_global(Some(session.remaining()?)).build();
        request.call().map_err(|error| problem(session, &self.base, &error))
    }

    fn call(&self, session: &Session, service: Service, body: &[u8]) -> Result<Response<Body>, ServerProblem> {
        let program = program(service);
        let mut request = self
            .agent
            .post(self.url(&format!("/{program}")))
            .header(CONTENT_TYPE, format!("application/x-{program}-request"))
            .header(ACCEPT, format!("application/x-{program}-result"));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        session.remaining()?;
        // Objects may come and go slowly; what must not take long is that nothing happens.
        let (limit, transfer) = (Some(session.limit()), Some(session.limit() * 20));
        let config = request.config().timeout_connect(limit).timeout_recv_response(limit);
        let request = config.timeout_send_body(transfer).timeout_recv_body(transfer).build();
        let response = request.send(body).map_err(|error| problem(session, &self.base, &error))?;
        if response.status() != StatusCode::OK {
            return Err(refused(response.status()));
        }
        check_type(&response, &format!("application/x-{program}-result"))?;
        Ok(response)
    }
}

/// The refs, as they arrive.
pub(super) struct Refs {
    body: BodyReader<'static>,
    session: Arc<Session>,
}

impl Connection for Refs {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ServerProblem> {
        self.body.read(buffer).map_err(|error| problem(&self.session, &self.session.location, &error.into()))
    }

    fn write(&mut self, _: &[u8]) -> Result<(), ServerProblem> {
        Err(ServerProblem::Server { detail: "a list of refs is not written to".into() })
    }
}

/// A request that is sent once it is complete, which is when its answer is read.
pub(super) struct Call {
    server: Server,
    service: Service,
    request: Vec<u8>,
    response: Option<BodyReader<'static>>,
    session: Arc<Session>,
}

impl Connection for Call {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ServerProblem> {
        let response = match &mut self.response {
            Some(response) => response,
            None => {
                let response = self.server.call(&self.session, self.service, &self.request)?;
                self.response.insert(response.into_body().into_reader())
            }
        };
        response.read(buffer).map_err(|error| problem(&self.session, &self.server.base, &error.into()))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ServerProblem> {
        self.request.extend_from_slice(bytes);
        Ok(())
    }
}

fn refs_tail(service: Service) -> String {
    format!("/info/refs?service={}", program(service))
}

/// The base of the URL that a server redirects to, by git's rules: the end of the URL must be the
/// one that was asked for, or it leads to something else, such as a login page.
fn redirected(base: &Location, response: &Response<Body>, service: Service) -> Result<Location, ServerProblem> {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let to = |why: &str| ServerProblem::Redirect { detail: format!("to `{}`, {why}", shown(without_secrets(target))) };
    let absolute = match target {
        relative if relative.starts_with("//") => format!("{}:{relative}", base.scheme.as_str()),
        relative if relative.starts_with('/') => {
            format!("{}://{}{relative}", base.scheme.as_str(), base.authority())
        }
        absolute => absolute.to_owned(),
    };
    let new_base = absolute.strip_suffix(&refs_tail(service)).ok_or_else(|| to("which is not a git repository"))?;
    let mut location = Location::parse(new_base).map_err(|_| to("which is not a URL to follow"))?;
    match (base.scheme, location.scheme) {
        (_, Scheme::Https) | (Scheme::Http, Scheme::Http) => {}
        (Scheme::Https, Scheme::Http) => return Err(to("which is not encrypted")),
        _ => return Err(to("which is not a URL to follow")),
    }
    location.password = None;
    if location.same_origin(base) {
        (location.user, location.password) = (base.user.clone(), base.password.clone());
    }
    Ok(location)
}

/// A URL for messages: without a user name before the host, and without a query, either of which
/// may hold a secret.
fn without_secrets(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let host = url.find("//").map_or(0, |at| at + 2);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    url[..end].rfind('@').map_or(url, |at| &url[at + 1..])
}

fn check_type(response: &Response<Body>, expected: &str) -> Result<(), ServerProblem> {
    let found = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("nothing");
    if found == expected {
        return Ok(());
    }
    Err(ServerProblem::NotGit { detail: format!("it sends `{}`", shown(found)) })
}

fn refused(status: StatusCode) -> ServerProblem {
    let detail = format!("HTTP status {status}");
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => ServerProblem::NoRepository { detail },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ServerProblem::Forbidden { detail },
        _ => ServerProblem::Server { detail },
    }
}

/// What an error of the HTTP client means.
fn problem(session: &Session, location: &Location, error: &ureq::Error) -> ServerProblem {
    let host = shown(&location.authority());
    let detail = shown(&error.to_string());
    match error {
        ureq::Error::Timeout(_) => session.timed_out(""),
        ureq::Error::HostNotFound => ServerProblem::UnknownHost { host },
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => ServerProblem::Tls { detail },
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => ServerProblem::NotGit { detail },
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => session.timed_out(""),
            // The TLS library's errors arrive as bad data.
            io::ErrorKind::InvalidData => ServerProblem::Tls { detail },
            // The system's look-up has no kind of error of its own.
            _ if detail.contains("lookup address") => ServerProblem::UnknownHost { host },
            _ => ServerProblem::Unreachable { host, detail },
        },
        _ => ServerProblem::Unreachable { host, detail },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn redirect(from: &str, to: &str) -> Result<String, ServerProblem> {
        let response = Response::builder().header(LOCATION, to).body(Body::builder().data("")).unwrap();
        redirected(&Location::parse(from).unwrap(), &response, Service::UploadPackLs).map(|base| base.to_string())
    }

    #[test]
    fn redirects_move_the_base() {
        let tail = "/info/refs?service=git-upload-pack";
        for (from, to, base) in [
            ("http://h/a", "https://h/b", "https://h/b"),
            ("https://h/a", "/team/b", "https://h/team/b"),
            ("https://h/a", "//i/b", "https://i/b"),
        ] {
            assert_eq!(redirect(from, &format!("{to}{tail}")).unwrap(), base);
        }
        for (from, to) in [("https://h/a", "http://h/a"), ("https://h/a", "file:///a"), ("https://h/a", "a")] {
            assert!(redirect(from, &format!("{to}{tail}")).is_err(), "{to}");
        }
    }

    #[test]
    fn failures_are_told_apart() {
        let location = Location::parse("https://h/a").unwrap();
        let session = Session::new(location.clone(), <_>::default(), <_>::default(), Duration::from_secs(1));
        let problem = |error| problem(&session, &location, &ureq::Error::Io(error));
        let unknown = problem(io::Error::other("failed to lookup address information: Name or service not known"));
        assert_eq!(unknown, ServerProblem::UnknownHost { host: "h".into() });
        let late = problem(io::ErrorKind::TimedOut.into());
        assert!(matches!(late, ServerProblem::TimedOut { .. }));
    }

    #[test]
    fn login_pages_are_not_followed() {
        let error = redirect("https://h/a", "https://me:secret@h/login?token=secret").unwrap_err().to_string();
        assert!(error.contains("`h/login`, which is not a git repository"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
