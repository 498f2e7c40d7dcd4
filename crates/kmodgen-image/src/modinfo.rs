//! The `.modinfo` section of a module: `key=value` texts, each ended by a NUL (kernel,
//! `MODULE_INFO` in linux/moduleparam.h).

/// Values in a module's `.modinfo` section that matter to loading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModInfo {
    /// The name that the kernel knows it by, where it is given (since Linux 4.13).
    pub name: Option<String>,
    /// The kernel that it was built for, and options of it: `5.14.0-1.el9.x86_64 SMP mod_unload`.
    pub vermagic: Option<String>,
    /// The modules whose symbols it uses.
    pub depends: Vec<String>,
    /// The firmware files that it may ask for.
    pub firmware: Vec<String>,
    /// Soft dependencies, the modules to load with this one, in the form of modprobe.d(5): `pre: a b post: c`.
    pub softdeps: Vec<String>,
    /// The licence, of several the first, which the kernel takes.
    pub license: Option<String>,
    /// Namespaces of symbols that the module imports.
    pub namespaces: Vec<String>,
}

/// Largest number of values of one key that are kept.
const MOST: usize = 4096;

/// The longest value that is kept, in bytes; a path has at most as many.
const LONGEST: usize = 4096;

impl ModInfo {
    /// Reads a section. What is not `key=value` is passed over, as modinfo does.
    pub fn parse(section: &[u8]) -> Self {
        let mut info = Self::default();
        for field in section.split(|byte| *byte == 0) {
            let field = String::from_utf8_lossy(&field[..field.len().min(LONGEST)]);
            match field.split_once('=') {
                // The kernel takes the first of each (`get_modinfo`).
                Some(("name", value)) if info.name.is_none() => info.name = Some(value.to_owned()),
                Some(("vermagic", value)) if info.vermagic.is_none() => info.vermagic = Some(value.to_owned()),
                Some(("depends", value)) => {
                    let names = value.split(',').filter(|name| !name.is_empty());
                    info.depends.extend(names.map(str::to_owned).take(MOST.saturating_sub(info.depends.len())));
                }
                Some(("firmware", value)) if info.firmware.len() < MOST => info.firmware.push(value.to_owned()),
                Some(("license", value)) if info.license.is_none() => info.license = Some(value.to_owned()),
                Some(("import_ns", value)) if info.namespaces.len() < MOST => info.namespaces.push(value.to_owned()),
                Some(("softdep", value)) if info.softdeps.len() < MOST => info.softdeps.push(value.to_owned()),
                _ => {}
            }
        }
        info
    }

    /// The release of the kernel that it was built for.
    pub fn release(&self) -> Option<&str> {
        self.vermagic.as_deref()?.split_whitespace().next()
    }

    /// Returns the words of vermagic after the release: options that a kernel and its modules must share.
    pub fn flags(&self) -> Option<String> {
        let words = self.vermagic.as_deref()?.split_whitespace().skip(1);
        Some(words.collect::<Vec<_>>().join(" "))
    }

    /// The memory that it takes, in bytes, as an estimate.
    pub(crate) fn weight(&self) -> u64 {
        let lists = [&self.depends, &self.firmware, &self.softdeps, &self.namespaces];
        let texts = lists.into_iter().flatten().chain(&self.vermagic).chain(&self.name).chain(&self.license);
        texts.map(|text| text.len() as u64 + 32).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_told_apart() {
        let info = ModInfo::parse(
            b"\0license=GPL\0license=X\0import_ns=CXL\0import_ns=DMA_BUF\0firmware=a/b.bin\0firmware=c.bin\0\0depends=x,y-z\0softdep=pre: p\0vermagic=5.14.0-1+rt SMP preempt_rt \0odd",
        );
        assert_eq!(info.release(), Some("5.14.0-1+rt"));
        assert_eq!(info.flags().as_deref(), Some("SMP preempt_rt"));
        assert_eq!(ModInfo::parse(b"name=a\0name=b\0vermagic=1\0vermagic=2\0").name.as_deref(), Some("a"));
        assert_eq!(ModInfo::parse(b"vermagic=1\0vermagic=2\0").release(), Some("1"));
        assert_eq!(info.depends, ["x", "y-z"]);
        assert_eq!(info.firmware, ["a/b.bin", "c.bin"]);
        assert_eq!(info.softdeps, ["pre: p"]);
        assert_eq!((info.license.as_deref(), info.namespaces), (Some("GPL"), vec!["CXL".into(), "DMA_BUF".into()]));
        assert_eq!(ModInfo::parse(b"depends=\0vermagic= \0").release(), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(b'='), Just(b',')], 0..200)) {
            let info = ModInfo::parse(&[&b"depends="[..], &bytes].concat());
            prop_assert!(info.depends.iter().all(|name| !name.is_empty()));
        }
    }
}
