//! Reads the ELF headers of modules and programs.

use object::elf;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader, SectionHeader as _};

use crate::modinfo::ModInfo;
use crate::signature::Signature;
use crate::symbols::{self, Symbols};

/// Reason why a file is no module or no program, completing "it …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// The file has no bytes.
    #[error("is empty")]
    Empty,
    /// The file begins with other bytes.
    #[error("is not an ELF file")]
    Foreign,
    /// A header or section is outside of the file, or contradicts another.
    #[error("is a broken ELF file: {0}")]
    Broken(object::Error),
    /// The file is not what a module is.
    #[error("is an ELF file, but not a relocatable object as a module must be")]
    NotRelocatable,
    /// The file imports or exports more symbols than a kernel has.
    #[error("imports or exports more than {} symbols", symbols::MOST)]
    TooManySymbols,
    /// The file is not what the kernel runs.
    #[error("is an ELF file, but not a program")]
    NotProgram,
}

/// A processor architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Architecture {
    X86_64,
    Aarch64,
    Ppc64le,
    S390x,
    Riscv64,
    /// Any other, by its ELF number, class (32 or 64) and byte order.
    Other {
        machine: u16,
        bits: u8,
        little_endian: bool,
    },
}

impl Architecture {
    /// The architecture of that name: the kernel's (`x86_64`), or that of images and of Debian
    /// (`amd64`), as GOARCH has it (OCI image specification, config.md).
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "x86_64" | "amd64" => Self::X86_64,
            "aarch64" | "arm64" => Self::Aarch64,
            "ppc64le" | "ppc64el" => Self::Ppc64le,
            "s390x" => Self::S390x,
            "riscv64" => Self::Riscv64,
            _ => return None,
        })
    }

    /// The architecture that a kernel release names, where it does: `5.14.0-1.el9.x86_64+rt`,
    /// `6.12.107+deb12-cloud-amd64`.
    pub fn of_release(release: &str) -> Option<Self> {
        release.rsplit(['.', '-', '+']).find_map(Self::named)
    }

    fn of<Elf: FileHeader>(header: &Elf, endian: Elf::Endian) -> Self {
        let machine = header.e_machine(endian);
        let (wide, little_endian) = (header.is_class_64(), header.is_little_endian());
        match (machine, wide, little_endian) {
            (elf::EM_X86_64, true, true) => Self::X86_64,
            (elf::EM_AARCH64, true, true) => Self::Aarch64,
            (elf::EM_PPC64, true, true) => Self::Ppc64le,
            (elf::EM_S390, true, false) => Self::S390x,
            (elf::EM_RISCV, true, true) => Self::Riscv64,
            _ => Self::Other { machine: machine.0, bits: if wide { 64 } else { 32 }, little_endian },
        }
    }
}

impl std::fmt::Display for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Riscv64 => "riscv64",
            Self::Other { machine, bits, little_endian } => {
                let order = if *little_endian { "little" } else { "big" };
                return write!(f, "ELF machine {machine}, {bits} bits, {order}-endian");
            }
        })
    }
}

/// A kernel module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kmod {
    /// Architecture that the module is built for.
    pub architecture: Architecture,
    /// Values of the module's `.modinfo` section; `None` if it has no such section.
    pub info: Option<ModInfo>,
    /// Symbols that it imports and exports.
    pub symbols: Symbols,
    /// True if it has type information (BTF), which refers to that of the kernel.
    pub has_btf: bool,
    /// The signature that is appended to it.
    pub signature: Signature,
    /// Parts without which no kernel loads it, completing "it …".
    pub lacks: Option<&'static str>,
    /// Fault in the module's compression, completing "it …", and advice on it.
    pub packing: Option<(String, &'static str)>,
}

impl Kmod {
    /// Reads a module that is not compressed.
    ///
    /// # Errors
    /// A file that is not a relocatable ELF object.
    pub fn parse(bytes: &[u8]) -> Result<Self, ElfError> {
        if bytes.is_empty() {
            return Err(ElfError::Empty);
        }
        let kmod = dispatch(bytes, kmod::<elf::FileHeader64<_>>, kmod::<elf::FileHeader32<_>>)?;
        Ok(Self { signature: Signature::parse(bytes), ..kmod })
    }
}

