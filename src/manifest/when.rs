//! Conditions: to which kernels a thing applies.

use std::cell::RefCell;

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use super::kernel::Kernel;
use super::schema::{Field, Record, Shape, joined};
use super::traits::Traits;
use crate::vocabulary::{Diagnostics, Pattern};

/// A condition on a kernel: every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct When {
    /// One of these patterns matches the whole release; no condition where empty.
    releases: Vec<Pattern>,
    traits: Traits,
}

const RELEASE: Field = Field {
    key: "release",
    takes: Shape::OneOrList(&Shape::Text),
    says: "the pattern, or one of several, matches the release",
};

pub(crate) static WHEN: Record = Record { name: "a condition", fields: joined![&[RELEASE], Traits::FIELDS] };

impl When {
    pub(crate) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let mut when = Self::default();
        let Some(mut fields) = Fields::open(&WHEN, node, faults) else { return when };
        if let Some(node) = fields.take("release", faults) {
            when.releases = patterns(node, "`release`", faults);
        }
        when.traits = Traits::take(&mut fields, faults).unwrap_or_default();
        fields.finish(faults);
        when
    }

    /// Explains why it holds for none of `kernels`, and what to write instead, if that can be told.
    pub(super) fn why_none(&self, kernels: &[Kernel]) -> (String, Option<String>) {
        let releases: Vec<&str> = kernels.iter().map(|kernel| kernel.release.as_str()).collect();
        if !self.releases.is_empty() && !matches_any(&self.releases, &releases) {
            let patterns: Vec<String> =
                self.releases.iter().take(SHOWN).map(|pattern| format!("`{pattern}`")).collect();
            let meant = self.releases.iter().find_map(|pattern| pattern.meant(&releases));
            let help = meant.map(|meant| format!("write `release: '{meant}'`: a pattern is for whole releases"));
            return (format!("no release matches {}", patterns.join(", ")), help);
        }
        self.traits.why_none(kernels).unwrap_or_else(|| ("none has all that it asks for".into(), None))
    }

    /// Checks if every part holds for a kernel.
    pub fn holds(&self, kernel: &Kernel) -> bool {
        let release = kernel.release.as_str();
        (self.releases.is_empty() || self.releases.iter().any(|pattern| pattern.matches(release)))
            && self.traits.are_those_of(kernel)
    }
}

/// A kernel that answers conditions, and remembers which: all that is decided under these answers
/// is the same for any other kernel that gives the same ones.
#[derive(Debug)]
pub struct Circumstances<'k> {
    kernel: &'k Kernel,
    answers: RefCell<Vec<(When, bool)>>,
}

impl<'k> Circumstances<'k> {
    /// Returns the circumstances of `kernel`, before any question.
    pub fn of(kernel: &'k Kernel) -> Self {
        Self { kernel, answers: RefCell::default() }
    }

    /// Returns whether a condition holds, and records the answer.
    pub fn allow(&self, when: &When) -> bool {
        let held = when.holds(self.kernel);
        self.answers.borrow_mut().push((when.clone(), held));
        held
    }

    /// The items of a list that are for the kernel.
    pub fn choose<T: Clone>(&self, list: &[Conditional<T>]) -> Vec<T> {
        list.iter().filter_map(|item| item.on(self)).cloned().collect()
    }

    /// Returns the conditions so far, and whether they held.
    pub fn into_answers(self) -> Vec<(When, bool)> {
        self.answers.into_inner()
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

/// The items of a list, each written as a text, or as `{KEY: text, when: {...}}`.
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

/// An item written as a text, or as `{KEY: text, when: {...}}` with the first key of `record`.
pub(super) fn conditional<T>(
    node: &Node,
    record: &'static Record,
    faults: &mut Diagnostics,
    parse: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Option<Conditional<T>> {
    if node.as_mapping().is_none() {
        return parse(node, faults).map(|value| Conditional { value, when: None });
    }
    let key = record.fields[0].key;
    let mut fields = Fields::open(record, node, faults)?;
    let value = fields.need(key, &format!("write `{key}: …`"), faults).and_then(|node| parse(node, faults));
    let when = fields.take("when", faults).map(|node| When::decode(node, faults));
    fields.finish(faults);
    value.map(|value| Conditional { value, when })
}

/// Maximum number of patterns in a message.
pub(super) const SHOWN: usize = 3;

/// Checks if one of the patterns matches one of the releases.
pub(super) fn matches_any<'p>(patterns: impl IntoIterator<Item = &'p Pattern>, releases: &[&str]) -> bool {
    patterns.into_iter().any(|pattern| releases.iter().any(|release| pattern.matches(release)))
}

/// One pattern, or a list of them.
fn patterns(node: &Node, what: &str, faults: &mut Diagnostics) -> Vec<Pattern> {
    if node.as_scalar().is_some() {
        return pattern(node, faults).into_iter().collect();
    }
    decode::items(node, what, faults).iter().filter_map(|node| pattern(node, faults)).collect()
}

pub(super) fn pattern(node: &Node, faults: &mut Diagnostics) -> Option<Pattern> {
    decode::pattern(node, "a pattern", faults, Pattern::parse).map(|pattern| pattern.value)
}
