//! Registries: whether an image is there, asked as the distribution specification says.
#![expect(clippy::disallowed_methods, reason = "passwords are in files and in the environment")]

mod auth;
mod content;
mod error;
mod realm;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::Body;
use ureq::config::ConfigBuilder;
use ureq::http::{HeaderMap, Method, Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

use self::auth::Login;
pub use self::content::{Access, ContentError, blob, manifest, small_blob};
pub use self::error::RegistryError;
use crate::vocabulary::{Digest, ImageRef};

/// The kinds of manifest that an image may have.
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                      application/vnd.docker.distribution.manifest.v2+json, \
                      application/vnd.docker.distribution.manifest.list.v2+json";

/// Limit on the length of a manifest in bytes: the one that registries must accept.
const LONGEST_MANIFEST: u64 = 4 << 20;

/// Transport security of a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tls {
    /// Plain HTTP is fine.
    pub insecure: bool,
    /// Certificates are not checked.
    pub skip_verify: bool,
}

impl Tls {
    /// Takes the settings `insecure` and `insecureSkipTLSVerify` of KMM.
    pub fn of([insecure, skip_verify]: [bool; 2]) -> Self {
        Self { insecure, skip_verify }
    }

    /// Returns whether certificates are checked.
    pub fn verifies(self) -> bool {
        !self.insecure && !self.skip_verify
    }
}

/// Checks whether a registry has `image`.
///
/// # Errors
/// A registry that does not tell.
pub fn has_image(image: &ImageRef, tls: Tls, timeout: Duration) -> Result<bool, RegistryError> {
    Ok(ask_for_manifest(&Method::HEAD, image, tls, timeout)?.is_some())
}

/// Returns the digest of the manifest that `image` names, of the index if it names one; `None` if the registry has no
/// such image.
///
/// # Errors
/// A registry that does not tell.
pub fn digest(image: &ImageRef, tls: Tls, timeout: Duration) -> Result<Option<Digest>, RegistryError> {
    let Some(answer) = ask_for_manifest(&Method::HEAD, image, tls, timeout)? else { return Ok(None) };
    let stated = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
    if let Some(digest) = stated.and_then(|digest| digest.strip_prefix("sha256:")).and_then(Digest::parse) {
        return Ok(Some(digest));
    }
    // Registries may leave the header out.
    let Some(answer) = ask_for_manifest(&Method::GET, image, tls, timeout)? else { return Ok(None) };
    let bytes = answer.into_body().with_config().limit(LONGEST_MANIFEST).read_to_vec();
    let bytes = bytes.map_err(|error| RegistryError::NoAnswer { host: split(image).0, error })?;
    Ok(Some(Digest::of(&bytes)))
}

/// Asks a registry for the manifest of an image; `None` if it has none.
fn ask_for_manifest(
    method: &Method,
    image: &ImageRef,
    tls: Tls,
    timeout: Duration,
) -> Result<Option<Response<Body>>, RegistryError> {
    let agent = builder(tls).timeout_global(Some(timeout)).build().new_agent();
    resource(method, image, &format!("manifests/{}", reference(image)), &agent, tls)
}

/// Returns what names an image in its repository.
fn reference(image: &ImageRef) -> &str {
    image.digest().or(image.tag()).unwrap_or("latest")
}

/// Asks a registry for a part of an image's repository; `None` if it has none.
fn resource(
    method: &Method,
    image: &ImageRef,
    part: &str,
    agent: &ureq::Agent,
    tls: Tls,
) -> Result<Option<Response<Body>>, RegistryError> {
    let (host, path) = split(image);
    let mut url = format!("https://{host}/v2/{path}/{part}");
    let mut answer = ask(agent, method, &url, None);
    if tls.insecure && answer.is_err() {
        url = format!("http://{host}/v2/{path}/{part}");
        answer = ask(agent, method, &url, None);
    }
    let mut user = None;
    if let Ok(first) = &answer
        && first.status() == StatusCode::UNAUTHORIZED
    {
        let login = auth::login(&format!("{host}/{path}"));
        user = login.as_ref().map(|login| login.user.clone());
        let authorization = authorization(agent, first.headers(), &host, &path, login, tls)?;
        answer = ask(agent, method, &url, Some(&authorization));
    }
    match answer {
        Ok(answer) => Ok(judge(answer.status(), host, path, user)?.then_some(answer)),
        Err(error) => Err(RegistryError::NoAnswer { host, error }),
    }
}

/// Reads the last answer of a registry, to a user if it has asked for one.
fn judge(status: StatusCode, host: String, path: String, user: Option<String>) -> Result<bool, RegistryError> {
    match (status, user) {
        (StatusCode::OK, _) => Ok(true),
        (StatusCode::NOT_FOUND, _) => Ok(false),
        (StatusCode::UNAUTHORIZED, Some(user)) => Err(RegistryError::WrongPassword { host, user }),
        // Registries hide what a user may not see.
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Err(RegistryError::Hidden { host, path }),
        (status, _) => Err(RegistryError::Answer { host, status }),
    }
}

