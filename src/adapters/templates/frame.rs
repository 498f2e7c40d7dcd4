//! The messages between the two processes: a length, and that many bytes of JSON or of a file.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Limits;
use crate::template::{TemplateFault, WireValue};

/// The largest message, in bytes: a file, or a text and a few faults, quoted.
const LARGEST: usize = 128 << 20;

/// The first message to a renderer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start {
    /// The version of the built-in templates.
    pub(super) version: u32,
    pub(super) limits: Limits,
}

/// A template to render.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// The path of a Dockerfile's template, and its values.
    Dockerfile(String, WireValue),
    /// The text of a message's template, and its values.
    Message(String, WireValue),
}

/// A message from a renderer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// Asks for a file; the answer is a [`FileReply`].
    Read(String),
    /// The text, or what is wrong with the template.
    Done(Result<String, Vec<TemplateFault>>),
}

/// The answer to [`Reply::Read`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FileReply {
    /// The file's bytes follow in a frame of their own.
    Bytes,
    Absent,
    /// Reason why the file cannot be read.
    Unreadable(String),
}

pub(super) fn send(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    send_bytes(to, &serde_json::to_vec(message)?)
}

pub(super) fn send_bytes(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// Receives a message; `None` if the other process has ended.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    match receive_bytes(from)? {
        Some(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        None => Ok(None),
    }
}

pub(super) fn receive_bytes(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
    if length > LARGEST {
        return Err(io::Error::other(format!("a message of {length} bytes")));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_bounded_and_whole() {
        let mut pipe = Vec::new();
        send(&mut pipe, &Reply::Read("a\nb".into())).unwrap();
        assert!(matches!(receive(&mut pipe.as_slice()), Ok(Some(Reply::Read(path))) if path == "a\nb"));
        assert!(receive::<Reply>(&mut &pipe[..pipe.len() - 1]).is_err());
        assert!(receive::<Reply>(&mut [].as_slice()).unwrap().is_none());
        assert!(receive::<Reply>(&mut [255; 8].as_slice()).is_err());
    }
}
