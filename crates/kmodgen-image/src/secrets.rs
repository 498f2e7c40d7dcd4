//! Checks that no layer holds a secret: whoever can pull an image can read all of its layers,
//! including files that a later layer deletes. Entitlement keys left in images are a known field
//! mistake.

use crate::{Image, Report};

/// Something secret in a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The layer, counted from 1.
    pub layer: usize,
    /// The path in the layer.
    pub path: String,
    /// Kind of the secret.
    pub kind: Secret,
}

/// A kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Secret {
    BuildSecret,
    Entitlement,
    RegistryPassword,
    SshKey,
    PrivateKey,
}

impl Secret {
    /// Judges a file by its path from the root, its size and how it begins. Empty files hold no secret:
    /// builders leave them as the mount points of what they mounted.
    pub fn of(path: &str, size: u64, head: &[u8]) -> Option<Self> {
        let path = path.strip_prefix("var/run/").map_or_else(|| path.to_owned(), |rest| format!("run/{rest}"));
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
        if size == 0 {
            None
        } else if path.starts_with("run/secrets/") {
            Some(Self::BuildSecret)
        } else if path.starts_with("etc/pki/entitlement-host/")
            || (path.starts_with("etc/pki/entitlement/") && name.ends_with(".pem"))
        {
            Some(Self::Entitlement)
        } else if name == "auth.json" || (name == "config.json" && folder.rsplit('/').next() == Some(".docker")) {
            Some(Self::RegistryPassword)
        } else if ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"].contains(&name) {
            Some(Self::SshKey)
        } else {
            is_private_key(head).then_some(Self::PrivateKey)
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::BuildSecret => "a build secret",
            Self::Entitlement => "a subscription's entitlement",
            Self::RegistryPassword => "a file of registry passwords",
            Self::SshKey => "an SSH key",
            Self::PrivateKey => "a private key",
        }
    }
}

/// Returns whether a text begins with the header of a PEM private key (RFC 7468, section 2; RFC
/// 1421's and OpenSSH's kin: `RSA PRIVATE KEY`, `OPENSSH PRIVATE KEY`).
fn is_private_key(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let Some(label) = head.strip_prefix(b"-----BEGIN ") else { return false };
    let line = label.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default().trim_ascii_end();
    line.strip_suffix(b"-----").is_some_and(|label| label.ends_with(b"PRIVATE KEY"))
}

/// Tells of all leaks.
pub(crate) fn check(image: &Image, report: &mut Report) {
    for leak in &image.leaks {
        let kind = leak.kind.describe();
        let message = match image.layers {
            0 | 1 => format!("is {kind}"),
            layers => {
                let gone =
                    if image.root.get(&leak.path).is_none() { ", although a later layer deletes it" } else { "" };
                format!("is {kind}, in layer {} of {layers}{gone}", leak.layer)
            }
        };
        report.find(
            "secret",
            leak.path.trim_start_matches('/'),
            message,
            "revoke it; keep secrets in the builder stage (copy results, not folders), and mount them",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_what_is_public() {
        for (path, kind) in [
            ("run/secrets/token", Some(Secret::BuildSecret)),
            ("var/run/secrets/a/b", Some(Secret::BuildSecret)),
            ("etc/pki/entitlement/123-key.pem", Some(Secret::Entitlement)),
            ("etc/pki/entitlement-host/123.pem", Some(Secret::Entitlement)),
            ("etc/pki/entitlement/README", None),
            ("root/.docker/config.json", Some(Secret::RegistryPassword)),
            ("etc/app/config.json", None),
            ("root/.config/containers/auth.json", Some(Secret::RegistryPassword)),
            ("home/x/.ssh/id_ed25519", Some(Secret::SshKey)),
            ("home/x/.ssh/id_ed25519.pub", None),
            ("etc/pki/tls/certs/ca-bundle.crt", None),
        ] {
            assert_eq!(Secret::of(path, 10, b"x"), kind, "{path}");
        }
        assert_eq!(Secret::of("run/secrets/token", 0, b""), None);
        for (head, kind) in [
            (&b"-----BEGIN PRIVATE KEY-----\nMII"[..], Some(Secret::PrivateKey)),
            (b"\n  -----BEGIN OPENSSH PRIVATE KEY-----\r\n", Some(Secret::PrivateKey)),
            (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", Some(Secret::PrivateKey)),
            (b"-----BEGIN CERTIFICATE-----\n", None),
            (b"-----BEGIN PUBLIC KEY-----\n", None),
            (b"grep -----BEGIN PRIVATE KEY-----\n", None),
        ] {
            assert_eq!(Secret::of("x", 1, head), kind);
        }
    }
}