/// A program or shared library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Architecture that the program is built for.
    pub architecture: Architecture,
    /// The program that loads it, where it needs one.
    pub interpreter: Option<String>,
    /// The libraries that it needs.
    pub needed: Vec<String>,
    /// The folders that it wants them looked up in first, as written.
    pub run_path: Vec<String>,
    /// Set if the program is busybox, which acts as whatever program it is called as.
    pub busybox: bool,
}

/// Start of busybox's banner (busybox, libbb/messages.c: `bb_banner`).
const BUSYBOX: &[u8] = b"BusyBox v1.";

/// A program with more libraries than this is none.
const MOST_NEEDED: usize = 512;

impl Program {
    /// Reads a program or library.
    ///
    /// # Errors
    /// A file that the kernel would not run.
    pub fn parse(bytes: &[u8]) -> Result<Self, ElfError> {
        dispatch(bytes, program::<elf::FileHeader64<_>>, program::<elf::FileHeader32<_>>)
    }
}

type Parser<T> = fn(&[u8]) -> object::Result<Result<T, ElfError>>;

fn dispatch<T>(bytes: &[u8], wide: Parser<T>, narrow: Parser<T>) -> Result<T, ElfError> {
    let parsed = match bytes {
        [0x7f, b'E', b'L', b'F', 2, ..] => wide(bytes),
        [0x7f, b'E', b'L', b'F', 1, ..] => narrow(bytes),
        _ => return Err(ElfError::Foreign),
    };
    parsed.unwrap_or_else(|error| Err(ElfError::Broken(error)))
}

fn kmod<Elf: FileHeader<Endian = object::Endianness>>(bytes: &[u8]) -> object::Result<Result<Kmod, ElfError>> {
    let header = Elf::parse(bytes)?;
    let endian = header.endian()?;
    if header.e_type(endian) != elf::ET_REL {
        return Ok(Err(ElfError::NotRelocatable));
    }
    let sections = header.sections(endian, bytes)?;
    let info = match sections.section_by_name(endian, b".modinfo") {
        Some((_, section)) => Some(ModInfo::parse(section.data(endian, bytes)?)),
        None => None,
    };
    for section in sections.iter() {
        section.data(endian, bytes)?;
    }
    let symbols = symbols::read(header, &sections, bytes)?;
    if symbols.are_too_many() {
        return Ok(Err(ElfError::TooManySymbols));
    }

    let tables = sections.iter().filter(|section| section.sh_type(endian) == elf::SHT_SYMTAB).count();
    // Both are what the kernel's `elf_validity_cache_copy` insists on (kernel, kernel/module/main.c).
    let lacks = match tables {
        0 => Some("has no symbol table, so no kernel loads it"),
        1 if sections.section_by_name(endian, b".gnu.linkonce.this_module").is_none() => {
            Some("has no .gnu.linkonce.this_module, so no kernel loads it")
        }
        1 => None,
        _ => Some("has more than one symbol table, so no kernel loads it"),
    };
    Ok(Ok(Kmod {
        architecture: Architecture::of(header, endian),
        info,
        symbols,
        has_btf: sections.section_by_name(endian, b".BTF").is_some(),
        signature: Signature::Absent,
        lacks,
        packing: None,
    }))
}

fn program<Elf: FileHeader<Endian = object::Endianness>>(bytes: &[u8]) -> object::Result<Result<Program, ElfError>> {
    let header = Elf::parse(bytes)?;
    let endian = header.endian()?;
    if !matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN) {
        return Ok(Err(ElfError::NotProgram));
    }
    let mut program = Program {
        architecture: Architecture::of(header, endian),
        interpreter: None,
        needed: Vec::new(),
        run_path: Vec::new(),
        busybox: memchr::memmem::find(bytes, BUSYBOX).is_some(),
    };
    let segments = header.program_headers(endian, bytes)?;

    for segment in segments {
        if let Some(interpreter) = segment.interpreter(endian, bytes)? {
            program.interpreter = Some(text(interpreter));
        }
        let Some(entries) = segment.dynamic(endian, bytes)? else { continue };
        let end = entries.iter().position(|entry| entry.tag(endian) == elf::DT_NULL).unwrap_or(entries.len());
        let entries = &entries[..end];
        let Some(strings) = entries.iter().find(|entry| entry.tag(endian) == elf::DT_STRTAB) else { continue };
        for tag in [elf::DT_NEEDED, elf::DT_RUNPATH, elf::DT_RPATH] {
            let tagged = entries.iter().filter(|entry| entry.tag(endian) == tag).take(MOST_NEEDED);
            let addresses = tagged.filter_map(|entry| strings.val(endian).checked_add(entry.val(endian)));
            let texts = addresses.filter_map(|address| text_at(segments, endian, bytes, address));
            if tag == elf::DT_NEEDED { program.needed.extend(texts) } else { program.run_path.extend(texts) }
        }
    }
    Ok(Ok(program))
}

