//! Symbols that a module imports and exports, with their versions.

use std::collections::{BTreeMap, HashMap};

use object::read::elf::{FileHeader, SectionHeader as _, SectionTable, Sym as _, SymbolTable};
use object::{Endianness, SectionIndex, elf};

/// Largest number of imports, and of exports, of one module; a whole kernel exports about 30,000 symbols.
pub(crate) const MOST: usize = 1 << 16;

/// Longest name that is kept, in bytes (kernel, `KSYM_NAME_LEN` in include/linux/kallsyms.h).
const LONGEST: usize = 512;

/// Undefined symbols that a kernel defines itself (kernel, `ignore_undef_symbol` in kernel/module/main.c and
/// `dedotify` in arch/powerpc/kernel/module_64.c).
const IGNORED: [&[u8]; 2] = [b"_GLOBAL_OFFSET_TABLE_", b".TOC."];

/// Symbol whose version stands for the kernel's own structures (kernel, `check_modstruct_version` in
/// kernel/module/version.c).
const LAYOUT: &str = "module_layout";

/// Symbols of a module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    /// Symbols that the kernel or another module must export.
    pub imports: Vec<Import>,
    /// Symbols that other modules may use, by name.
    pub exports: BTreeMap<String, Export>,
    /// True if the module has a section of symbol versions, even an empty one.
    pub has_versions: bool,
}

/// A symbol that a module uses and does not define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Name of the symbol.
    pub name: String,
    /// True if the module loads without the symbol.
    pub is_weak: bool,
    /// Version of the symbol that the module was built against.
    pub crc: Option<u32>,
}

/// A symbol that a kernel or module exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// Version of the symbol: a checksum of its types.
    pub crc: Option<u32>,
    /// True if only modules with a GPL-compatible licence may use the symbol.
    pub is_gpl_only: bool,
    /// Namespace that a module must import to use the symbol.
    pub namespace: Option<String>,
}

impl Symbols {
    /// Checks whether there are more symbols than a module may have.
    pub(crate) fn are_too_many(&self) -> bool {
        self.imports.len() > MOST || self.exports.len() > MOST
    }

    /// Estimates the memory in use, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        let imports = self.imports.iter().map(|import| import.name.len() + 40);
        let exports = self
            .exports
            .iter()
            .map(|(name, export)| name.len() + export.namespace.as_ref().map_or(0, String::len) + 100);
        imports.chain(exports).map(|weight| weight as u64).sum()
    }
}

/// Reads the symbols of a module.
///
/// # Errors
/// A table that is outside of the file.
pub(crate) fn read<Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    sections: &SectionTable<'_, Elf>,
    bytes: &[u8],
) -> object::Result<Symbols> {
    let endian = header.endian()?;
    let table = sections.symbols(endian, bytes, elf::SHT_SYMTAB)?;
    let strings = match table.string_section() {
        SectionIndex(0) => &[][..],
        index => sections.section(index)?.data(endian, bytes)?,
    };
    let versions = versions(header, sections, bytes)?;
    let mut symbols = Symbols { has_versions: versions.is_some(), ..Symbols::default() };
    let versions = versions.unwrap_or_default();
    for symbol in table.iter().skip(1).filter(|symbol| symbol.is_undefined(endian)) {
        let name = text_at(strings, symbol.st_name(endian).into());
        if name.is_empty() || IGNORED.contains(&name) || symbols.imports.len() > MOST {
            continue;
        }
        let crc = versions.get(name).copied();
        symbols.imports.push(Import { name: owned(name), is_weak: symbol.is_weak(), crc });
    }
    if let Some(crc) = versions.get(LAYOUT.as_bytes()) {
        // A kernel without symbol versions has no such symbol.
        symbols.imports.push(Import { name: LAYOUT.into(), is_weak: true, crc: Some(*crc) });
    }
    symbols.exports = exports(&Tables { endian, sections, table: &table, strings, bytes })?;
    Ok(symbols)
}

/// Parts of a module that its exports are in.
struct Tables<'t, 'd, Elf: FileHeader> {
    endian: Endianness,
    sections: &'t SectionTable<'d, Elf>,
    table: &'t SymbolTable<'d, Elf>,
    strings: &'d [u8],
    bytes: &'d [u8],
}

