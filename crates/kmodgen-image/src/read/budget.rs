//! Limits for unpacking one image. A few bytes can unpack to any number, and each bomb alone
//! may be within a limit that a thousand of them are not.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

use super::words::size;

/// Bytes that any image may unpack to.
const FREE: u64 = 512 << 20;

/// Ratio to its size that an image may unpack to beyond that. Layers come to 2 to 5 times theirs;
/// gzip gets at most to 1,032.
const RATIO: u64 = 100;

/// No image is larger.
const LARGEST: u64 = 128 << 30;

/// The budget of one image.
#[derive(Debug)]
pub(super) struct Budget {
    largest: u64,
    packed: Cell<u64>,
    unpacked: Cell<u64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(LARGEST)
    }
}

impl Budget {
    /// Allows to unpack so many bytes.
    pub(super) fn of(largest: u64) -> Self {
        Self { largest, packed: Cell::default(), unpacked: Cell::default() }
    }

    fn spend(&self, bytes: u64) -> io::Result<()> {
        let unpacked = self.unpacked.get().saturating_add(bytes);
        self.unpacked.set(unpacked);
        if unpacked > self.largest {
            return Err(io::Error::other(format!("it unpacks to more than {}", size(self.largest))));
        }
        if unpacked > self.packed.get().saturating_mul(RATIO).saturating_add(FREE) {
            return Err(io::Error::other(format!(
                "it is a decompression bomb: it unpacks to more than {RATIO} times its size"
            )));
        }
        Ok(())
    }

    /// Counts what is read as packed.
    pub(super) fn packed<R>(&self, inner: R) -> Packed<'_, R> {
        Packed { inner, budget: self }
    }

    /// Counts what is read as unpacked, and ends it where the budget does.
    pub(super) fn unpacked<R>(&self, inner: R) -> Unpacked<'_, R> {
        Unpacked { inner, budget: self }
    }
}

/// A packed stream.
pub(super) struct Packed<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<R: Read> Read for Packed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.packed.set(self.budget.packed.get().saturating_add(count as u64));
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Packed<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.budget.packed.set(self.budget.packed.get().saturating_add(count as u64));
        self.inner.consume(count);
    }
}

/// An unpacked stream.
pub(super) struct Unpacked<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.spend(count as u64)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_things_may_grow_and_large_ones_not_without_end() {
        let budget = Budget::default();
        budget.spend(FREE).unwrap();
        assert!(budget.spend(1).unwrap_err().to_string().contains("is a decompression bomb"));
        io::copy(&mut budget.packed(&[0; 10][..]), &mut io::sink()).unwrap();
        budget.spend(10 * RATIO - 1).unwrap();
        budget.spend(1).unwrap_err();
        budget.packed.set(u64::MAX);
        assert!(budget.spend(LARGEST).unwrap_err().to_string().contains("128 GiB"));
    }
}