/// The text at an address, up to its NUL.
fn text_at<Header: ProgramHeader>(
    segments: &[Header],
    endian: Header::Endian,
    bytes: &[u8],
    address: u64,
) -> Option<String> {
    segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD).find_map(|segment| {
        let start = address.checked_sub(segment.p_vaddr(endian).into())?;
        let rest = segment.data(endian, bytes).ok()?.get(usize::try_from(start).ok()?..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        Some(text(&rest[..end]))
    })
}

/// Names in ELF files are bytes; a longer one than a path may be is cut.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signature::tests::signature;
    use crate::testing::{kmod_file, program_file};

    #[test]
    fn releases_name_their_architecture() {
        for (release, name) in [
            ("5.14.0-427.28.1.el9_4.x86_64", Some("x86_64")),
            ("5.14.0-427.81.1.el9_4.x86_64+rt", Some("x86_64")),
            ("5.14.0-503.11.1.el9_5.aarch64+64k", Some("aarch64")),
            ("6.12.107+deb12-cloud-amd64", Some("x86_64")),
            ("6.1.0-37-arm64", Some("aarch64")),
            ("5.15.0-1057-aws", None),
        ] {
            let named = Architecture::of_release(release).map(|architecture| architecture.to_string());
            assert_eq!(named.as_deref(), name, "{release}");
        }
    }

    #[test]
    fn a_module_is_read() {
        let mut bytes = kmod_file(62, "vermagic=1.2.3 SMP\0depends=a-b,c\0");
        let kmod = Kmod::parse(&bytes).unwrap();
        assert_eq!((kmod.architecture, kmod.signature, kmod.lacks), (Architecture::X86_64, Signature::Absent, None));
        assert_eq!(kmod.info.unwrap().vermagic.as_deref(), Some("1.2.3 SMP"));
        bytes.extend(signature());
        assert_eq!(Kmod::parse(&bytes).unwrap().signature, Signature::Present);
        assert_eq!(
            Kmod::parse(&program_file(62, None, &[])).unwrap_err().to_string(),
            "is an ELF file, but not a relocatable object as a module must be"
        );
        assert_eq!(Kmod::parse(b"").unwrap_err().to_string(), "is empty");
        assert_eq!(Kmod::parse(b"text").unwrap_err().to_string(), "is not an ELF file");
    }

    #[test]
    fn a_program_is_read() {
        let program = Program::parse(&program_file(183, Some("/lib/ld.so"), &["libc.so.6", "libm.so"])).unwrap();
        assert_eq!(program.architecture, Architecture::Aarch64);
        assert_eq!(program.interpreter.as_deref(), Some("/lib/ld.so"));
        assert_eq!(program.needed, ["libc.so.6", "libm.so"]);
        assert!(Program::parse(&kmod_file(62, "")).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(noise in proptest::collection::vec(any::<u8>(), 0..300), spots in proptest::collection::vec((0usize..1000, any::<u8>()), 0..12), cut in 0usize..1000) {
            let _ = (Kmod::parse(&noise), Program::parse(&noise));
            for mut bytes in [kmod_file(62, "vermagic=x\0depends=y\0"), program_file(62, Some("/ld"), &["libc.so"])] {
                for (at, byte) in &spots {
                    let at = at % bytes.len();
                    bytes[at] = *byte;
                }
                bytes.truncate(bytes.len().saturating_sub(cut % 64));
                let _ = (Kmod::parse(&bytes), Program::parse(&bytes));
            }
        }
    }
}
