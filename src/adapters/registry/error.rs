//! Reasons why a registry does not tell whether it has an image.

use ureq::http::StatusCode;

/// Reason why a registry does not tell whether it has an image, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum RegistryError {
    #[error("cannot access {host}: {}", describe(error))]
    NoAnswer { host: String, error: ureq::Error },
    #[error("cannot get a token for {host}: {}", describe(error))]
    NoToken { host: String, error: ureq::Error },
    #[error("{host} requires a password: log in with your engine's `login`")]
    NoPassword { host: String },
    #[error(
        "{host} rejected the stored password of `{}`: log in again with your engine's `login`",
        user.escape_debug()
    )]
    WrongPassword { host: String, user: String },
    #[error(
        "{host} requests its password at {}, which is in another domain: if this is intended, set `insecure` in its `registryTLS` or `baseImageRegistryTLS`, or pass `--insecure-registry` to `kernels`",
        realm.escape_debug()
    )]
    OtherSite { host: String, realm: String },
    #[error("{host} denied access to {path}: log in with your engine's `login`")]
    Hidden { host: String, path: String },
    #[error("{host} responded with {status}")]
    Answer { host: String, status: StatusCode },
}

/// An error of the HTTP client in the words of a message.
fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::RequireHttpsOnly(to) => {
            format!(
                "it redirects to {to}, and passwords are sent over https only: if this is intended, set `insecure` in its `registryTLS` or `baseImageRegistryTLS`, or pass `--insecure-registry` to `kernels`"
            )
        }
        error => error.to_string(),
    }
}
