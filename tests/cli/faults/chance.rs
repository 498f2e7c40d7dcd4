//! Choices that look random, and can be repeated.

use std::time::{SystemTime, UNIX_EPOCH};

/// A sequence of numbers.
pub(crate) struct Chance(u64);

impl Chance {
    /// One that differs from run to run, unless `KMODGEN_SEED` says which. A failing test shows it.
    pub(crate) fn new() -> Self {
        let given = std::env::var("KMODGEN_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            since.subsec_nanos().into()
        });
        eprintln!("KMODGEN_SEED={seed}");
        Self(seed)
    }

    /// The next number (the SplitMix64 sequence).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }
}
