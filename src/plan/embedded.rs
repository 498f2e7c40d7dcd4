//! Files that the Dockerfile carries: KMM builds without a context.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::contract::dockerfile::is_garbled;
use crate::template::shell_word;
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, InputFiles, RelPath, Spanned};

/// File as the builder gets it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmbeddedFile {
    /// Path beside the manifest, or another name.
    pub name: String,
    /// The digest that the builder checks.
    pub digest: Digest,
    /// Shell commands that write the file, each short enough for one RUN.
    pub write: Vec<String>,
    /// The file in the builder.
    pub file: String,
}

/// Purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Patch of a source.
    Patch,
    /// Script that a step runs.
    Script,
    /// Key that packages are signed with.
    Key,
}

impl Purpose {
    fn noun(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Script => "script",
            Self::Key => "key",
        }
    }
}

/// Reads files beside the manifest, each once.
pub(super) struct EmbeddedFiles<'m> {
    files: &'m dyn InputFiles,
    known: BTreeMap<(RelPath, String), Option<Arc<EmbeddedFile>>>,
}

impl<'m> EmbeddedFiles<'m> {
    pub(super) fn new(files: &'m dyn InputFiles) -> Self {
        Self { files, known: BTreeMap::new() }
    }

    /// Returns a file, to be written to `file` in the builder; `None` if it cannot be
    /// read or is empty, noted in `faults`.
    pub(super) fn read(
        &mut self,
        path: &Spanned<RelPath>,
        file: String,
        purpose: Purpose,
        faults: &mut Diagnostics,
    ) -> Option<Arc<EmbeddedFile>> {
        let key = (path.value.clone(), file);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let (path, place) = (&path.value, path.span);
        let noun = purpose.noun();
        let embedded = match self.files.read(path) {
            Ok(bytes) if bytes.is_empty() => {
                faults.push(
                    Diagnostic::error("empty-file", format!("{noun} `{path}` is empty"))
                        .at(place, "")
                        .help("fill it, or remove it from the manifest"),
                );
                None
            }
            Ok(bytes) if purpose == Purpose::Key && !is_public_key(&bytes) => {
                faults.push(
                    Diagnostic::error("repository-key", format!("`{path}` is not an ASCII-armoured public key"))
                        .at(place, "")
                        .help(format!("write the public key with `gpg --armor --export NAME > {path}`")),
                );
                None
            }
            Ok(bytes) => Some(Arc::new(EmbeddedFile::new(path.to_string(), key.1.clone(), purpose, &bytes))),
            Err(why) => {
                faults.push(
                    Diagnostic::error("unreadable-file", format!("cannot read {noun} `{path}`: {why}"))
                        .at(place, "")
                        .help("it is a file beside the manifest, and its path is relative to the manifest's folder"),
                );
                None
            }
        };
        self.known.insert(key, embedded.clone());
        embedded
    }
}

/// Checks whether a file has a public key of OpenPGP in text form, and no private one.
fn is_public_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") && !text.contains("PRIVATE KEY")
}

/// Text that one RUN carries, in bytes: KMM's builders fail beyond 128 KiB, and we stay well
/// under 100,000 whatever quoting adds.
const CHUNK: usize = 48_000;

/// First line of scripts that have none of their own: the first command that fails ends the build.
const INTERPRETER: &[u8] = b"#!/bin/sh -e\n";

/// A line beyond this is not readable in review anyway, and buildah 1.28 drops the rest of a
/// Dockerfile after a line of 64 KiB.
const LONGEST_LINE: usize = 4_000;

impl EmbeddedFile {
    /// Embeds bytes, to be written to `file`, a path of ASCII letters, digits, `/`, `.` and `-`.
    pub fn new(name: String, file: String, purpose: Purpose, bytes: &[u8]) -> Self {
        let script;
        let mut bytes = bytes;
        if purpose == Purpose::Script && !bytes.starts_with(b"#!") {
            script = [INTERPRETER, bytes].concat();
            bytes = &script;
        }
        let write = match readable(bytes) {
            Some(text) => write_text(text, &file),
            None => write_base64(bytes, &file),
        };
        Self { name, digest: Digest::of(bytes), write, file }
    }
}

/// The text, where every character of it survives a Dockerfile and reads well in review.
fn readable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let odd = |c: char| c != '\n' && is_garbled(c);
    // KMM looks for this text anywhere in a Dockerfile, and then chooses the builder itself.
    let fits = !text.is_empty() && !text.contains(odd) && !text.contains("DTK_AUTO");
    (fits && text.lines().all(|line| line.len() <= LONGEST_LINE)).then_some(text)
}

