//! Trees and ELF files for the tests of the checks.

use std::sync::Arc;

use crate::Finding;
use crate::facts::{Facts, FileKind};
use crate::root::{File, Node, Root};

/// The release that tests are about.
pub(crate) const R: &str = "5.14.0-1.el9.x86_64";

/// A root file system in the making.
#[derive(Debug, Clone)]
pub(crate) struct Tree(Root);

impl Tree {
    pub(crate) fn new() -> Self {
        let mut root = Root::default();
        root.next_layer();
        Self(root)
    }

    pub(crate) fn file(self, path: &str, mode: u32, facts: Facts) -> Self {
        self.add(path, File { size: 1, mode, facts: Arc::new(facts) })
    }

    pub(crate) fn empty(self, path: &str) -> Self {
        self.add(path, File { size: 0, mode: 0o644, facts: Arc::new(Facts::Plain) })
    }

    fn add(mut self, path: &str, file: File) -> Self {
        self.0.apply(path, Node::File(file)).unwrap();
        self
    }

    pub(crate) fn text(self, path: &str, text: &str) -> Self {
        self.file(path, 0o644, Facts::Text(text.into()))
    }

    pub(crate) fn link(mut self, path: &str, target: &str) -> Self {
        self.0.apply(path, Node::Link(target.into())).unwrap();
        self
    }

    pub(crate) fn root(self) -> Root {
        self.0
    }
}

/// Findings as `code path`.
pub(crate) fn codes(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{} {}", finding.code, finding.path)).collect()
}

fn header(kind: u16, machine: u16, segments: u16, sections: (u64, u16)) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([kind.to_le_bytes(), machine.to_le_bytes()].concat());
    bytes.extend(1u32.to_le_bytes());
    let program_headers = if segments == 0 { 0u64 } else { 64 };
    for word in [0, program_headers, sections.0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(0u32.to_le_bytes());
    for half in [64, 56, segments, 64, sections.1, sections.1.saturating_sub(1)] {
        bytes.extend(half.to_le_bytes());
    }
    bytes
}

/// A relocatable object of 64 bits, little-endian, with all that a kernel looks for in a module.
pub(crate) fn kmod_file(machine: u16, info: &str) -> Vec<u8> {
    object_file(machine, info, &[(".gnu.linkonce.this_module", 1), (".symtab", 2)])
}

/// The same without a symbol table, as `strip` leaves it.
pub(crate) fn stripped_kmod_file(machine: u16, info: &str) -> Vec<u8> {
    object_file(machine, info, &[(".gnu.linkonce.this_module", 1)])
}

/// Returns the facts of a module of these bytes, in a file that is not compressed.
pub(crate) fn kmod(bytes: Vec<u8>) -> Facts {
    Facts::of(FileKind::Module, "a.ko", bytes)
}

/// An object with a `.modinfo` section, and empty ones of these names and types.
fn object_file(machine: u16, info: &str, empty: &[(&str, u32)]) -> Vec<u8> {
    let mut names = b"\0.modinfo\0.shstrtab\0".to_vec();
    let mut sections = vec![(1u32, 1u32, 64, info.len()), (10, 3, 64 + info.len(), 0)];
    for (name, kind) in empty {
        sections.push((u32::try_from(names.len()).unwrap(), *kind, 64, 0));
        names.extend([name.as_bytes(), b"\0"].concat());
    }
    sections[1].3 = names.len();
    // The section of names comes last.
    let strings = sections.remove(1);
    sections.push(strings);
    let table = (64 + info.len() + names.len()).next_multiple_of(8);
    let mut bytes = header(1, machine, 0, (table as u64, u16::try_from(sections.len() + 1).unwrap()));
    bytes.extend(info.as_bytes());
    bytes.extend(names);
    bytes.resize(table + 64, 0);
    for (name, kind, at, size) in sections {
        bytes.extend([name.to_le_bytes(), kind.to_le_bytes()].concat());
        // Flags, address, place, size, link and info in one, alignment, size of an entry.
        for word in [0, 0, at, size, 0, 1, 0].map(|word| word as u64) {
            bytes.extend(word.to_le_bytes());
        }
    }
    bytes
}

/// A program of 64 bits, little-endian, dynamic where it needs something.
pub(crate) fn program_file(machine: u16, interpreter: Option<&str>, needed: &[&str]) -> Vec<u8> {
    let segments = 1 + u16::from(interpreter.is_some()) + u16::from(!needed.is_empty());
    let mut strings = vec![0];
    let interpreter = interpreter.map(|text| {
        let at = strings.len();
        strings.extend(text.bytes().chain([0]));
        (at, text.len() + 1)
    });
    let offsets: Vec<u64> = needed
        .iter()
        .map(|text| {
            let at = strings.len() as u64;
            strings.extend(text.bytes().chain([0]));
            at
        })
        .collect();
    let strings_at = 64 + 56 * u64::from(segments);
    strings.resize(strings.len().next_multiple_of(8), 0);
    let dynamic_at = strings_at + strings.len() as u64;
    let mut dynamic: Vec<[u64; 2]> = offsets.iter().map(|at| [1, *at]).collect();
    dynamic.extend([[5, strings_at], [0, 0]]);
    let dynamic_size = dynamic.len() as u64 * 16;
    let end = dynamic_at + dynamic_size;
    let mut bytes = header(2, machine, segments, (0, 0));
    let mut table = vec![(1u32, 0, end)];
    table.extend(interpreter.map(|(at, size)| (3, strings_at + at as u64, size as u64)));
    table.extend((!needed.is_empty()).then_some((2, dynamic_at, dynamic_size)));
    for (kind, at, size) in table {
        bytes.extend([kind.to_le_bytes(), 4u32.to_le_bytes()].concat());
        for word in [at, at, at, size, size, 8] {
            bytes.extend(word.to_le_bytes());
        }
    }
    bytes.extend(strings);
    bytes.extend(dynamic.as_flattened().iter().flat_map(|word| word.to_le_bytes()));
    bytes
}
