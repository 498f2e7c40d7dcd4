//! Receivers of texts.

use super::Action;
use crate::file_stat::FileStat;
use crate::tree::Inaccessible;
use crate::vocabulary::RelPath;

/// Receiver of texts that are to be written.
pub trait TextSink: Sync {
    /// Takes a text that differs from what is there, and what would be done with it; returns the metadata of the file
    /// that it is in now.
    ///
    /// # Errors
    /// Fails if the text cannot be written.
    fn put(&self, path: &RelPath, text: &str, action: &Action) -> Result<FileStat, Inaccessible>;

    /// Takes a text in parts. Until Modules are written, `replaced` has to be at its end.
    ///
    /// # Errors
    /// Fails if the text cannot be written, or with the error of a part.
    fn put_parts(
        &self,
        path: &RelPath,
        (parts, _replaced): (TextParts<'_>, Option<&str>),
        action: &Action,
    ) -> Result<FileStat, Inaccessible> {
        let mut bytes = Vec::new();
        let mut part = Vec::new();
        while parts(&mut part)? {
            bytes.append(&mut part);
        }
        self.put(path, &text_of(path, bytes)?, action)
    }
}

fn text_of(path: &RelPath, bytes: Vec<u8>) -> Result<String, Inaccessible> {
    String::from_utf8(bytes).map_err(|error| {
        let why = error.to_string();
        Inaccessible { verb: "read", path: path.to_string(), why }
    })
}

/// Parts of a text: puts the next one into an empty buffer, and returns whether there is one.
pub type TextParts<'p> = &'p mut dyn FnMut(&mut Vec<u8>) -> Result<bool, Inaccessible>;

/// Drops all texts.
impl TextSink for () {
    fn put(&self, _: &RelPath, _: &str, _: &Action) -> Result<FileStat, Inaccessible> {
        Ok(FileStat::NONE)
    }
}

/// Two sinks; the metadata is of the first one's files.
impl<A: TextSink, B: TextSink> TextSink for (&A, &B) {
    fn put(&self, path: &RelPath, text: &str, action: &Action) -> Result<FileStat, Inaccessible> {
        self.1.put(path, text, action)?;
        self.0.put(path, text, action)
    }

    fn put_parts(
        &self,
        path: &RelPath,
        (parts, replaced): (TextParts<'_>, Option<&str>),
        action: &Action,
    ) -> Result<FileStat, Inaccessible> {
        let mut bytes = Vec::new();
        let copied: TextParts<'_> = &mut |part| {
            let is_one = parts(part)?;
            bytes.extend_from_slice(part);
            Ok(is_one)
        };
        let stat = self.0.put_parts(path, (copied, replaced), action)?;
        self.1.put(path, &text_of(path, bytes)?, action)?;
        Ok(stat)
    }
}