fn ask(
    agent: &ureq::Agent,
    method: &Method,
    url: &str,
    authorization: Option<&str>,
) -> Result<Response<Body>, ureq::Error> {
    let request = if *method == Method::GET { agent.get(url) } else { agent.head(url) };
    let request = request.header("accept", ACCEPT);
    match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    }
    .call()
}

/// A client that speaks https alone, unless plain HTTP is fine, and forwards no password.
fn builder(tls: Tls) -> ConfigBuilder<AgentScope> {
    let roots = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .https_only(!tls.insecure)
        .tls_config(roots.disable_verification(tls.skip_verify).build())
}

/// Host and path; an image without a host is Docker's.
fn split(image: &ImageRef) -> (String, String) {
    match image.repository().split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
            (host.to_owned(), path.to_owned())
        }
        Some(_) => ("registry-1.docker.io".into(), image.repository().to_owned()),
        None => ("registry-1.docker.io".into(), format!("library/{}", image.repository())),
    }
}

/// The value of `Authorization` that the registry's challenge asks for.
fn authorization(
    agent: &ureq::Agent,
    headers: &HeaderMap,
    host: &str,
    path: &str,
    login: Option<Login>,
    tls: Tls,
) -> Result<String, RegistryError> {
    let challenge = headers.get("www-authenticate").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let user = login.as_ref().map(|login| login.user.as_str());
    let basic =
        login.as_ref().map(|login| format!("Basic {}", STANDARD.encode(format!("{}:{}", login.user, login.password))));
    if challenge.to_ascii_lowercase().starts_with("basic") {
        return basic.ok_or_else(|| unauthorized(host, user));
    }
    let realm = parameter(challenge, "realm").ok_or_else(|| unauthorized(host, user))?;
    let service = parameter(challenge, "service").unwrap_or_default();
    let scope = format!("repository:{path}:pull");
    let request = agent.get(&realm).query("service", &service).query("scope", &scope);
    let is_trusted = tls.insecure || realm::is_trusted(&realm, host);
    let request = match basic.as_ref().filter(|_| is_trusted) {
        Some(basic) => request.header("authorization", basic),
        None => request,
    };
    let text = request.call().and_then(|mut answer| answer.body_mut().read_to_string());
    let text = text.map_err(|error| RegistryError::NoToken { host: host.to_owned(), error })?;
    let token: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match token["token"].as_str().or(token["access_token"].as_str()) {
        Some(token) => Ok(format!("Bearer {token}")),
        None if basic.is_some() && !is_trusted => Err(RegistryError::OtherSite { host: host.to_owned(), realm }),
        None => Err(unauthorized(host, user)),
    }
}

/// The error of a registry that wants another password than the one that is kept for a user, if any.
fn unauthorized(host: &str, user: Option<&str>) -> RegistryError {
    let host = host.to_owned();
    match user {
        Some(user) => RegistryError::WrongPassword { host, user: user.to_owned() },
        None => RegistryError::NoPassword { host },
    }
}

/// A parameter of a challenge, such as `realm` of `Bearer realm="…",service="…"`.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let start = challenge.find(&format!("{name}=\""))? + name.len() + 2;
    let end = challenge[start..].find('"')?;
    Some(challenge[start..start + end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_say_where_they_are() {
        for (image, host, path) in [
            ("registry.example.com/kmods/x:1", "registry.example.com", "kmods/x"),
            ("localhost:5000/x:1", "localhost:5000", "x"),
            ("docker.io/library/debian:12", "registry-1.docker.io", "library/debian"),
            ("team/x", "registry-1.docker.io", "team/x"),
            ("debian", "registry-1.docker.io", "library/debian"),
        ] {
            assert_eq!(split(&ImageRef::parse(image).unwrap()), (host.into(), path.into()));
        }
    }

    #[test]
    fn challenges_are_read() {
        let challenge = r#"Bearer realm="https://auth.example.com/token",service="registry.example.com""#;
        assert_eq!(parameter(challenge, "realm").unwrap(), "https://auth.example.com/token");
        assert_eq!(parameter(challenge, "service").unwrap(), "registry.example.com");
        assert_eq!(parameter(challenge, "scope"), None);
        assert_eq!(parameter("Bearer realm=\"", "realm"), None);
    }

    fn token(headers: &HeaderMap, tls: Tls) -> Result<String, RegistryError> {
        let login = Some(Login { user: "robot".into(), password: "hunter2".into() });
        let agent = builder(tls).timeout_global(Some(Duration::from_millis(200))).build().new_agent();
        authorization(&agent, headers, "127.0.0.1:5000", "a", login, tls)
    }

    #[test]
    fn a_token_server_over_plain_http_gets_no_password() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let challenge = format!("Bearer realm=\"http://{address}/token\"");
        let headers = [("www-authenticate".parse().unwrap(), challenge.parse().unwrap())].into_iter().collect();
        let error = token(&headers, Tls::default()).unwrap_err().to_string();
        assert!(error.contains("over https only") && error.contains("baseImageRegistryTLS"), "{error}");
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "nothing was sent");
        token(&headers, Tls { insecure: true, ..Tls::default() }).unwrap_err();
        assert!(listener.accept().is_ok(), "it is asked if that is intended");
    }
}
