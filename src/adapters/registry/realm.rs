//! Token servers: which of them get a registry's password.

/// Checks whether a token server may get the password of a registry: it is reached over https, and is the
/// registry's own host, below it, or beside it in one domain, as `auth.docker.io` is beside
/// `registry-1.docker.io`.
pub(super) fn is_trusted(realm: &str, registry: &str) -> bool {
    let Some((scheme, rest)) = realm.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("https") || authority.contains('@') {
        return false;
    }
    let (realm, registry) = (host_of(authority), host_of(registry));
    is_within(&realm, &registry) || domain_of(&registry).is_some_and(|domain| is_within(&realm, domain))
}

/// Checks whether a host is a domain itself, or below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The host of an authority, without its port.
fn host_of(authority: &str) -> String {
    let host = match authority.rfind(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// The domain that a host shares with others of one owner: the host without its first label. `None` for
/// addresses, and if what is left is likely a public suffix: one label, or two short ones such as `co.uk`.
fn domain_of(host: &str) -> Option<&str> {
    if host.ends_with(|c: char| c.is_ascii_digit() || c == ']') {
        return None;
    }
    let (_, domain) = host.split_once('.')?;
    let (rest, top) = domain.rsplit_once('.')?;
    let is_suffix = top.len() == 2 && rest.len() <= 3 && !rest.contains('.');
    (!is_suffix).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::is_trusted;

    #[test]
    fn passwords_stay_within_a_site() {
        for (realm, registry) in [
            ("https://auth.docker.io/token", "registry-1.docker.io"),
            ("https://quay.io/v2/auth", "quay.io"),
            ("https://gitlab.com/jwt/auth", "registry.gitlab.com"),
            ("https://registry.redhat.io/auth/realms/x", "registry.redhat.io"),
            ("https://api.digitalocean.com/v2/registry/auth", "registry.digitalocean.com"),
            ("HTTPS://Auth.Registry.Example.com:8443/t", "registry.example.com:5000"),
            ("https://10.0.0.1/token", "10.0.0.1:5000"),
            ("https://[::1]:1/token", "[::1]:5000"),
            ("https://localhost/token", "localhost:5000"),
        ] {
            assert!(is_trusted(realm, registry), "{realm} {registry}");
        }
        for (realm, registry) in [
            ("http://quay.io/v2/auth", "quay.io"),
            ("https://evil.io/auth", "quay.io"),
            ("https://notquay.io/auth", "quay.io"),
            ("https://quay.io.evil.com/auth", "quay.io"),
            ("https://quay.io@evil.com/auth", "quay.io"),
            ("https://evil.com\\@quay.io/auth", "quay.io"),
            ("https://evil.com?quay.io", "quay.io"),
            ("https://evil.com#.quay.io", "quay.io"),
            ("https://evil.co.uk/auth", "registry.co.uk"),
            ("https://10.0.0.2/token", "10.0.0.1"),
            ("https://evil.com/token", "registry.example.com"),
            ("https://evildocker.io/token", "registry-1.docker.io"),
            ("/token", "quay.io"),
            ("", "quay.io"),
        ] {
            assert!(!is_trusted(realm, registry), "{realm} {registry}");
        }
    }
}
