//! A text as its difference from one like it, in the form that packs have (gitformat-pack).
//!
//! The files of a module differ by a kernel's name and a few hashes, so that one of them and
//! differences are a tenth of all, and faster to write than to compress.

/// Length in bytes of the shortest word that is looked for in the other text.
const SHORTEST_WORD: usize = 4;

/// Length in bytes of the shortest piece that is copied: an instruction is about as long as half of it.
const SHORTEST_COPY: usize = 16;

/// The longest piece that one instruction takes over.
const LONGEST_COPY: usize = 0xffff;

/// The longest piece that one instruction brings.
const LONGEST_INSERT: usize = 0x7f;

/// No word is here.
const NONE: u32 = u32::MAX;

/// Set in the position of a word that occurs several times.
const REPEATED: u32 = 1 << 31;

/// A text that others are told from.
pub(super) struct Base {
    bytes: Vec<u8>,
    /// First positions of words, by their hash.
    places: Vec<u32>,
    shift: u32,
}

/// Words that are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    /// Those that occur once: a text goes on as the base does from there.
    Unique,
    All,
}

/// A piece of a text that the base has, too.
struct CommonPart {
    /// Position in the text.
    at: usize,
    /// Position in the base.
    place: usize,
    length: usize,
}

impl Base {
    /// Notes where which word of a text is.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let bits = (words(bytes, 0).count() * 2).next_power_of_two().trailing_zeros().clamp(4, 24);
        let mut base = Self { bytes: bytes.to_vec(), places: vec![NONE; 1 << bits], shift: 64 - bits };
        for (at, word) in words(bytes, 0) {
            let slot = base.slot(word);
            base.places[slot] = match base.places[slot] {
                NONE => u32::try_from(at).ok().filter(|at| *at < REPEATED).unwrap_or(NONE),
                place if bytes[position(place)..].starts_with(word) => place | REPEATED,
                place => place,
            };
        }
        base
    }

    /// Returns the place of a word in the table.
    fn slot(&self, word: &[u8]) -> usize {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let (whole, rest) = word.as_chunks::<8>();
        let last = rest.iter().fold(rest.len() as u64, |last, byte| last << 8 | u64::from(*byte));
        let numbers = whole.iter().map(|number| u64::from_le_bytes(*number)).chain([last]);
        let mixed = numbers.fold(0, |mixed: u64, number| (mixed.rotate_left(23) ^ number).wrapping_mul(FACTOR));
        ((mixed ^ mixed >> 32).wrapping_mul(FACTOR) >> self.shift) as usize
    }

    /// Computes the delta from the base to `target`; `None` if it is not shorter than half of `target`.
    pub(super) fn delta(&self, target: &[u8]) -> Option<Vec<u8>> {
        let mut delta = Vec::with_capacity(512);
        put_length(&mut delta, self.bytes.len());
        put_length(&mut delta, target.len());
        self.tell(target, Words::Unique, &mut delta);
        (delta.len() <= target.len() / 2).then_some(delta)
    }

    /// Appends instructions for a text. What is between pieces with unique words may have pieces with others.
    fn tell(&self, text: &[u8], words: Words, delta: &mut Vec<u8>) {
        let mut pending = 0;
        let tell_other = |other: &[u8], delta: &mut Vec<u8>| match words {
            Words::Unique => self.tell(other, Words::All, delta),
            Words::All => insert(delta, other),
        };
        while let Some(CommonPart { at, place, length }) = self.next_common(text, pending, words) {
            tell_other(&text[pending..at], delta);
            copy(delta, place, length);
            pending = at + length;
        }
        tell_other(&text[pending..], delta);
    }

    /// Finds the first piece from a position on that has one of these words.
    fn next_common(&self, text: &[u8], from: usize, of: Words) -> Option<CommonPart> {
        words(text, from).find_map(|(at, word)| {
            let place = self.places[self.slot(word)];
            if place == NONE || (of == Words::Unique && place & REPEATED != 0) {
                return None;
            }
            let place = position(place);
            let length = shared(&self.bytes[place..], &text[at..]);
            if length < word.len() {
                return None;
            }
            // The piece may begin before the word.
            let back = shared_end(&self.bytes[..place], &text[from..at]);
            let common = CommonPart { at: at - back, place: place - back, length: length + back };
            (common.length >= SHORTEST_COPY).then_some(common)
        })
    }
}

/// Returns the position of a word that occurs at least once.
fn position(place: u32) -> usize {
    (place & !REPEATED) as usize
}

/// Returns the words from a position on that are long enough, each with its position. A word ends at a space or at the
/// end of a line; one that begins before the position counts from there.
fn words(text: &[u8], from: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let mut next = from;
    std::iter::from_fn(move || {
        loop {
            let (at, rest) = (next, text.get(next..).filter(|rest| !rest.is_empty())?);
            let length = memchr::memchr2(b' ', b'\n', rest).unwrap_or(rest.len());
            next = at + length + 1;
            if length >= SHORTEST_WORD {
                return Some((at, &rest[..length]));
            }
        }
    })
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
            words in proptest::collection::vec("[a-c]{1,40}[ \n]?", 1..40),
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
