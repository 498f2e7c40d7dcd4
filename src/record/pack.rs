//! Values as bytes, and back. Whatever the bytes are, they are values or none.

use super::{Evidence, FileRecord, Identity, KernelKey, Key, MappingRecord, Outcome, Seal, SealKey};
use crate::vocabulary::Digest;

/// A value that is written as bytes and read back.
pub trait Pack: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl Pack for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )* };
}
integers!(u8, u32, u64, i64);

/// A value that takes the same number of bytes whatever it is.
pub trait Fixed: Pack {
    /// How many.
    const SIZE: usize;
}

macro_rules! fields {
    ($type:ident { $($field:ident),* }) => {
        impl Pack for $type {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                $(let $field = Pack::take(from)?;)*
                Some(Self { $($field),* })
            }
        }
    };
}
pub(super) use fields;
fields!(Evidence { inode, size, modified, changed });
fields!(FileRecord { evidence, seal });
fields!(MappingRecord { release, files });
fields!(Identity { hash, dockerfile, asks_for_dtk, is_long });
fields!(Outcome { group, identity });
fields!(KernelKey { traits, toolkit });

impl Fixed for MappingRecord {
    const SIZE: usize = 4 + 2 * (32 + 16);
}

impl Fixed for Outcome {
    const SIZE: usize = 4 + 32 + 32 + 1 + 1;
}

impl Pack for Digest {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self::from_bytes(*bytes))
    }
}

macro_rules! numbers {
    ($($type:ident),*) => { $(
        impl Pack for $type {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.iter().for_each(|number| number.put(out));
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let mut numbers = Self([0; _]);
                for number in &mut numbers.0 {
                    *number = u64::take(from)?;
                }
                Some(numbers)
            }
        }
    )* };
}
numbers!(Seal, SealKey);

impl Pack for Key {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self(*bytes))
    }
}

impl Pack for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match u8::take(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Pack for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(u64::take(from)?).ok()?;
        let (bytes, rest) = from.split_at_checked(length)?;
        *from = rest;
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        self.iter().for_each(|item| item.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(u64::take(from)?).ok()?;
        // No item is shorter than a byte: a length beyond that is no length.
        let mut items = Self::with_capacity(length.min(from.len() / size_of::<T>().max(1) + 1));
        for _ in 0..length {
            items.push(T::take(from)?);
        }
        Some(items)
    }
}

impl<T: Pack> Pack for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::take(from)? { Some(T::take(from)?) } else { None })
    }
}

impl<T: Pack> Pack for [T; 2] {
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.put(out));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some([T::take(from)?, T::take(from)?])
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_fixed_size_have_it() {
        let file = FileRecord { evidence: Evidence::NONE, seal: SealKey::PUBLIC.seal(b"") };
        let mut bytes = Vec::new();
        MappingRecord { release: 1, files: [file; 2] }.put(&mut bytes);
        assert_eq!(bytes.len(), MappingRecord::SIZE);
        bytes.clear();
        let digest = Digest::of(b"");
        let identity = Identity { hash: digest, dockerfile: digest, asks_for_dtk: true, is_long: false };
        Outcome { group: 1, identity }.put(&mut bytes);
        assert_eq!(bytes.len(), Outcome::SIZE);
    }
}