/// Reads what a module exports by the symbols that name each part of an export (kernel,
/// include/linux/export-internal.h): `__ksymtab_NAME`, `__crc_NAME` and `__kstrtabns_NAME`.
fn exports<Elf: FileHeader<Endian = Endianness>>(
    tables: &Tables<'_, '_, Elf>,
) -> object::Result<BTreeMap<String, Export>> {
    let Tables { endian, sections, table, strings, bytes } = *tables;
    let names: Vec<&[u8]> =
        sections.iter().map(|section| sections.section_name(endian, section)).collect::<Result<_, _>>()?;
    let mut exports: BTreeMap<String, Export> = BTreeMap::new();
    for prefix in [&b"__ksymtab_"[..], b"__crc_", b"__kstrtabns_"] {
        for (index, symbol) in table.enumerate().filter(|(_, symbol)| !symbol.is_undefined(endian)) {
            let Some(name) = text_at(strings, symbol.st_name(endian).into()).strip_prefix(prefix) else { continue };
            let section = table.symbol_section(endian, symbol, index)?;
            let section_name = section.and_then(|index| names.get(index.0)).copied().unwrap_or_default();
            if prefix == b"__ksymtab_" {
                if section_name.starts_with(b"__ksymtab") && exports.len() <= MOST {
                    let is_gpl_only = section_name.starts_with(b"__ksymtab_gpl");
                    exports.insert(owned(name), Export { is_gpl_only, ..Export::default() });
                }
                continue;
            }
            let Some(export) = exports.get_mut(&*String::from_utf8_lossy(name)) else { continue };
            let value: u64 = symbol.st_value(endian).into();
            if symbol.is_absolute(endian) {
                export.crc = u32::try_from(value).ok();
                continue;
            }
            let Some(section) = section else { continue };
            let data = sections.section(section)?.data(endian, bytes)?;
            if prefix == b"__crc_" {
                export.crc = word_at(endian, data, value);
            } else {
                let namespace = text_at(data, value);
                export.namespace = (!namespace.is_empty()).then(|| owned(namespace));
            }
        }
    }
    // Without local symbols, as `strip --strip-unneeded` leaves a module, only names are left.
    if exports.is_empty()
        && let Some((_, section)) = sections.section_by_name(endian, b"__ksymtab_strings")
    {
        let names = section.data(endian, bytes)?.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        exports.extend(names.take(MOST).map(|name| (owned(name), Export::default())));
    }
    Ok(exports)
}

/// Reads the versions of a module's imports; `None` if there is no section of them.
fn versions<'d, Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    sections: &SectionTable<'d, Elf>,
    bytes: &'d [u8],
) -> object::Result<Option<HashMap<&'d [u8], u32>>> {
    let endian = header.endian()?;
    let data = |name: &[u8]| match sections.section_by_name(endian, name) {
        Some((_, section)) => section.data(endian, bytes).map(Some),
        None => Ok(None),
    };
    let mut versions = HashMap::new();
    // The kernel prefers these, which it has since Linux 6.14 (kernel, `check_version` in kernel/module/version.c).
    if let (Some(crcs), Some(names)) = (data(b"__version_ext_crcs")?, data(b"__version_ext_names")?) {
        for (crc, name) in crcs.as_chunks().0.iter().zip(names.split(|byte| *byte == 0)).take(MOST) {
            versions.entry(cut(name)).or_insert(word(endian, *crc));
        }
        return Ok(Some(versions));
    }
    let Some(entries) = data(b"__versions")? else { return Ok(None) };
    // `struct modversion_info`: an unsigned long and a name, in 64 bytes (kernel, include/linux/module.h).
    let is_wide = header.is_class_64();
    for entry in entries.as_chunks::<64>().0.iter().take(MOST) {
        let (crc_at, name_at) = match (is_wide, endian) {
            (false, _) => (0, 4),
            (true, Endianness::Little) => (0, 8),
            (true, Endianness::Big) => (4, 8),
        };
        if let Some(crc) = word_at(endian, entry, crc_at) {
            versions.entry(text_at(entry, name_at)).or_insert(crc);
        }
    }
    Ok(Some(versions))
}

fn word(endian: Endianness, bytes: [u8; 4]) -> u32 {
    match endian {
        Endianness::Little => u32::from_le_bytes(bytes),
        Endianness::Big => u32::from_be_bytes(bytes),
    }
}

fn word_at(endian: Endianness, data: &[u8], at: u64) -> Option<u32> {
    data.get(usize::try_from(at).ok()?..)?.first_chunk().map(|bytes| word(endian, *bytes))
}

