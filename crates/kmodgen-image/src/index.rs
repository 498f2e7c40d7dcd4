//! Indexes that depmod writes and modprobe reads: a trie of names with values (kmod,
//! libkmod/libkmod-index.c and tools/depmod.c).

use std::collections::BTreeMap;

/// Magic number that every index begins with (`INDEX_MAGIC`).
const MAGIC: u32 = 0xb007_f457;

/// The version that modprobe takes (`INDEX_VERSION_MAJOR`); it passes over the lower half.
const VERSION: u32 = 2;

const PREFIX: u32 = 0x8000_0000;
const VALUES: u32 = 0x4000_0000;
const CHILDREN: u32 = 0x2000_0000;
const OFFSET: u32 = 0x0fff_ffff;

/// Names are no longer than paths.
const DEEPEST: usize = 4096;

/// Reason why modprobe cannot read an index, completing "it …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The file has no bytes.
    #[error("is empty")]
    Empty,
    /// The file begins with other bytes.
    #[error("is not an index of kmod's depmod")]
    Foreign,
    /// The version of the format, which modprobe refuses.
    #[error("is an index of version {0}, but modprobe reads version {VERSION}")]
    Version(u32),
    /// The file ends within its head.
    #[error("is truncated")]
    Cut,
    /// A node leads back to one above it.
    #[error("is damaged: its nodes form a cycle")]
    Circle,
    /// A node is outside of the file, or its name has no end.
    #[error("is truncated or damaged")]
    Damaged,
}

/// Values by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index(pub BTreeMap<Vec<u8>, Vec<Vec<u8>>>);

impl Index {
    /// Reads a whole index.
    ///
    /// # Errors
    /// A file that modprobe cannot read.
    pub fn parse(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut header = Reader { bytes, at: 0 };
        match header.word() {
            None if bytes.is_empty() => return Err(IndexError::Empty),
            Some(MAGIC) => {}
            _ => return Err(IndexError::Foreign),
        }
        let version = header.word().ok_or(IndexError::Cut)? >> 16;
        if version != VERSION {
            return Err(IndexError::Version(version));
        }
        let root = header.word().ok_or(IndexError::Cut)?;
        let mut index = Self::default();
        // A sound index has no node twice, so its nodes are fewer than its bytes.
        let mut left = bytes.len();
        let mut ahead = vec![(root, Vec::new())];
        while let Some((node, name)) = ahead.pop() {
            left = left.checked_sub(1).ok_or(IndexError::Circle)?;
            index.read(bytes, node, name, &mut ahead).ok_or(IndexError::Damaged)?;
        }
        Ok(index)
    }

    /// The memory that it takes, in bytes, as an estimate.
    pub(crate) fn weight(&self) -> u64 {
        let values = self.0.values().flatten().map(|value| value.len() as u64 + 32);
        self.0.keys().map(|name| name.len() as u64 + 64).chain(values).sum()
    }

    /// Reads one node; its children go `ahead`.
    fn read(&mut self, bytes: &[u8], node: u32, mut name: Vec<u8>, ahead: &mut Vec<(u32, Vec<u8>)>) -> Option<()> {
        let at = usize::try_from(node & OFFSET).ok()?;
        if at == 0 {
            return Some(());
        }
        let mut reader = Reader { bytes, at };
        if node & PREFIX != 0 {
            name.extend(reader.text()?);
        }
        if name.len() > DEEPEST {
            return None;
        }
        if node & CHILDREN != 0 {
            let (first, last) = (reader.byte()?, reader.byte()?);
            for letter in first..=last {
                let child = reader.word()?;
                if child & OFFSET != 0 {
                    ahead.push((child, [name.as_slice(), &[letter]].concat()));
                }
            }
        }
        if node & VALUES != 0 {
            let values = self.0.entry(name).or_default();
            for _ in 0..reader.word()? {
                let _priority = reader.word()?;
                values.push(reader.text()?.to_vec());
            }
        }
        Some(())
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn word(&mut self) -> Option<u32> {
        let word = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += word.len();
        Some(u32::from_be_bytes(*word))
    }

    fn text(&mut self) -> Option<&'b [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = memchr::memchr(0, rest)?;
        self.at += end + 1;
        Some(&rest[..end])
    }
}

/// Writes an index as depmod does, but with one node for each letter.
#[cfg(test)]
pub(crate) fn write(values: &[(&str, &str)]) -> Vec<u8> {
    fn node(bytes: &mut Vec<u8>, values: &[(&[u8], &str)]) -> u32 {
        let mut children: BTreeMap<u8, Vec<(&[u8], &str)>> = BTreeMap::new();
        for (name, value) in values {
            if let [first, rest @ ..] = name {
                children.entry(*first).or_default().push((rest, value));
            }
        }
        let offsets: BTreeMap<u8, u32> = children.iter().map(|(letter, below)| (*letter, node(bytes, below))).collect();
        let at = u32::try_from(bytes.len()).unwrap();
        let mut flags = 0;
        if let (Some((first, _)), Some((last, _))) = (offsets.first_key_value(), offsets.last_key_value()) {
            flags |= CHILDREN;
            bytes.extend([*first, *last]);
            (*first..=*last).for_each(|letter| bytes.extend(offsets.get(&letter).unwrap_or(&0).to_be_bytes()));
        }
        let own: Vec<&str> = values.iter().filter(|(name, _)| name.is_empty()).map(|(_, value)| *value).collect();
        if !own.is_empty() {
            flags |= VALUES;
            bytes.extend(u32::try_from(own.len()).unwrap().to_be_bytes());
            own.iter().for_each(|value| bytes.extend([&[0, 0, 0, 7], value.as_bytes(), b"\0"].concat()));
        }
        at | flags
    }
    let mut bytes = [MAGIC.to_be_bytes(), 0x0002_0001u32.to_be_bytes(), [0; 4]].concat();
    let values: Vec<(&[u8], &str)> = values.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
    let root = node(&mut bytes, &values);
    bytes[8..12].copy_from_slice(&root.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_found_by_name() {
        let bytes = write(&[("kmm_a", "extra/kmm_a.ko: extra/kmm-b.ko"), ("kmm_b", "extra/kmm-b.ko:"), ("kmm", "x")]);
        let index = Index::parse(&bytes).unwrap();
        assert_eq!(index.0[&b"kmm_a"[..]], [b"extra/kmm_a.ko: extra/kmm-b.ko"]);
        assert_eq!(index.0.len(), 3);
        assert_eq!(Index::parse(&write(&[])), Ok(Index::default()));
    }

    #[test]
    fn what_modprobe_does_not_read_is_an_error() {
        let good = write(&[("a", "a.ko:")]);
        for (at, byte, error) in [
            (0, 0, "is not an index of kmod's depmod"),
            (5, 9, "is an index of version 9, but modprobe reads version 2"),
            (4, 1, "is an index of version 258, but modprobe reads version 2"),
        ] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(Index::parse(&bytes).unwrap_err().to_string(), error);
        }
        for length in 0..good.len() {
            Index::parse(&good[..length]).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(spots in proptest::collection::vec((8usize..200, any::<u8>()), 0..8), noise in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut bytes = write(&[("a", "a.ko:"), ("ab", "b.ko:"), ("c", "c.ko: a.ko")]);
            let length = bytes.len();
            spots.iter().for_each(|(at, byte)| bytes[at % length] = *byte);
            let _ = (Index::parse(&bytes), Index::parse(&noise));
        }
    }
}
