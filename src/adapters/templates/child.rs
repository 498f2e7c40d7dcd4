//! The renderer: it reads templates to render from stdin, and writes their texts to stdout.

use std::io::{self, stdin, stdout};
use std::sync::Arc;

use super::frame::{self, FileReply, Reply, Request, Start};
use crate::template::{Renderer as _, TemplateFault, Templates, UserTemplate};
use crate::vocabulary::{InputError, InputFiles, Listed, RelPath};

/// The longest text that is handed on, which is longer than any that can be used.
const LONGEST: usize = 4 << 20;

/// The longest template that is shown in errors.
const LONGEST_SHOWN: usize = 1 << 20;

/// The longest message of an error, in bytes.
const LONGEST_MESSAGE: usize = 4 << 10;

/// Renders templates until stdin ends.
///
/// # Errors
/// Limits that cannot be set, or a parent that does not keep to the protocol.
pub fn serve() -> io::Result<()> {
    let Some(Start { version, limits }) = receive()? else { return Ok(()) };
    limits.confine()?;
    let mut templates = Templates::new(version, Arc::new(ParentFiles));
    while let Some(request) = receive()? {
        limits.grant_cpu()?;
        let result = match request {
            Request::Dockerfile(path, context) => {
                let path = RelPath::parse(&path).map_err(io::Error::other)?;
                render(&mut templates, UserTemplate::Dockerfile(&path), path.as_str(), context.into())
            }
            Request::Message(text, context) => {
                render(&mut templates, UserTemplate::Message(&text), crate::template::MESSAGE, context.into())
            }
        };
        send(&Reply::Done(result))?;
    }
    Ok(())
}

fn render(
    templates: &mut Templates,
    template: UserTemplate<'_>,
    name: &str,
    context: minijinja::Value,
) -> Result<String, Vec<TemplateFault>> {
    match templates.render(template, &context) {
        Ok(text) if text.len() > LONGEST => Err(vec![TemplateFault::over_limit(
            name,
            format!("the template prints {} bytes; at most {LONGEST} are allowed", text.len()),
            "a ConfigMap can contain at most 1,000,000 bytes",
        )]),
        Ok(text) => Ok(text),
        Err(faults) => Err(faults.into_iter().map(shortened).collect()),
    }
}

fn shortened(mut fault: TemplateFault) -> TemplateFault {
    if fault.message.len() > LONGEST_MESSAGE {
        let end = (0..=LONGEST_MESSAGE).rev().find(|end| fault.message.is_char_boundary(*end));
        fault.message.truncate(end.unwrap_or(0));
        fault.message.push('…');
    }
    if fault.text.as_ref().is_some_and(|text| text.len() > LONGEST_SHOWN) {
        fault.text = None;
    }
    fault
}

/// The files of a manifest's folder, which the parent reads.
struct ParentFiles;

impl InputFiles for ParentFiles {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        let (reply, bytes) = ask_for(path).map_err(|error| format!("it was not received: {error}"))?;
        match reply {
            FileReply::Bytes => Ok(Arc::new(bytes)),
            FileReply::Absent => Err(InputError::Absent),
            FileReply::Unreadable(why) => Err(InputError::Unreadable(why)),
        }
    }

    fn list(&self, _: &RelPath) -> Result<Vec<Listed>, InputError> {
        Err("templates list no folders".into())
    }
}

/// Asks for a file; returns the answer and, if there are any, the bytes.
fn ask_for(path: &RelPath) -> io::Result<(FileReply, Vec<u8>)> {
    send(&Reply::Read(path.to_string()))?;
    let reply = receive()?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let bytes = match reply {
        FileReply::Bytes => frame::receive_bytes(&mut stdin().lock())?.ok_or(io::ErrorKind::UnexpectedEof)?,
        FileReply::Absent | FileReply::Unreadable(_) => Vec::new(),
    };
    Ok((reply, bytes))
}

fn send(reply: &Reply) -> io::Result<()> {
    frame::send(&mut stdout().lock(), reply)
}

fn receive<T: serde::de::DeserializeOwned>() -> io::Result<Option<T>> {
    frame::receive(&mut stdin().lock())
}
