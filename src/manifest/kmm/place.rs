//! Places in the fields of KMM, and errors about the values there.

use std::collections::BTreeMap;

use kmodgen_yaml::Node;

use crate::vocabulary::{Diagnostic, Diagnostics, Span};

/// Field that a value is under.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) record: &'static str,
    pub(super) key: &'static str,
    /// Set if the value is an item of the field's list or map.
    pub(super) item: bool,
    /// Set if the value is within one of Kubernetes' own types: a line means the same as in a Pod, and keys keep the
    /// manifest's order.
    pub(super) kubernetes: bool,
}

impl At {
    /// A field of kmodgen's own.
    pub(super) fn own(key: &'static str) -> Self {
        Self { record: "module", key, item: false, kubernetes: false }
    }

    /// Name of the value in messages.
    pub(super) fn name(self) -> String {
        if self.item { format!("an item of `{}`", self.key) } else { format!("`{}`", self.key) }
    }

    /// The value as a line of the manifest, with `text` as its value.
    pub(super) fn line(self, text: &str) -> String {
        if self.item { format!("`{text}`") } else { format!("`{}: {text}`", self.key) }
    }
}

/// Returns the text under a key, if a scalar is there.
pub(super) fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.as_scalar().map(|scalar| scalar.text.as_str())
}

/// Reports a broken rule of KMM, and returns `false`.
pub(super) fn refuse(
    span: Span,
    message: impl Into<String>,
    help: impl Into<String>,
    faults: &mut Diagnostics,
) -> bool {
    faults.push(Diagnostic::error("kmm-rule", message).at(span, "").help(help));
    false
}

/// Reports values that are there twice.
pub(super) fn refuse_repeats<'t>(
    what: &str,
    values: impl Iterator<Item = (&'t str, Span)>,
    faults: &mut Diagnostics,
) -> bool {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    let mut fine = true;
    for (value, span) in values {
        if let Some(first) = seen.get(value) {
            fine = false;
            faults.push(
                Diagnostic::error("repeated", format!("{what} `{}` is given twice", value.escape_debug()))
                    .at(span, "again here")
                    .context(*first, "first here"),
            );
        } else {
            seen.insert(value, span);
        }
    }
    fine
}
