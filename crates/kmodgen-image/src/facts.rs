//! Facts kept of a file's content: an image is read once, and is far too large to keep in memory.

use crate::elf::{ElfError, Kmod, Program};
use crate::index::{Index, IndexError};
use crate::packing;

/// The bytes that [`Interest::of`] wants to see of every file.
pub const HEAD: usize = 256;

/// Modules that are larger, unpacked, are not read: one is held at a time.
const LARGEST_MODULE: u64 = 256 << 20;

/// Programs and libraries beyond this are not read.
const LARGEST_PROGRAM: u64 = 128 << 20;

/// A full kernel's modules.dep has less than 1 MiB.
const LARGEST_TEXT: u64 = 16 << 20;

/// Returns whether a name is that of a module: plain, or packed in one of the ways that kmod reads
/// (kmod, libkmod-file.c).
pub fn is_module(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = [".gz", ".xz", ".zst"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    stem.len() > ".ko".len() && stem.ends_with(".ko")
}

/// Returns whether a file is one that modprobe reads.
fn is_configuration(path: &str) -> bool {
    path.ends_with(".conf") && path.rsplit('/').nth(1) == Some("modprobe.d")
}

/// Part of a file that is worth reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interest {
    /// No more than its head, which is judged already.
    Settled(Facts),
    /// The whole file, a module unpacked, to be handed to [`Facts::of`].
    Whole {
        /// Kind of the file.
        kind: FileKind,
        /// The largest size, unpacked, that is read.
        limit: u64,
    },
}

/// Kind of a file, judged by its path, its permission bits and its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileKind {
    Module,
    Program,
    Text,
    Index,
}

impl Interest {
    /// Judges a file by its path, its permission bits and its first [`HEAD`] bytes.
    pub fn of(path: &str, mode: u32, head: &[u8]) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_module(name) {
            return Self::Whole { kind: FileKind::Module, limit: LARGEST_MODULE };
        }
        if name.starts_with("modules.") && name.ends_with(".bin") {
            return Self::Whole { kind: FileKind::Index, limit: LARGEST_TEXT };
        }
        let in_loader_path = name == "ld.so.conf" || (name.ends_with(".conf") && path.contains("ld.so.conf.d/"));
        let is_musl_path = name.starts_with("ld-musl-") && name.ends_with(".path");
        let is_list = ["modules.dep", "modules.builtin", "modules.softdep"].contains(&name);
        let is_symvers = ["Module.symvers", "symvers.gz", "symvers.xz", "symvers.zst"].contains(&name);
        if is_list || is_symvers || in_loader_path || is_musl_path || is_configuration(path) {
            return Self::Whole { kind: FileKind::Text, limit: LARGEST_TEXT };
        }
        if head.starts_with(b"\x7fELF") && (mode & 0o111 != 0 || name.contains(".so")) {
            return Self::Whole { kind: FileKind::Program, limit: LARGEST_PROGRAM };
        }
        match head.strip_prefix(b"#!") {
            Some(line) if mode & 0o111 != 0 => Self::Settled(Facts::Script(interpreter(line))),
            _ => Self::Settled(Facts::Plain),
        }
    }
}

/// Facts found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// Nothing that matters.
    Plain,
    /// Reason why the file was not read: an error, or its size.
    Unread(String),
    /// A module; or the reason why it is none.
    Module(Result<Box<Kmod>, ElfError>),
    /// An ELF program or library; or the reason why it is none.
    Program(Result<Program, ElfError>),
    /// A script, with the program that runs it; empty where it names none.
    Script(String),
    /// An index of depmod, with its values if it is modules.dep.bin; or the reason why modprobe cannot
    /// read it.
    Index(Result<Index, IndexError>),
    /// A text of depmod, modprobe or the dynamic loader, or a kernel's exported symbols, as they are in the file.
    Text(Vec<u8>),
}

impl Facts {
    /// Reads a whole module, unpacked: `head` is how its file begins, `is_several` whether there is
    /// more after the first of its compressed parts.
    pub fn of_module(path: &str, head: &[u8], bytes: &[u8], is_several: bool) -> Self {
        let fault = packing::fault(path, head)
            .or_else(|| is_several.then(|| (packing::SEVERAL.to_owned(), "compress the module as one stream")));
        Self::Module(Kmod::parse(bytes).map(|kmod| Box::new(Kmod { packing: fault, ..kmod })))
    }

    /// Reads a whole file, unpacked.
    pub fn of(kind: FileKind, path: &str, bytes: Vec<u8>) -> Self {
        match kind {
            FileKind::Module => Self::of_module(path, &bytes, &bytes, false),
            // The values of other indexes are large, and nobody asks for them.
            FileKind::Index if path.ends_with("modules.dep.bin") => Self::Index(Index::parse(&bytes)),
            FileKind::Index => Self::Index(Index::parse(&bytes).map(|_| Index::default())),
            FileKind::Program => Self::Program(Program::parse(&bytes)),
            FileKind::Text => Self::Text(bytes),
        }
    }

    /// The memory that they take, in bytes, as an estimate.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Module(Ok(kmod)) => kmod.symbols.weight() + kmod.info.as_ref().map_or(0, |info| info.weight()),
            Self::Program(Ok(program)) => {
                let texts = program.needed.iter().chain(&program.run_path).chain(&program.interpreter);
                texts.map(|text| text.len() as u64 + 32).sum()
            }
            Self::Text(text) => text.len() as u64,
            Self::Index(Ok(index)) => index.weight(),
            _ => 0,
        }
    }
}

/// The program of a `#!` line, as execve(2) reads it.
fn interpreter(line: &[u8]) -> String {
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).split_whitespace().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &str, mode: u32, head: &[u8]) -> Option<FileKind> {
        match Interest::of(path, mode, head) {
            Interest::Whole { kind, .. } => Some(kind),
            Interest::Settled(_) => None,
        }
    }

    #[test]
    fn a_file_is_judged_by_name_and_head() {
        assert_eq!(kind("x/a.ko", 0o644, b""), Some(FileKind::Module));
        assert_eq!(kind("a.ko.zst", 0o644, b""), Some(FileKind::Module));
        assert_eq!(kind("x/.ko", 0o644, b""), None);
        assert_eq!(kind("x/modules.dep", 0o644, b""), Some(FileKind::Text));
        assert_eq!(kind("etc/ld.so.conf.d/x.conf", 0o644, b""), Some(FileKind::Text));
        assert_eq!(kind("usr/lib/libc.so.6", 0o644, b"\x7fELF"), Some(FileKind::Program));
        assert_eq!(kind("usr/lib/data", 0o644, b"\x7fELF"), None);
        for (head, program) in [(&b"#! /bin/sh -e\n"[..], "/bin/sh"), (b"#!\n/bin/sh", "")] {
            assert_eq!(Interest::of("bin/x", 0o755, head), Interest::Settled(Facts::Script(program.into())));
        }
        assert_eq!(kind("x/modules.alias.bin", 0o644, b""), Some(FileKind::Index));
        assert_eq!(kind("etc/modprobe.d/x.conf", 0o644, b""), Some(FileKind::Text));
        assert_eq!(kind("usr/src/kernels/x/Module.symvers", 0o644, b""), Some(FileKind::Text));
        assert_eq!(kind("lib/modules/x/symvers.gz", 0o644, b""), Some(FileKind::Text));
    }
}
