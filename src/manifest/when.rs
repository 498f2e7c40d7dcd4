//! Conditions: to which kernels a thing applies.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::decode::{self, Fields};
use super::kernel::Kernel;
use crate::vocabulary::{Diagnostics, Pattern};
use crate::yaml::Node;

/// A condition on a kernel: every part that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// One of these patterns matches the whole release; no condition where empty.
    releases: Vec<Pattern>,
    /// Each of these labels has exactly this value.
    labels: BTreeMap<String, String>,
}

impl When {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let mut when = Self::default();
        let Some(mut fields) = Fields::open("a condition", node, faults) else { return when };
        if let Some(node) = fields.take("release", faults) {
            when.releases = patterns(node, "`release`", faults);
        }
        if let Some(node) = fields.take("labels", faults) {
            when.labels = labels(node, faults);
        }
        fields.later(&["arch", "flavour", "version", "source"]);
        fields.finish(faults);
        when
    }

    fn holds(&self, kernel: &Kernel) -> bool {
        let release = kernel.release.as_str();
        (self.releases.is_empty() || self.releases.iter().any(|pattern| pattern.matches(release)))
            && has_labels(kernel, &self.labels)
    }
}

/// A kernel that answers conditions, and remembers which: all that is decided under these answers
/// is the same for any other kernel that gives the same ones.
#[derive(Debug)]
pub struct Circumstances<'k> {
    kernel: &'k Kernel,
    answers: RefCell<Vec<Answer>>,
}

/// A condition, and whether it held.
#[derive(Debug, Clone)]
pub struct Answer {
    when: When,
    held: bool,
}

impl<'k> Circumstances<'k> {
    /// Those of `kernel`, before any question.
    pub fn of(kernel: &'k Kernel) -> Self {
        Self { kernel, answers: RefCell::default() }
    }

    /// Whether a condition holds.
    pub fn allow(&self, when: &When) -> bool {
        let held = when.holds(self.kernel);
        self.answers.borrow_mut().push(Answer { when: when.clone(), held });
        held
    }

    /// What was asked so far.
    pub fn into_answers(self) -> Vec<Answer> {
        self.answers.into_inner()
    }
}

impl Answer {
    /// Whether `kernel` gives the same answer.
    pub fn is_that_of(&self, kernel: &Kernel) -> bool {
        self.when.holds(kernel) == self.held
    }
}

/// An item of a list, and the kernels it is for.
#[derive(Debug, Clone)]
pub struct Conditional<T> {
    /// The item.
    pub value: T,
    /// For which kernels; all where `None`.
    pub when: Option<When>,
}

impl<T> Conditional<T> {
    /// The item, if it is for the kernel.
    pub fn on(&self, kernel: &Circumstances<'_>) -> Option<&T> {
        self.when.as_ref().is_none_or(|when| kernel.allow(when)).then_some(&self.value)
    }
}

/// An item written as a text, or as `{KEY: text, when: {...}}`.
pub(super) fn conditional<T>(
    node: &Node,
    key: &'static str,
    faults: &mut Diagnostics,
    parse: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Option<Conditional<T>> {
    if node.as_mapping().is_none() {
        return parse(node, faults).map(|value| Conditional { value, when: None });
    }
    let mut fields = Fields::open("a list item", node, faults)?;
    let value = fields.need(key, &format!("write `{key}: …`"), faults).and_then(|node| parse(node, faults));
    let when = fields.take("when", faults).map(|node| When::decode(node, faults));
    fields.finish(faults);
    value.map(|value| Conditional { value, when })
}

/// Which kernels a module is for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    labels: BTreeMap<String, String>,
}

impl Selection {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let mut selection = Self::default();
        let Some(mut fields) = Fields::open("a module's `kernels`", node, faults) else { return selection };
        if let Some(node) = fields.take("include", faults) {
            selection.include = patterns(node, "`include`", faults);
        }
        if let Some(node) = fields.take("exclude", faults) {
            selection.exclude = patterns(node, "`exclude`", faults);
        }
        if let Some(node) = fields.take("labels", faults) {
            selection.labels = labels(node, faults);
        }
        fields.later(&["min", "max", "arch", "flavour"]);
        fields.finish(faults);
        selection
    }

    /// Whether the module is for `kernel`.
    pub fn selects(&self, kernel: &Kernel) -> bool {
        let release = kernel.release.as_str();
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(release));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude) && has_labels(kernel, &self.labels)
    }
}

fn has_labels(kernel: &Kernel, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| kernel.labels.get(key) == Some(value))
}

/// One pattern, or a list of them.
fn patterns(node: &Node, what: &str, faults: &mut Diagnostics) -> Vec<Pattern> {
    let one = |node: &Node, faults: &mut Diagnostics| decode::text(node, "a pattern", faults, Pattern::parse);
    if node.as_scalar().is_some() {
        return one(node, faults).map(|pattern| pattern.value).into_iter().collect();
    }
    decode::items(node, what, faults).iter().filter_map(|node| one(node, faults)).map(|p| p.value).collect()
}

/// A mapping of label to value.
pub(super) fn labels(node: &Node, faults: &mut Diagnostics) -> BTreeMap<String, String> {
    decode::entries(node, "`labels`", faults)
        .iter()
        .filter_map(|entry| {
            let value = decode::text(&entry.value, "a label's value", faults, decode::line)?;
            Some((entry.key.value.clone(), value.value))
        })
        .collect()
}
