//! Module.symvers: symbols that a kernel and its modules export (kernel, Documentation/kbuild/modules.rst and
//! `write_dump` in scripts/mod/modpost.c).

use std::collections::BTreeMap;

use crate::symbols::Export;

/// Largest number of symbols; kernels of distributions have about 30,000.
const MOST: usize = 1_000_000;

/// Reason why a text is not a Module.symvers, completing "it …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SymversError {
    /// A line has other columns.
    #[error("is not a Module.symvers: line {0} is not `CRC<tab>SYMBOL<tab>MODULE<tab>EXPORT<tab>NAMESPACE`")]
    Line(usize),
    /// There is no line.
    #[error("is not a Module.symvers: it has no symbol")]
    Empty,
    /// There are more lines than in any kernel's.
    #[error("has more than {MOST} symbols")]
    TooMany,
}

/// Symbols that a kernel exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symvers(BTreeMap<String, KernelExport>);

/// A symbol that a kernel or one of its own modules exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelExport {
    /// Terms of the export.
    pub export: Export,
    /// True if the kernel itself exports the symbol, false if one of its modules does.
    pub is_built_in: bool,
}

impl Symvers {
    /// Reads the text of a Module.symvers.
    ///
    /// # Errors
    /// A text that has other lines, or none.
    pub fn parse(text: &[u8]) -> Result<Self, SymversError> {
        let mut symbols = BTreeMap::new();
        let lines = text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
        for (index, line) in lines {
            let line = std::str::from_utf8(line).ok().and_then(parse_line);
            let (name, symbol) = line.ok_or(SymversError::Line(index + 1))?;
            // The kernel looks in itself first (kernel, `find_symbol` in kernel/module/main.c).
            if symbol.is_built_in || !symbols.contains_key(name) {
                symbols.insert(name.to_owned(), symbol);
            }
            if symbols.len() > MOST {
                return Err(SymversError::TooMany);
            }
        }
        if symbols.is_empty() { Err(SymversError::Empty) } else { Ok(Self(symbols)) }
    }

    /// Returns a symbol by its name.
    pub fn get(&self, name: &str) -> Option<&KernelExport> {
        self.0.get(name)
    }

    /// Checks whether the kernel has symbol versions: without CONFIG_MODVERSIONS, all are 0.
    pub fn has_versions(&self) -> bool {
        self.0.values().any(|symbol| symbol.export.crc.is_some())
    }
}

/// Reads a line. The namespace is last since Linux 5.6, and absent before 5.4.
fn parse_line(line: &str) -> Option<(&str, KernelExport)> {
    let mut columns = line.split('\t');
    let crc = columns.next()?.strip_prefix("0x")?;
    let (name, module, kind) = (columns.next()?, columns.next()?, columns.next()?.trim_end());
    let namespace = columns.next().unwrap_or_default().trim_end();
    if name.is_empty() || module.is_empty() || columns.next().is_some() {
        return None;
    }
    let is_gpl_only = match kind {
        // Names up to Linux 5.11 are included. A symbol that will be GPL-only may still be used by all.
        "EXPORT_SYMBOL" | "EXPORT_UNUSED_SYMBOL" | "EXPORT_SYMBOL_GPL_FUTURE" => false,
        "EXPORT_SYMBOL_GPL" | "EXPORT_UNUSED_SYMBOL_GPL" => true,
        _ => return None,
    };
    let crc = u32::from_str_radix(crc, 16).ok()?;
    let export = Export {
        crc: (crc != 0).then_some(crc),
        is_gpl_only,
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
    };
    Some((name, KernelExport { export, is_built_in: module == "vmlinux" }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read() {
        let symvers = Symvers::parse(
            b"0xf7370f56\tsystem_state\tvmlinux\tEXPORT_SYMBOL\t\n\
              0x84b45156\tcxl\tdrivers/cxl/core/cxl_core\tEXPORT_SYMBOL_GPL\tCXL\n\
              0x00000001\ttwice\tdrivers/a\tEXPORT_SYMBOL\t\n0x00000002\ttwice\tvmlinux\tEXPORT_SYMBOL\t\n\
              0x00000003\ttwice\tdrivers/b\tEXPORT_SYMBOL\t\n\
              0x00000000\told\tvmlinux\tEXPORT_UNUSED_SYMBOL_GPL\r\n",
        )
        .unwrap();
        let state = symvers.get("system_state").unwrap();
        assert!(state.is_built_in && state.export == Export { crc: Some(0xf737_0f56), ..Export::default() });
        let cxl = symvers.get("cxl").unwrap();
        assert!(!cxl.is_built_in && cxl.export.is_gpl_only && cxl.export.namespace.as_deref() == Some("CXL"));
        assert_eq!(symvers.get("twice").unwrap().export.crc, Some(2));
        let old = &symvers.get("old").unwrap().export;
        assert!(old.is_gpl_only && old.crc.is_none());
        assert!(symvers.get("gone").is_none() && symvers.has_versions());
        assert!(!Symvers::parse(b"0x00000000\ta\tvmlinux\tEXPORT_SYMBOL\n").unwrap().has_versions());
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, line) in [
            ("0x1\ta\tvmlinux\tEXPORT_SYMBOL\nhello\n", 2),
            // The order of columns in Linux 5.4 and 5.5.
            ("0x1\ta\t\tvmlinux\tEXPORT_SYMBOL\n", 1),
            ("0x1\ta\tvmlinux\tEXPORT_SYMBOL\tCXL\tmore\n", 1),
            ("1\ta\tvmlinux\tEXPORT_SYMBOL\n", 1),
            ("0x100000000\ta\tvmlinux\tEXPORT_SYMBOL\n", 1),
            ("0x1\t\tvmlinux\tEXPORT_SYMBOL\n", 1),
        ] {
            assert_eq!(Symvers::parse(text.as_bytes()), Err(SymversError::Line(line)), "{text}");
        }
        assert_eq!(Symvers::parse(b"\n"), Err(SymversError::Empty));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\t'), Just(b'\n')], 0..200)) {
            let _ = Symvers::parse(&bytes);
            let _ = Symvers::parse(&[&b"0x1\ta\tvmlinux\tEXPORT_SYMBOL"[..], &bytes].concat());
        }

        #[test]
        fn every_symbol_is_found(symbols in proptest::collection::btree_map("[a-z_]{1,8}", (1u32.., any::<bool>(), "[A-Z]{0,3}"), 1..20)) {
            let lines = symbols.iter().map(|(name, (crc, is_gpl_only, namespace))| {
                let kind = if *is_gpl_only { "EXPORT_SYMBOL_GPL" } else { "EXPORT_SYMBOL" };
                format!("0x{crc:08x}\t{name}\tvmlinux\t{kind}\t{namespace}\n")
            });
            let symvers = Symvers::parse(lines.collect::<String>().as_bytes()).unwrap();
            for (name, (crc, is_gpl_only, namespace)) in symbols {
                let namespace = (!namespace.is_empty()).then_some(namespace);
                prop_assert_eq!(&symvers.get(&name).unwrap().export, &Export { crc: Some(crc), is_gpl_only, namespace });
            }
        }
    }
}
