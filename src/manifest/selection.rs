//! `kernels` of a module: which of the manifest's kernels it is for.

use kmodgen_yaml::Node;

use super::declare::declare;
use super::decode::{self, Fields};
use super::kernel::Kernel;
use super::schema::{Record, Shape, joined};
use super::traits::Traits;
use super::when::{SHOWN, matches_any, pattern};
use crate::vocabulary::{Bounds, Diagnostics, Pattern};

declare! {
    /// Patterns and versions that limit the kernels of a module.
    #[derive(Default)]
    struct Limits {
        default include: Vec<Rule> {
            takes: Shape::OneOrList(&Shape::TextOr(&RULE)),
            says: "takes kernels that a pattern matches, or one of several",
            decode: |node, _, faults| Some(rules(node, "`include`", faults)),
        }
        default exclude: Vec<Rule> {
            takes: Shape::OneOrList(&Shape::TextOr(&RULE)),
            says: "takes kernels that no pattern matches",
            decode: |node, _, faults| Some(rules(node, "`exclude`", faults)),
        }
        optional min: Bounds {
            takes: Shape::Text,
            says: "takes kernels that are not older than this version",
            decode: decode::parsed(Bounds::at_least),
        }
        optional max: Bounds {
            takes: Shape::Text,
            says: "takes kernels that are not newer than this version",
            decode: decode::parsed(Bounds::at_most),
        }
    }
}

pub(super) static SELECTION: Record =
    Record { name: "`kernels` of a module", fields: joined![Limits::FIELDS, Traits::FIELDS] };

/// Which kernels a module is for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    include: Vec<Rule>,
    exclude: Vec<Rule>,
    traits: Traits,
}

declare! {
    /// A pattern of a list, and why it is there.
    #[derive(Debug, Clone)]
    struct Rule: RULE, "a rule" {
        required pattern: Pattern {
            key: "release",
            takes: Shape::Text,
            says: "the pattern",
            advice: "write `release: PATTERN`",
            decode: |node, _, faults| pattern(node, faults),
        }
        optional reason: String {
            takes: Shape::Text,
            says: "why; `plan` says it of kernels that no module is for",
            decode: decode::parsed(decode::line),
        }
    }
}

/// Decision of whether a module is for a kernel, and if not, by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The module is for the kernel.
    Selected,
    /// The kernel is not included.
    NotIncluded,
    /// The kernel is excluded, for a reason if there is one.
    Excluded(Option<String>),
    /// The kernel is not of the architecture, flavour or version, or has not the labels.
    OtherTraits,
}

impl Selection {
    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Self {
        let Some(mut fields) = Fields::open(&SELECTION, node, faults) else { return Self::default() };
        let Limits { include, exclude, min, max } = Limits::take(&mut fields, faults).unwrap_or_default();
        let mut traits = Traits::take(&mut fields, faults).unwrap_or_default();
        fields.finish(faults);
        min.iter().chain(&max).for_each(|bounds| traits.bounds.narrow(bounds.clone()));
        Self { include, exclude, traits }
    }

    /// The kernels that one of the patterns includes, or all where there is none, that none excludes, and
    /// that are for one of these machines, of one of these flavours and within these bounds.
    pub fn of(
        include: Vec<Pattern>,
        exclude: Vec<Pattern>,
        architectures: Vec<&'static str>,
        flavours: Vec<String>,
        bounds: Bounds,
    ) -> Self {
        let [include, exclude] = [include, exclude]
            .map(|patterns| patterns.into_iter().map(|pattern| Rule { pattern, reason: None }).collect());
        Self { include, exclude, traits: Traits::of(architectures, flavours, bounds) }
    }

    /// Explains why it selects none of `kernels`, and what to write instead; `None` if it selects any.
    pub fn why_none(&self, kernels: &[Kernel]) -> Option<(String, Option<String>)> {
        if kernels.iter().any(|kernel| self.selects(kernel)) {
            return None;
        }
        if kernels.is_empty() {
            return Some(("there are no kernels".into(), Some("list them under `kernels`".into())));
        }
        let releases: Vec<&str> = kernels.iter().map(|kernel| kernel.release.as_str()).collect();
        if !self.include.is_empty() && !matches_any(self.include.iter().map(|rule| &rule.pattern), &releases) {
            let patterns = self.include.iter().map(|rule| format!("`{}`", rule.pattern));
            let patterns = patterns.take(SHOWN).collect::<Vec<_>>().join(", ");
            let meant = self.include.iter().find_map(|rule| rule.pattern.meant(&releases));
            let help = meant.map(|meant| format!("write `include: ['{meant}']`: a pattern is for whole releases"));
            return Some((format!("`include` matches no kernel: {patterns}"), help));
        }
        Some(self.traits.why_none(kernels).unwrap_or_else(|| ("`kernels` leaves none of them".into(), None)))
    }

    /// Returns whether the module is for `kernel`.
    pub fn selects(&self, kernel: &Kernel) -> bool {
        self.choice(kernel) == Choice::Selected
    }

    /// Returns whether the module is for `kernel`, and if not, why.
    pub fn choice(&self, kernel: &Kernel) -> Choice {
        let release = kernel.release.as_str();
        if let Some(rule) = self.exclude.iter().find(|rule| rule.pattern.matches(release)) {
            Choice::Excluded(rule.reason.clone())
        } else if !self.include.is_empty() && !self.include.iter().any(|rule| rule.pattern.matches(release)) {
            Choice::NotIncluded
        } else if !self.traits.are_those_of(kernel) {
            Choice::OtherTraits
        } else {
            Choice::Selected
        }
    }
}

/// One rule, or a list of them: patterns, or `{release: PATTERN, reason: TEXT}`.
fn rules(node: &Node, what: &str, faults: &mut Diagnostics) -> Vec<Rule> {
    if node.as_sequence().is_none() {
        return rule(node, faults).into_iter().collect();
    }
    decode::items(node, what, faults).iter().filter_map(|node| rule(node, faults)).collect()
}

fn rule(node: &Node, faults: &mut Diagnostics) -> Option<Rule> {
    if node.as_mapping().is_none() {
        return pattern(node, faults).map(|pattern| Rule { pattern, reason: None });
    }
    Rule::decode(node, faults)
}
