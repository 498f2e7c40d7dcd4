//! Checksums of files behind URLs.
#![expect(clippy::disallowed_methods, reason = "an adapter: a URL may be that of a file here")]

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig};

use super::fs;
use crate::vocabulary::Digest;

/// No source is larger than this many bytes.
const LIMIT: u64 = 16 << 30;

/// Factor by which the time limit for a whole file exceeds the one for a server's answer.
const WHOLE: u32 = 20;

/// Reason why a file has no checksum, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum DownloadError {
    #[error("{}", fs::describe(.0))]
    File(#[from] io::Error),
    #[error("it is outside the manifest's folder")]
    Outside,
    #[error("it is a folder")]
    IsAFolder,
    #[error("it is not a regular file")]
    NotRegular,
    #[error("the server redirects to {0}, which is not https")]
    Redirect(String),
    #[error("the server responded with {0}")]
    Answer(StatusCode),
    #[error("{0}")]
    Server(ureq::Error),
    #[error("{0}")]
    Body(io::Error),
}

/// The SHA-256 of the file at a URL over `https`, `http` or `file`. A server has `timeout` to answer,
/// and twenty times as long to send everything; proxies are those of the environment. A file of this
/// machine is a regular file in `folder`, the manifest's.
///
/// # Errors
/// No such file, and also a redirect from https to http, after which anybody on the way decides what is
/// downloaded.
pub fn checksum(url: &str, folder: &Path, timeout: Duration) -> Result<Digest, DownloadError> {
    // What is after a `#` is for people.
    let url = url.split('#').next().unwrap_or_default();
    let end = Instant::now() + timeout * WHOLE;
    if let Some(path) = url.strip_prefix("file://") {
        return Ok(digest(local(Path::new(path), folder)?, end)?);
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
        ureq::Error::RequireHttpsOnly(to) => DownloadError::Redirect(to),
        error => DownloadError::Server(error),
    })?;
    if !response.status().is_success() {
        return Err(DownloadError::Answer(response.status()));
    }
    digest(response.into_body().into_reader(), end).map_err(DownloadError::Body)
}

/// Opens a regular file in `folder`, links followed, without waiting for what is none.
fn local(path: &Path, folder: &Path) -> Result<File, DownloadError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let path = path.canonicalize()?;
    if !path.starts_with(folder.canonicalize()?) {
        return Err(DownloadError::Outside);
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(&path, flags, Mode::empty()).map_err(io::Error::from)?);
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(DownloadError::IsAFolder);
    }
    if !metadata.is_file() {
        return Err(DownloadError::NotRegular);
    }
    Ok(file)
}

fn digest(file: impl Read, end: Instant) -> io::Result<Digest> {
    let mut file = Timed { inner: file.take(LIMIT + 1), end };
    let digest = Digest::of_reader(&mut file)?;
    if file.inner.limit() == 0 {
        return Err(io::Error::other("the file is larger than 16 GiB"));
    }
    Ok(digest)
}

/// A reader that has to come to its end in time.
struct Timed<R> {
    inner: R,
    end: Instant,
}

impl<R: Read> Read for Timed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read > 0 && Instant::now() > self.end {
            return Err(io::Error::other("it takes longer than 20 times --timeout"));
        }
        Ok(read)
    }
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
        let absent = checksum(&format!("{url}x"), folder.path(), SECOND).unwrap_err();
        assert_eq!(absent.to_string(), "there is no such file");
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
        for (to, name) in [("../other", "leaves"), ("/dev/zero", "device"), ("inside", "link"), ("loop", "loop")] {
            std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
        }
        for (path, said) in [
            ("../other", "outside the manifest's folder"),
            ("leaves", "outside the manifest's folder"),
            ("device", "outside the manifest's folder"),
            ("pipe", "not a regular file"),
            ("socket", ""),
            ("loop", ""),
            (".", "it is a folder"),
            ("absent", "there is no such file"),
        ] {
            let url = format!("file://{}/{path}", folder.display());
            let error = checksum(&url, &folder, SECOND).unwrap_err().to_string();
            assert!(error.contains(said), "{path}: {error}");
        }
        let inside = format!("file://{}/link", folder.display());
        assert_eq!(checksum(&inside, &folder, SECOND).unwrap(), Digest::of(b"x"));
        assert!(matches!(checksum("file:///dev/zero", &folder, SECOND), Err(DownloadError::Outside)));
        let out_of_time = digest(&[0; 9][..], Instant::now() - SECOND).unwrap_err();
        assert!(out_of_time.to_string().contains("--timeout"));
    }
}
