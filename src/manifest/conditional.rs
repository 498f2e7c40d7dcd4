//! Items of the manifest that are for some kernels only.

use std::cell::RefCell;

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::kernel::Kernel;
use super::schema::Record;
use super::selection::Selection;
use crate::vocabulary::Diagnostics;

/// A kernel that answers conditions, and remembers which: all that is decided under these answers
/// is the same for any other kernel that gives the same ones.
#[derive(Debug)]
pub struct Circumstances<'k> {
    kernel: &'k Kernel,
    answers: RefCell<Vec<(Selection, bool)>>,
}

impl<'k> Circumstances<'k> {
    /// Returns the circumstances of `kernel`, before any question.
    pub fn of(kernel: &'k Kernel) -> Self {
        Self { kernel, answers: RefCell::default() }
    }

    /// Returns whether something is for the kernel, and records the answer.
    pub fn allow(&self, selection: &Selection) -> bool {
        if selection.is_all() {
            return true;
        }
        let selected = selection.selects(self.kernel);
        self.answers.borrow_mut().push((selection.clone(), selected));
        selected
    }

    /// The items of a list that are for the kernel.
    pub fn choose<T: Clone>(&self, list: &[Conditional<T>]) -> Vec<T> {
        list.iter().filter_map(|item| item.on(self)).cloned().collect()
    }

    /// Returns the selections that were asked so far, and whether they have the kernel.
    pub fn into_answers(self) -> Vec<(Selection, bool)> {
        self.answers.into_inner()
    }
}

/// An item of a list, and the kernels it is for.
#[derive(Debug, Clone)]
pub struct Conditional<T> {
    /// The item.
    pub value: T,
    /// Kernels that it is for.
    pub kernels: Selection,
}

impl<T> Conditional<T> {
    /// The item, if it is for the kernel.
    pub fn on(&self, kernel: &Circumstances<'_>) -> Option<&T> {
        kernel.allow(&self.kernels).then_some(&self.value)
    }
}

/// The items of a list, each written as a text, or as `{KEY: text, when: {…}}`.
pub(super) fn conditionals<T>(
    node: &Node,
    what: &str,
    record: &'static Record,
    faults: &mut Diagnostics,
    parse: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Vec<Conditional<T>> {
    let items = decode::items(node, what, faults).iter();
    items.filter_map(|item| conditional(item, record, faults, &parse)).collect()
}

/// An item written as a text, or as `{KEY: text, when: {…}}` with the first key of `record`.
pub(super) fn conditional<T>(
    node: &Node,
    record: &'static Record,
    faults: &mut Diagnostics,
    parse: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Option<Conditional<T>> {
    conditional_with(node, record, faults, parse, |_, value, _| value)
}

/// An item like that of [`conditional`], whose record has fields beside these, which `more` takes.
pub(super) fn conditional_with<T>(
    node: &Node,
    record: &'static Record,
    faults: &mut Diagnostics,
    parse: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
    more: impl Fn(&mut Fields<'_>, Option<T>, &mut Diagnostics) -> Option<T>,
) -> Option<Conditional<T>> {
    if node.as_mapping().is_none() {
        return parse(node, faults).map(|value| Conditional { value, kernels: Selection::default() });
    }
    let key = record.fields[0].key;
    let mut fields = Fields::open(record, node, faults)?;
    let value = fields.need(key, &format!("write `{key}: …`"), faults).and_then(|node| parse(node, faults));
    let value = more(&mut fields, value, faults);
    let kernels = Selection::take(&mut fields, faults)?;
    fields.finish(faults);
    value.map(|value| Conditional { value, kernels })
}
