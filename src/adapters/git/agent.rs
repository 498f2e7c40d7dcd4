//! The HTTP client, set up as git's settings say.

#![expect(clippy::disallowed_methods, reason = "certificate authorities are files")]

use std::fs;

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

use super::environment::bypasses;
use super::error::{ServerProblem, shown};
use super::location::Location;
use super::session::Session;

/// Servers that tell git from a browser look for this beginning.
const USER_AGENT: &str = concat!("git/2.0 (kmodgen ", env!("CARGO_PKG_VERSION"), ")");

/// A client for one server. It follows no redirect, which is up to the caller.
pub(super) fn agent(session: &Session, location: &Location) -> Result<Agent, ServerProblem> {
    let config = Agent::config_builder()
        .user_agent(USER_AGENT)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy(session, location)?)
        .tls_config(tls(session, location)?)
        .build();
    Ok(config.new_agent())
}

fn proxy(session: &Session, location: &Location) -> Result<Option<Proxy>, ServerProblem> {
    let environment = &session.environment;
    let url = match session.config.http("proxy", location) {
        // An empty setting turns the environment's proxy off.
        Some("") => return Ok(None),
        Some(url) => {
            let no_proxy = environment.get("no_proxy").or_else(|| environment.get("NO_PROXY")).unwrap_or_default();
            (!bypasses(no_proxy, &location.host)).then_some(url)
        }
        None => environment.proxy(location.scheme.as_str(), &location.host),
    };
    let Some(url) = url else { return Ok(None) };
    // The URL is not shown, as it may contain a password.
    Proxy::new(url).map(Some).map_err(|_| ServerProblem::BadSetting {
        detail: "the proxy's URL is not of the form `http://HOST:PORT`".into(),
    })
}

fn tls(session: &Session, location: &Location) -> Result<TlsConfig, ServerProblem> {
    let (environment, config) = (&session.environment, &session.config);
    let wants = config.http("sslverify", location).is_none_or(|value| git2::Config::parse_bool(value).unwrap_or(true));
    let verify = wants && !environment.has("GIT_SSL_NO_VERIFY");
    let roots = match environment.get("GIT_SSL_CAINFO").or_else(|| config.http("sslcainfo", location)) {
        Some(file) => Some(file),
        None => environment.get("SSL_CERT_FILE"),
    };
    let roots = match roots.filter(|_| verify && location.scheme == super::location::Scheme::Https) {
        Some(file) => RootCerts::from(certificates(file, environment.get("HOME"))?),
        None => RootCerts::PlatformVerifier,
    };
    Ok(TlsConfig::builder().root_certs(roots).disable_verification(!verify).build())
}

fn certificates(file: &str, home: Option<&str>) -> Result<Vec<ureq::tls::Certificate<'static>>, ServerProblem> {
    let path = match (file.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => format!("{home}/{below}"),
        _ => file.to_owned(),
    };
    let bad = |why: &str| ServerProblem::BadSetting { detail: shown(&format!("certificate file {path}: {why}")) };
    let pem = fs::read(&path).map_err(|error| bad(&error.to_string()))?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = items.collect();
    if certificates.is_empty() { Err(bad("it contains no PEM certificate")) } else { Ok(certificates) }
}
