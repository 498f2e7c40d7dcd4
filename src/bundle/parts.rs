//! Division of a bundle into files.

use std::ops::Range;

use crate::header::SEPARATOR;

/// Divides documents of these lengths into files of at most `largest` bytes. A document is never cut: one that is
/// longer gets a file of its own.
pub fn parts(lengths: impl IntoIterator<Item = usize>, largest: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut size = 0;
    for (number, length) in lengths.into_iter().enumerate() {
        match parts.last_mut() {
            Some(part) if size + SEPARATOR.len() + length <= largest => {
                size += SEPARATOR.len() + length;
                part.end = number + 1;
            }
            _ => {
                size = length;
                parts.push(number..number + 1);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_fill_files() {
        assert!(parts([], 10).is_empty());
        assert_eq!(parts([3, 3], 10).len(), 1);
        assert_eq!(parts([3, 3], 9), [0..1, 1..2]);
        assert_eq!(parts([30, 1, 1, 30], 10), [0..1, 1..3, 3..4]);
    }

    proptest! {
        #[test]
        fn each_document_is_in_one_file(lengths in prop::collection::vec(1..40_usize, 0..30), largest in 1..100_usize) {
            let parts = parts(lengths.iter().copied(), largest);
            let numbers: Vec<usize> = parts.iter().cloned().flatten().collect();
            prop_assert_eq!(numbers, (0..lengths.len()).collect::<Vec<_>>());
            for part in parts {
                let size = lengths[part.clone()].iter().sum::<usize>() + SEPARATOR.len() * (part.len() - 1);
                prop_assert!(size <= largest || part.len() == 1);
            }
        }
    }
}
