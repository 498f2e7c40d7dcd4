//! Checksums of files behind URLs.
#![expect(clippy::disallowed_methods, reason = "an adapter: a URL may be that of a file here")]

use std::io::{self, Read};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::vocabulary::Digest;

/// No source is larger than this many bytes.
const LIMIT: u64 = 16 << 30;

/// The SHA-256 of the file at a URL over `https`, `http` or `file`. A server has `timeout` to answer,
/// and twenty times as long to send everything; proxies are those of the environment.
///
/// # Errors
/// Why there is none, as a lower-case fragment.
pub fn checksum(url: &str, timeout: Duration) -> Result<Digest, String> {
    // What is after a `#` is for people.
    let url = url.split('#').next().unwrap_or_default();
    if let Some(path) = url.strip_prefix("file://") {
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        return digest(file).map_err(|error| error.to_string());
    }
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(timeout))
        .timeout_recv_response(Some(timeout))
        .timeout_recv_body(Some(timeout * 20))
        .tls_config(tls)
        .build()
        .new_agent();
    let response = agent.get(url).call().map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("the server answers {}", response.status()));
    }
    digest(response.into_body().into_reader()).map_err(|error| error.to_string())
}

fn digest(file: impl Read) -> io::Result<Digest> {
    let mut file = file.take(LIMIT + 1);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(bytes) => {
                size += bytes as u64;
                hash.update(&buffer[..bytes]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if size > LIMIT {
        return Err(io::Error::other("the file is larger than 16 GiB"));
    }
    Ok(Digest::from_bytes(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_checksum() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, vec![7; 200_000]).unwrap();
        let url = format!("file://{}", path.display());
        assert_eq!(checksum(&url, Duration::from_secs(1)).unwrap(), Digest::of(&[7; 200_000]));
        assert_eq!(checksum(&format!("{url}#b.zip"), Duration::from_secs(1)).unwrap(), Digest::of(&[7; 200_000]));
        assert!(checksum(&format!("{url}x"), Duration::from_secs(1)).unwrap_err().contains("No such file"));
        assert!(checksum(&format!("file://{}", folder.path().display()), Duration::from_secs(1)).is_err());
    }
}
