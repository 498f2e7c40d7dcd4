//! Conditions on kernels.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use super::declare::declare;
use super::decode;
use super::kernel::Kernel;
use super::schema::Shape;
use crate::vocabulary::{Bounds, Diagnostics, Invalid, Pattern, architecture, architectures, nearest, quoted_list};

declare! {
    /// A condition on a kernel: every part that is given must hold.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
    pub struct Condition: CONDITION, "a condition" {
        default releases: Vec<Pattern> {
            key: "kernel",
            takes: Shape::OneOrList(&Shape::Text),
            says: "the pattern, or one of several, matches the kernel release",
            decode: |node, _, faults| Some(patterns(node, faults)),
        }
        default labels: BTreeMap<String, String> {
            takes: Shape::TextMap,
            says: "the kernel has all these labels",
            decode: |node, _, faults| Some(decode::labels(node, faults)),
        }
        default architectures: Vec<&'static str> {
            key: "arch",
            takes: Shape::OneOrList(&Shape::Text),
            says: "the kernel has this architecture, or one of several: `x86_64`, `aarch64`, `ppc64le`, `s390x`, …",
            decode: |node, _, faults| Some(texts(node, "`arch`", faults, known_architecture)),
        }
        default flavours: Vec<String> {
            key: "flavour",
            takes: Shape::OneOrList(&Shape::Text),
            says: "the kernel has this flavour, or one of several",
            decode: |node, _, faults| Some(texts(node, "`flavour`", faults, decode::line)),
        }
        default bounds: Bounds {
            key: "kernelVersion",
            takes: Shape::Text,
            says: "all comparisons are true, as in `\">=5.14, <6\"`: `<`, `<=`, `=`, `!=`, `>=`, `>`",
            decode: decode::parsed(Bounds::parse),
        }
    }
}

/// Maximum number of patterns in a message.
const SHOWN: usize = 3;

impl Condition {
    /// Explains why it holds for none of `kernels`, and what to write instead, if that can be told.
    pub(super) fn why_none(&self, kernels: &[Kernel]) -> (String, Option<String>) {
        let releases: Vec<&str> = kernels.iter().map(|kernel| kernel.release.as_str()).collect();
        let matches = |pattern: &Pattern| releases.iter().any(|release| pattern.matches(release));
        if !self.releases.is_empty() && !self.releases.iter().any(matches) {
            let shown: Vec<String> = self.releases.iter().take(SHOWN).map(|pattern| format!("`{pattern}`")).collect();
            let meant = self.releases.iter().find_map(|pattern| pattern.meant(&releases));
            let help = meant.map(|meant| format!("write `kernel: '{meant}'`: a pattern must match the whole release"));
            return (format!("no kernel release matches {}", shown.join(", ")), help);
        }
        self.unmet_part(kernels).unwrap_or_else(|| ("no kernel meets all parts of the condition".into(), None))
    }

    /// Finds a part that holds for none of `kernels`, and the nearest value that one of them has.
    fn unmet_part(&self, kernels: &[Kernel]) -> Option<(String, Option<String>)> {
        for (key, value) in &self.labels {
            let values: Vec<&str> =
                kernels.iter().filter_map(|kernel| kernel.labels.get(key).map(String::as_str)).collect();
            if values.contains(&value.as_str()) {
                continue;
            }
            let help = match nearest(value, values.iter().copied()) {
                Some(near) => Some(format!("did you mean `{key}: {near}`?")),
                None => nearest(key, kernels.iter().flat_map(|kernel| kernel.labels.keys()).map(String::as_str))
                    .filter(|near| near != key)
                    .map(|near| format!("did you mean the label `{near}`?")),
            };
            return Some((format!("no kernel has the label `{key}: {value}`"), help));
        }
        if let Some(first) = self.flavours.first()
            && !kernels.iter().any(|kernel| self.names_flavour_of(kernel))
        {
            let there: Vec<String> = kernels.iter().map(Kernel::flavour).collect();
            let near =
                nearest(first, there.iter().map(String::as_str)).map(|near| format!("did you mean `flavour: {near}`?"));
            return Some((format!("no kernel has the flavour `{first}`"), near));
        }
        match self.architectures.first() {
            Some(first) if !kernels.iter().any(|kernel| self.names_architecture_of(kernel)) => {
                Some((format!("no kernel has the architecture `{first}`"), None))
            }
            _ if kernels.iter().any(|kernel| self.bounds.hold(kernel.release.as_str())) => None,
            _ => Some(("no kernel has the version".into(), None)),
        }
    }

    /// Returns whether every part holds for a kernel.
    pub(super) fn holds(&self, kernel: &Kernel) -> bool {
        let release = kernel.release.as_str();
        (self.releases.is_empty() || self.releases.iter().any(|pattern| pattern.matches(release)))
            && self.labels.iter().all(|(key, value)| kernel.labels.get(key) == Some(value))
            && (self.architectures.is_empty() || self.names_architecture_of(kernel))
            && (self.flavours.is_empty() || self.names_flavour_of(kernel))
            && self.bounds.hold(release)
    }

    fn names_architecture_of(&self, kernel: &Kernel) -> bool {
        kernel.architecture().is_some_and(|arch| self.architectures.contains(&arch))
    }

    fn names_flavour_of(&self, kernel: &Kernel) -> bool {
        self.flavours.contains(&kernel.flavour())
    }
}

/// The architecture as `uname -m` prints it, of a name that a person wrote.
///
/// # Errors
/// A name that no distribution has for one.
pub fn known_architecture(text: &str) -> Result<&'static str, Invalid> {
    architecture(text).ok_or_else(|| {
        let known: Vec<&str> = architectures().collect();
        Invalid::new(format!("`{}` is not an architecture", text.escape_debug()))
            .help(format!("write one of {}", quoted_list(&known)))
    })
}

/// One text, or a list of them.
fn texts<T>(node: &Node, what: &str, faults: &mut Diagnostics, parse: impl Fn(&str) -> Result<T, Invalid>) -> Vec<T> {
    decode::one_or_list(node, node.as_scalar().is_some(), what, faults, |node, faults| {
        decode::text(node, what, faults, &parse).map(|text| text.value)
    })
}

/// One pattern, or a list of them.
fn patterns(node: &Node, faults: &mut Diagnostics) -> Vec<Pattern> {
    decode::one_or_list(node, node.as_scalar().is_some(), "`kernel`", faults, |node, faults| {
        decode::pattern(node, "a pattern", faults, Pattern::parse).map(|pattern| pattern.value)
    })
}