fn write_text(text: &str, file: &str) -> Vec<String> {
    // `printf '%s\n'` ends every line; a last line without an end is written on its own.
    let (whole, tail) = text.rsplit_once('\n').unwrap_or(("", text));
    let mut commands = Vec::new();
    if text.contains('\n') {
        commands = chunks(whole.split('\n').map(shell_quoted), |lines, arrow| {
            format!("printf '%s\\n' \\\n {lines} \\\n {arrow} {file}")
        });
    }
    if !tail.is_empty() {
        let arrow = if commands.is_empty() { ">" } else { ">>" };
        commands.push(format!("printf '%s' \\\n {} \\\n {arrow} {file}", shell_quoted(tail)));
    }
    commands
}

fn write_base64(bytes: &[u8], file: &str) -> Vec<String> {
    // 57 bytes are 76 characters without padding, so chunks decode on their own.
    let lines = bytes.chunks(57).map(|chunk| STANDARD.encode(chunk));
    chunks(lines, |lines, arrow| format!("printf '%s\\n' \\\n {lines} \\\n | base64 -d {arrow} {file}"))
}

/// Always in quotes: a line that starts with `#` must not look like a Dockerfile's comment, nor
/// one that ends in a backslash like a continuation.
fn shell_quoted(line: &str) -> String {
    match shell_word(line) {
        word if word.starts_with('\'') => word,
        word => format!("'{word}'"),
    }
}

fn chunks(lines: impl Iterator<Item = String>, command: impl Fn(&str, &str) -> String) -> Vec<String> {
    let mut commands = Vec::new();
    let mut chunk = String::new();
    let flush = |chunk: &mut String, commands: &mut Vec<String>| {
        let arrow = if commands.is_empty() { ">" } else { ">>" };
        commands.push(command(&std::mem::take(chunk), arrow));
    };
    for line in lines {
        if !chunk.is_empty() && chunk.len() + line.len() > CHUNK {
            flush(&mut chunk, &mut commands);
        }
        if !chunk.is_empty() {
            chunk.push_str(" \\\n ");
        }
        chunk.push_str(&line);
    }
    if !chunk.is_empty() || commands.is_empty() {
        flush(&mut chunk, &mut commands);
    }
    commands
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs the commands in a real shell, after joining lines as a Dockerfile does.
    #[expect(clippy::disallowed_methods, reason = "the property is about a real shell")]
    fn written(bytes: &[u8]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let patch = EmbeddedFile::new("p".into(), "/usr/src/kmodgen/0001.patch".into(), Purpose::Patch, bytes);
        let file = folder.path().join("out");
        for command in &patch.write {
            assert!(command.len() < 100_000);
            assert!(command.lines().all(|line| line.len() < 60_000));
            let command = command.replace(" \\\n", " ").replace(&patch.file, file.to_str().unwrap());
            assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
        }
        std::fs::read(file).unwrap()
    }

    #[test]
    fn hard_cases_survive() {
        let long_line = "x".repeat(70_000);
        let large: String = (0..3000).map(|i| format!("+\tline {i} of 'quoted' text \\\n")).collect();
        let cases = [
            "",
            "\n",
            "\n\n\n",
            "no end",
            "# comment\n\\\n",
            "a\r\nb\r\n",
            "--- a\n+++ b\n\t\n \n",
            "DTK_AUTO",
            "ü€\u{2028}\n",
            "%s %d \\n\n",
            "<<EOF\nEOF\n",
            &long_line,
            &large,
        ];
        for case in cases {
            assert_eq!(written(case.as_bytes()), case.as_bytes(), "{:?}", &case[..case.len().min(60)]);
        }
        assert_eq!(written(&[0xff, 0, 1, b'\n']), [0xff, 0, 1, b'\n']);
    }

    #[test]
    fn the_builder_text_never_enters_in_the_open() {
        let patch = EmbeddedFile::new("p".into(), "/p".into(), Purpose::Patch, b"DTK_AUTO\n");
        assert!(!patch.write.concat().contains("DTK_AUTO"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_bytes_survive(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(written(&bytes), bytes);
        }

        #[test]
        fn any_text_survives(text in "[a-z'\"\\\\$#\\n\\t é]{0,300}") {
            prop_assert_eq!(written(text.as_bytes()), text.as_bytes());
        }
    }
}
