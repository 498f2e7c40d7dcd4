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
            says: "only for kernels that meet this condition",
            decode: |node, _, faults| Condition::decode(node, faults),
        }
        default unless: Vec<Exclusion> {
            takes: Shape::OneOrList(&Shape::Record(&EXCLUSION)),
            says: "not for kernels that meet this condition, or one of several, each with a `reason`",
            decode: |node, _, faults| Some(exclusions(node, faults)),
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
    Field { key: "reason", takes: Shape::Text, says: "why; `plan` says it of kernels that no module is for" };

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
        match &self.when {
            Some(when) if !kernels.iter().any(|kernel| when.holds(kernel)) => Some(when.why_none(kernels)),
            _ => Some(("`unless` leaves none of them".into(), None)),
        }
    }
}

/// One exclusion, or a list of them.
fn exclusions(node: &Node, faults: &mut Diagnostics) -> Vec<Exclusion> {
    if node.as_mapping().is_some() {
        return exclusion(node, faults).into_iter().collect();
    }
    decode::items(node, "`unless`", faults).iter().filter_map(|item| exclusion(item, faults)).collect()
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
                .help("say which kernels: `unless: {kernel: PATTERN}`"),
        );
    }
    Some(Exclusion { condition, reason: reason.map(|reason| reason.value) })
}
