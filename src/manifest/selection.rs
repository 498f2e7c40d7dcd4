//! Selections of kernels: the ones that a module, an override, a step or an item is for.

use kmodgen_yaml::Node;

use super::condition::{CONDITION, Condition};
use super::declare::declare;
use super::decode::{self, Fields};
use super::kernel::Kernel;
use super::schema::{Field, Record, Shape, joined};
use crate::vocabulary::{Bounds, Diagnostic, Diagnostics, Pattern};

declare! {
    /// Kernels that meet a condition, without those that are excluded; all if nothing is given.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
    pub struct Selection {
        optional when: Condition {
            takes: Shape::Record(&CONDITION),
            says: "only for kernels that match this condition",
            // A wrong condition is one all the same: an item with it is not for all kernels.
            decode: |node, _, faults| Some(Condition::decode(node, faults).unwrap_or_default()),
        }
        default unless: Vec<Exclusion> {
            takes: Shape::OneOrList(&Shape::Record(&EXCLUSION)),
            says: "not for kernels that match this condition, or one of several, each with a `reason`",
            decode: |node, key, faults| {
                let is_one = node.as_mapping().is_some();
                Some(decode::one_or_list(node, is_one, &format!("`{key}`"), faults, exclusion))
            },
        }
    }
}

/// A condition on kernels that are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Exclusion {
    condition: Condition,
    /// Why they are left out.
    reason: Option<String>,
}

const REASON: Field =
    Field { key: "reason", takes: Shape::Text, says: "the reason, which `plan` prints for kernels without a module" };

static EXCLUSION: Record = Record { name: "an exclusion", fields: joined![Condition::FIELDS, &[REASON]] };

impl Selection {
    /// Selects kernels that one of the patterns includes, or all if there is none, that none excludes, and that are for
    /// one of these architectures, of one of these flavours and within these bounds.
    pub fn of(
        include: Vec<Pattern>,
        exclude: Vec<Pattern>,
        architectures: Vec<&'static str>,
        flavours: Vec<String>,
        bounds: Bounds,
    ) -> Self {
        let when = Condition { releases: include, architectures, flavours, bounds, ..Condition::default() };
        let excluded = Condition { releases: exclude, ..Condition::default() };
        let unless = (!excluded.releases.is_empty()).then_some(Exclusion { condition: excluded, reason: None });
        Self { when: Some(when), unless: unless.into_iter().collect() }
    }

    /// Returns whether it selects every kernel.
    pub fn is_all(&self) -> bool {
        self.when.is_none() && self.unless.is_empty()
    }

    /// Returns whether it selects `kernel`.
    pub fn selects(&self, kernel: &Kernel) -> bool {
        self.when.as_ref().is_none_or(|when| when.holds(kernel)) && self.exclusion(kernel).is_none()
    }

    /// Returns the reason why it excludes `kernel`, if the manifest gives one.
    pub fn reason_against(&self, kernel: &Kernel) -> Option<&str> {
        self.exclusion(kernel)?.reason.as_deref()
    }

    fn exclusion(&self, kernel: &Kernel) -> Option<&Exclusion> {
        self.unless.iter().find(|exclusion| exclusion.condition.holds(kernel))
    }

    /// Explains why it selects none of `kernels`, and what to write instead; `None` if it selects any.
    pub fn why_none(&self, kernels: &[Kernel]) -> Option<(String, Option<String>)> {
        if kernels.iter().any(|kernel| self.selects(kernel)) {
            return None;
        }
        if kernels.is_empty() {
            return Some(("there are no kernels".into(), Some("list them under `kernels`".into())));
        }
        Some(self.why_unmet(kernels))
    }

    /// Explains what keeps it from selecting any of `kernels`, of which it selects none.
    pub(super) fn why_unmet(&self, kernels: &[Kernel]) -> (String, Option<String>) {
        match &self.when {
            Some(when) if !kernels.iter().any(|kernel| when.holds(kernel)) => when.why_none(kernels),
            _ => ("`unless` leaves none of them".into(), None),
        }
    }
}

fn exclusion(node: &Node, faults: &mut Diagnostics) -> Option<Exclusion> {
    let mut fields = Fields::open(&EXCLUSION, node, faults)?;
    let condition = Condition::take(&mut fields, faults)?;
    let reason = fields.take("reason", faults);
    let reason = reason.and_then(|node| decode::text(node, "`reason`", faults, decode::line));
    fields.finish(faults);
    let entries = node.as_mapping().unwrap_or_default();
    if entries.iter().all(|entry| entry.key.value == "reason") {
        faults.push(
            Diagnostic::error("empty-condition", "this excludes every kernel")
                .at(node.span, "")
                .help("select the kernels: `unless: {kernel: PATTERN}`"),
        );
    }
    Some(Exclusion { condition, reason: reason.map(|reason| reason.value) })
}
