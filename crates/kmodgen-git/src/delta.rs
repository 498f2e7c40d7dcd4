//! A text as its difference from one like it, in the form that packs have (gitformat-pack).
//!
//! The files of a module differ by a kernel's name and a few hashes, so that one of them and
//! differences are a tenth of all, and faster to write than to compress.

/// The shortest text that is looked for in the other one.
const BLOCK: usize = 16;

/// The longest piece that one instruction takes over.
const LONGEST_COPY: usize = 0xffff;

/// The longest piece that one instruction brings.
const LONGEST_INSERT: usize = 0x7f;

/// No block is here.
const NONE: u32 = u32::MAX;

/// A block is here that occurs several times: which of them a text goes on with is not known.
const SEVERAL: u32 = u32::MAX - 1;

/// A text that others are told from.
pub(super) struct Base {
    bytes: Vec<u8>,
    /// Positions of blocks, by their hash.
    places: Vec<u32>,
    shift: u32,
}

impl Base {
    /// Notes where which block of a text is.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let blocks = bytes.len() / BLOCK;
        let bits = (blocks * 2).next_power_of_two().trailing_zeros().clamp(4, 24);
        let mut base = Self { bytes: bytes.to_vec(), places: vec![NONE; 1 << bits], shift: 64 - bits };
        for at in (0..blocks).map(|block| block * BLOCK) {
            let Some(slot) = base.slot(&bytes[at..]) else { break };
            base.places[slot] = match base.places[slot] {
                NONE => u32::try_from(at).unwrap_or(NONE),
                SEVERAL => SEVERAL,
                place if bytes[place as usize..].starts_with(&bytes[at..at + BLOCK]) => SEVERAL,
                place => place,
            };
        }
        base
    }

    /// Finds the place of a block in the table; `None` if the block is not whole.
    fn slot(&self, bytes: &[u8]) -> Option<usize> {
        let (low, rest) = bytes.split_first_chunk::<8>()?;
        let (high, _) = rest.split_first_chunk::<8>()?;
        let mixed = u64::from_le_bytes(*low).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ u64::from_le_bytes(*high).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from(mixed.wrapping_mul(0x94d0_49bb_1331_11eb) >> self.shift).ok()
    }

    /// Computes the delta from the base to `target`; `None` if it is not shorter than half of `target`.
    pub(super) fn delta(&self, target: &[u8]) -> Option<Vec<u8>> {
        let most = target.len() / 2;
        let mut delta = Vec::with_capacity(512);
        put_length(&mut delta, self.bytes.len());
        put_length(&mut delta, target.len());
        let (mut at, mut pending) = (0, 0);
        while let Some(slot) = self.slot(&target[at..]) {
            let place = self.places[slot] as usize;
            let length = match self.bytes.get(place..) {
                Some(there) if self.places[slot] < SEVERAL => shared(there, &target[at..]),
                _ => 0,
            };
            if length < BLOCK {
                at += 1;
                continue;
            }
            // What is pending may end in what comes before the block.
            let back = shared_end(&self.bytes[..place], &target[pending..at]);
            insert(&mut delta, &target[pending..at - back]);
            copy(&mut delta, place - back, length + back);
            at += length;
            pending = at;
            if delta.len() > most {
                return None;
            }
        }
        insert(&mut delta, &target[pending..]);
        (delta.len() <= most).then_some(delta)
    }
}

/// Counts the bytes that two texts have in common at the start.
fn shared(a: &[u8], b: &[u8]) -> usize {
    const WIDE: usize = 32;
    let wide = a.chunks_exact(WIDE).zip(b.chunks_exact(WIDE)).take_while(|(a, b)| a == b).count() * WIDE;
    wide + a[wide..].iter().zip(&b[wide..]).take_while(|(a, b)| a == b).count()
}

/// Counts the bytes that two texts have in common at the end.
fn shared_end(a: &[u8], b: &[u8]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// A length, seven bits at a time, the lowest first.
fn put_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        out.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
}

fn insert(out: &mut Vec<u8>, text: &[u8]) {
    for part in text.chunks(LONGEST_INSERT) {
        out.push(part.len() as u8);
        out.extend_from_slice(part);
    }
}

/// Bytes that are zero are left out, and the first byte says which.
fn copy(out: &mut Vec<u8>, mut place: usize, mut length: usize) {
    while length > 0 {
        let part = length.min(LONGEST_COPY);
        let head = out.len();
        out.push(0x80);
        let numbers = [(place as u32).to_le_bytes(), (part as u32).to_le_bytes()];
        let bytes = numbers[0].into_iter().chain(numbers[1].into_iter().take(3));
        for (bit, byte) in bytes.enumerate().filter(|(_, byte)| *byte != 0) {
            out.push(byte);
            out[head] |= 1 << bit;
        }
        place += part;
        length -= part;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a length, as git does.
    fn take_length(from: &mut &[u8]) -> usize {
        let (mut length, mut shift) = (0, 0);
        loop {
            let (byte, rest) = from.split_first().unwrap();
            *from = rest;
            length |= ((byte & 0x7f) as usize) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return length;
            }
        }
    }

    /// Makes the target of the base, as git does.
    fn applied(base: &[u8], mut delta: &[u8]) -> Vec<u8> {
        assert_eq!(take_length(&mut delta), base.len());
        let length = take_length(&mut delta);
        let mut target = Vec::new();
        while let Some((op, mut rest)) = delta.split_first() {
            if op & 0x80 == 0 {
                let (text, after) = rest.split_at(*op as usize);
                assert!(!text.is_empty());
                target.extend_from_slice(text);
                delta = after;
                continue;
            }
            let mut numbers = [0_usize; 7];
            for (bit, number) in numbers.iter_mut().enumerate() {
                if op & (1 << bit) != 0 {
                    *number = rest[0] as usize;
                    rest = &rest[1..];
                }
            }
            let place = numbers[0] | numbers[1] << 8 | numbers[2] << 16 | numbers[3] << 24;
            let length = numbers[4] | numbers[5] << 8 | numbers[6] << 16;
            assert_ne!(length, 0);
            target.extend_from_slice(&base[place..place + length]);
            delta = rest;
        }
        assert_eq!(target.len(), length);
        target
    }

    proptest! {
        #[test]
        fn a_difference_makes_the_text(
            words in proptest::collection::vec("[a-c]{1,40}", 1..40),
            edits in proptest::collection::vec((0_usize..2000, "[x-z]{0,9}"), 0..6),
        ) {
            let base = words.concat().into_bytes();
            let mut target = base.clone();
            for (at, text) in edits {
                let at = at % (target.len() + 1);
                target.splice(at..at, text.bytes());
            }
            if let Some(delta) = Base::new(&base).delta(&target) {
                prop_assert!(delta.len() <= target.len() / 2);
                prop_assert_eq!(applied(&base, &delta), target);
            }
        }
    }

    #[test]
    fn alike_is_short_and_unlike_is_none() {
        let base: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut target = base.clone();
        target.splice(300_000..300_010, *b"a difference");
        let delta = Base::new(&base).delta(&target).unwrap();
        assert_eq!(applied(&base, &delta), target);
        // A copy takes 64 KiB at most, and 7 bytes.
        assert!(delta.len() < 200, "{}", delta.len());
        assert_eq!(Base::new(b"short").delta(&[7; 100]), None);
        assert_eq!(Base::new(&base).delta(b""), None, "two lengths are longer than nothing");
    }
}
