//! Conditions of a manifest, with what kernels answered.

use std::collections::HashMap;

use crate::manifest::{Kernel, Selection};

/// Conditions, each of which is asked once for a kernel, however many modules have it.
#[derive(Default)]
pub(super) struct Conditions {
    numbers: HashMap<Selection, usize>,
    /// Each condition, and its answers by the kernel's number in the manifest; `None` until it is asked.
    asked: Vec<(Selection, Vec<Option<bool>>)>,
}

/// A condition by its number, and whether it held.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    condition: usize,
    held: bool,
}

impl Conditions {
    /// Adds a condition, if it is new.
    pub(super) fn add(&mut self, (selection, held): (Selection, bool)) -> Answer {
        let condition = *self.numbers.entry(selection).or_insert_with_key(|selection| {
            self.asked.push((selection.clone(), Vec::new()));
            self.asked.len() - 1
        });
        Answer { condition, held }
    }

    /// Returns whether a kernel, given with its number, gives the same answers.
    pub(super) fn same_for(&mut self, answers: &[Answer], (number, kernel): (usize, &Kernel)) -> bool {
        answers.iter().all(|answer| {
            let (selection, known) = &mut self.asked[answer.condition];
            if known.len() <= number {
                known.resize(number + 1, None);
            }
            *known[number].get_or_insert_with(|| selection.selects(kernel)) == answer.held
        })
    }
}
