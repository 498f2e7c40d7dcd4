//! Conditions of a manifest, with the kernels that meet them.

use std::collections::HashMap;
use std::rc::Rc;

use crate::manifest::{Kernel, Selection};

/// Conditions, each of which is evaluated once for each kernel, however many modules have it.
pub(super) struct Conditions<'m> {
    kernels: &'m [Kernel],
    /// For each condition, which kernels of the manifest meet it.
    known: HashMap<Selection, Rc<[bool]>>,
}

/// Answer of a kernel to a condition.
pub(super) struct Answer {
    /// Answers of all kernels of the manifest to the same condition.
    all: Rc<[bool]>,
    held: bool,
}

impl<'m> Conditions<'m> {
    pub(super) fn new(kernels: &'m [Kernel]) -> Self {
        Self { kernels, known: HashMap::new() }
    }

    /// Makes the answer of a kernel that meets a condition, or does not.
    pub(super) fn answer(&mut self, (selection, held): (Selection, bool)) -> Answer {
        let evaluate = |selection: &Selection| self.kernels.iter().map(|kernel| selection.selects(kernel)).collect();
        let all = self.known.entry(selection).or_insert_with_key(evaluate).clone();
        Answer { all, held }
    }
}

impl Answer {
    /// Returns whether the kernel with this number gives the same answer.
    pub(super) fn is_of(&self, kernel: usize) -> bool {
        self.all[kernel] == self.held
    }
}
