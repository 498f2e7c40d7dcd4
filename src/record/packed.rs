//! Values that stay the bytes that they are in a file, which is read when they are first asked for.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::pack::{Fixed, Pack, fields};
use super::{Seal, SealKey};

/// What a record is read from.
pub trait Source: Debug + Send + Sync {
    /// The bytes of a range; `None` where it has not as many.
    fn read(&self, range: Range<u64>) -> Option<Vec<u8>>;
}

impl Source for Vec<u8> {
    fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let Range { start, end } = range;
        self.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?).map(<[u8]>::to_vec)
    }
}

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    /// Where it begins.
    pub(super) at: u64,
    /// How many bytes it has.
    pub(super) length: u64,
    /// What they are sealed with.
    pub(super) seal: Seal,
}
fields!(Section { at, length, seal });

impl Section {
    /// Its bytes; `None` where they are not those that were sealed.
    pub(super) fn read(self, source: &dyn Source) -> Option<Vec<u8>> {
        let bytes = source.read(self.at..self.at.checked_add(self.length)?)?;
        (SealKey::PUBLIC.seal(&bytes) == self.seal).then_some(bytes)
    }
}

/// A row of values.
#[derive(Debug, Clone)]
pub struct Packed<T> {
    count: usize,
    /// Where they come from, unless they were made by this run.
    stored: Option<(Arc<dyn Source>, Section)>,
    /// Empty where the file is damaged.
    bytes: OnceLock<Vec<u8>>,
    of: PhantomData<T>,
}

impl<T: Fixed> Packed<T> {
    pub(super) fn stored(count: usize, source: Arc<dyn Source>, section: Section) -> Self {
        Self { count, stored: Some((source, section)), bytes: OnceLock::new(), of: PhantomData }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether they can be read.
    pub fn is_whole(&self) -> bool {
        self.count.checked_mul(T::SIZE) == Some(self.bytes().len())
    }

    /// All of them; none where they cannot be read.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.range(0..self.count)
    }

    /// Those with these numbers, as far as they are there.
    pub fn range(&self, numbers: Range<usize>) -> impl Iterator<Item = T> {
        let bytes = self.bytes();
        let place = |number: usize| number.saturating_mul(T::SIZE).min(bytes.len());
        let range = bytes.get(place(numbers.start)..place(numbers.end)).unwrap_or_default();
        range.chunks_exact(T::SIZE).filter_map(|mut bytes| T::take(&mut bytes))
    }

    /// One of them.
    pub fn get(&self, number: usize) -> Option<T> {
        self.range(number..number.checked_add(1)?).next()
    }

    /// Changes one of them.
    pub fn set(&mut self, number: usize, value: &T) {
        self.bytes();
        // What is changed is not what is stored.
        self.stored = None;
        let mut bytes = Vec::with_capacity(T::SIZE);
        value.put(&mut bytes);
        let place = self.bytes.get_mut().and_then(|all| all.get_mut(number * T::SIZE..(number + 1) * T::SIZE));
        if let Some(place) = place {
            place.copy_from_slice(&bytes);
        }
    }

    /// Their bytes; none where they are damaged.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get_or_init(|| {
            let read = self.stored.as_ref().and_then(|(source, section)| section.read(&**source));
            read.filter(|bytes| self.count.checked_mul(T::SIZE) == Some(bytes.len())).unwrap_or_default()
        })
    }

    /// What they are sealed with where they are stored.
    pub(super) fn seal(&self) -> Option<Seal> {
        self.stored.as_ref().map(|(_, section)| section.seal)
    }
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self { count: 0, stored: None, bytes: OnceLock::from(Vec::new()), of: PhantomData }
    }
}

impl<T: Fixed> Extend<T> for Packed<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        self.bytes();
        self.stored = None;
        if let Some(bytes) = self.bytes.get_mut() {
            values.into_iter().for_each(|value| value.put(bytes));
            self.count = bytes.len() / T::SIZE;
        }
    }
}

impl<T: Fixed> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut packed = Self::default();
        packed.extend(values);
        packed
    }
}

/// Rows are the same if their values are.
impl<T: Fixed> PartialEq for Packed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.bytes() == other.bytes()
    }
}

impl<T: Fixed> Eq for Packed<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Evidence, FileRecord, MappingRecord};

    fn mapping(release: u32) -> MappingRecord {
        let seal = SealKey::PUBLIC.seal(&release.to_le_bytes());
        MappingRecord { release, files: [FileRecord { evidence: Evidence::NONE, seal }; 2] }
    }

    fn numbers(packed: &Packed<MappingRecord>, range: Range<usize>) -> Vec<u32> {
        packed.range(range).map(|mapping| mapping.release).collect()
    }

    #[test]
    fn values_are_unpacked_one_by_one() {
        let mut packed: Packed<MappingRecord> = (0..4).map(mapping).collect();
        assert_eq!((packed.len(), packed.is_whole()), (4, true));
        assert_eq!(packed.get(3), Some(mapping(3)));
        assert_eq!((packed.get(4), packed.get(usize::MAX)), (None, None));
        packed.set(1, &mapping(7));
        packed.set(4, &mapping(8));
        assert_eq!((numbers(&packed, 0..9), numbers(&packed, 1..3)), (vec![0, 7, 2, 3], vec![7, 2]));
    }

    #[test]
    fn what_is_damaged_is_not_there() {
        let all: Packed<MappingRecord> = (0..4).map(mapping).collect();
        let (bytes, seal) = (all.bytes().to_vec(), SealKey::PUBLIC.seal(all.bytes()));
        let section = Section { at: 0, length: bytes.len() as u64, seal };
        let read = |count, bytes: Vec<u8>, section| Packed::<MappingRecord>::stored(count, Arc::new(bytes), section);
        assert_eq!(read(4, bytes.clone(), section), all);
        let mut flipped = bytes.clone();
        flipped[5] ^= 1;
        let shorter = bytes[1..].to_vec();
        let beyond = Section { at: u64::MAX, ..section };
        for damaged in [
            read(4, flipped, section),
            read(4, shorter, section),
            read(4, bytes.clone(), beyond),
            read(3, bytes.clone(), section),
            read(usize::MAX, bytes, section),
        ] {
            assert!(!damaged.is_whole());
            assert_eq!((damaged.iter().count(), damaged.get(0)), (0, None));
        }
    }
}