/// Returns the bytes from an offset up to a NUL; empty if the offset is outside.
fn text_at(data: &[u8], at: u64) -> &[u8] {
    let rest = usize::try_from(at).ok().and_then(|at| data.get(at..)).unwrap_or_default();
    let rest = cut(rest);
    rest.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn cut(name: &[u8]) -> &[u8] {
    &name[..name.len().min(LONGEST)]
}

fn owned(name: &[u8]) -> String {
    String::from_utf8_lossy(cut(name)).into_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::*;
    use crate::elf::Kmod;

    const EXPORTS: &str = r#"
        .section __ksymtab_gpl,"a"; __ksymtab_own: .8byte 0
        .section __kcrctab_gpl,"a"; .4byte 0; __crc_own: .4byte 0xabcdef01
        .section __ksymtab_strings,"a"; .asciz "own"; __kstrtabns_own: .asciz "NS"; .asciz "plain"
        __kstrtabns_plain: .asciz ""
        .section __ksymtab,"a"; __ksymtab_plain: .8byte 0
        .set __crc_plain, 0x1234
        .data; __ksymtab_other: .8byte _printk, kfree; .weak maybe; .8byte maybe, _GLOBAL_OFFSET_TABLE_
    "#;

    const VERSIONS: &str = r#"
        .section __versions,"a"
        .8byte 0x11111111; .asciz "module_layout"; .balign 64
        .8byte 0x92997ed8; .asciz "_printk"; .balign 64; .8byte 1; .asciz "_printk"; .balign 64
    "#;

    const NEW_VERSIONS: &str = r#"
        .section __version_ext_crcs,"a"; .4byte 0x22222222, 3
        .section __version_ext_names,"a"; .asciz "kfree"; .asciz "maybe"
    "#;

    /// Assembles a module.
    #[expect(clippy::disallowed_methods, reason = "a test runs a compiler")]
    fn assemble(parts: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let (source, object) = (folder.path().join("a.s"), folder.path().join("a.o"));
        std::fs::write(&source, parts.concat()).unwrap();
        assert!(Command::new("cc").arg("-c").arg(&source).arg("-o").arg(&object).status().unwrap().success());
        std::fs::read(object).unwrap()
    }

    fn symbols(parts: &[&str]) -> Symbols {
        Kmod::parse(&assemble(parts)).unwrap().symbols
    }

    fn import(name: &str, is_weak: bool, crc: Option<u32>) -> Import {
        Import { name: name.into(), is_weak, crc }
    }

    #[test]
    fn imports_have_the_first_version_of_their_name() {
        let read = symbols(&[EXPORTS, VERSIONS]);
        let layout = import("module_layout", true, Some(0x1111_1111));
        let printk = import("_printk", false, Some(0x9299_7ed8));
        assert!(read.has_versions);
        assert_eq!(read.imports, [printk, import("kfree", false, None), import("maybe", true, None), layout]);
        let read = symbols(&[EXPORTS, VERSIONS, NEW_VERSIONS]);
        let kfree = import("kfree", false, Some(0x2222_2222));
        assert_eq!(read.imports, [import("_printk", false, None), kfree, import("maybe", true, Some(3))]);
        let read = symbols(&[EXPORTS]);
        assert!(!read.has_versions && read.imports.iter().all(|import| import.crc.is_none()));
    }

    #[test]
    fn exports_have_their_terms() {
        let own = Export { crc: Some(0xabcd_ef01), is_gpl_only: true, namespace: Some("NS".into()) };
        let plain = Export { crc: Some(0x1234), ..Export::default() };
        let expected = BTreeMap::from([("own".to_owned(), own), ("plain".to_owned(), plain)]);
        assert_eq!(symbols(&[EXPORTS]).exports, expected);
        let names = symbols(&[r#".section __ksymtab_strings,"a"; .asciz "own"; .asciz """#, "\n"]).exports;
        assert_eq!(names, BTreeMap::from([("own".to_owned(), Export::default())]));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(spots in proptest::collection::vec((0usize..100_000, any::<u8>()), 1..12), cut in 0usize..64) {
            static MODULE: OnceLock<Vec<u8>> = OnceLock::new();
            let mut bytes = MODULE.get_or_init(|| assemble(&[EXPORTS, VERSIONS, NEW_VERSIONS])).clone();
            for (at, byte) in spots {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes.truncate(bytes.len() - cut);
            if let Ok(kmod) = Kmod::parse(&bytes) {
                prop_assert!(kmod.symbols.imports.iter().all(|import| import.name.len() <= 3 * LONGEST));
            }
        }
    }
}
