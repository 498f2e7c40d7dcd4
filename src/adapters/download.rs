//! Checksums of files behind URLs.
#![expect(clippy::disallowed_methods, reason = "an adapter: a URL may be that of a file here")]

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use sha2::{Digest as _, Sha256};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::fs;
use crate::vocabulary::Digest;

/// No source is larger than this many bytes.
const LIMIT: u64 = 16 << 30;

/// Factor by which the time limit for a whole file exceeds the one for a server's answer.
const WHOLE: u32 = 20;

/// The SHA-256 of the file at a URL over `https`, `http` or `file`. A server has `timeout` to answer,
/// and twenty times as long to send everything; proxies are those of the environment. A file of this
/// machine is a regular file in `folder`, the manifest's.
///
/// # Errors
/// Why there is none, as a lower-case fragment: also a redirect from https to http, after which anybody
/// on the way decides what is downloaded.
pub fn checksum(url: &str, folder: &Path, timeout: Duration) -> Result<Digest, String> {
    // What is after a `#` is for people.
    let url = url.split('#').next().unwrap_or_default();
    let end = Instant::now() + timeout * WHOLE;
    if let Some(path) = url.strip_prefix("file://") {
        return digest(local(Path::new(path), folder)?, end).map_err(|error| fs::describe(&error));
    }
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(url.starts_with("https://"))
        .timeout_connect(Some(timeout))
        .timeout_recv_response(Some(timeout))
        .timeout_recv_body(Some(timeout * WHOLE))
        .tls_config(tls)
        .build()
        .new_agent();
    let response = agent.get(url).call().map_err(|error| match error {
        ureq::Error::RequireHttpsOnly(to) => format!("the server redirects to {to}, which is not https"),
        error => error.to_string(),
    })?;
    if !response.status().is_success() {
        return Err(format!("the server answers {}", response.status()));
    }
    digest(response.into_body().into_reader(), end).map_err(|error| error.to_string())
}

/// Opens a regular file in `folder`, links followed, without waiting for what is none.
fn local(path: &Path, folder: &Path) -> Result<File, String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let real = |path: &Path| path.canonicalize().map_err(|error| fs::describe(&error));
    let path = real(path)?;
    if !path.starts_with(real(folder)?) {
        return Err("it is outside of the manifest's folder".into());
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(&path, flags, Mode::empty()).map_err(|error| fs::describe(&error.into()))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(|error| fs::describe(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".into());
    }
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    Ok(file)
}

fn digest(file: impl Read, end: Instant) -> io::Result<Digest> {
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
        if Instant::now() > end {
            return Err(io::Error::other("it takes longer than 20 times --timeout"));
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

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_file_has_its_checksum() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, vec![7; 200_000]).unwrap();
        let url = format!("file://{}", path.display());
        assert_eq!(checksum(&url, folder.path(), SECOND).unwrap(), Digest::of(&[7; 200_000]));
        assert_eq!(checksum(&format!("{url}#b.zip"), folder.path(), SECOND).unwrap(), Digest::of(&[7; 200_000]));
        assert!(checksum(&format!("{url}x"), folder.path(), SECOND).unwrap_err().contains("there is no such file"));
    }

    #[test]
    fn only_regular_files_in_the_folder_are_read() {
        let temp = tempfile::TempDir::new().unwrap();
        let folder = temp.path().join("project");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(temp.path().join("other"), "x").unwrap();
        std::fs::write(folder.join("inside"), "x").unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.join("pipe"), Mode::RWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
        link("../other", "leaves");
        link("/dev/zero", "device");
        link("inside", "link");
        link("loop", "loop");
        let why = |path: &str| checksum(&format!("file://{}/{path}", folder.display()), &folder, SECOND).unwrap_err();
        for (path, said) in [
            ("../other", "outside of the manifest's folder"),
            ("leaves", "outside of the manifest's folder"),
            ("device", "outside of the manifest's folder"),
            ("pipe", "not a regular file"),
            ("socket", ""),
            ("loop", ""),
            (".", "it is a folder"),
            ("absent", "there is no such file"),
        ] {
            assert!(why(path).contains(said), "{path}: {}", why(path));
        }
        let inside = format!("file://{}/link", folder.display());
        assert_eq!(checksum(&inside, &folder, SECOND).unwrap(), Digest::of(b"x"));
        assert!(checksum("file:///dev/zero", &folder, SECOND).unwrap_err().contains("outside"));
        let out_of_time = digest(&[0; 9][..], Instant::now() - SECOND).unwrap_err();
        assert!(out_of_time.to_string().contains("--timeout"));
    }
}
