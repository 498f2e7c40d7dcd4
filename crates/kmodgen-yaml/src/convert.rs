//! From what was read to what is written: parts of the manifest that go into Kubernetes objects
//! as they are.

use crate::{Node, Scalar, Value, Yaml};

impl Node {
    /// The value as a Kubernetes object holds it.
    ///
    /// An unquoted `true`, `false`, null or canonical decimal integer of 64 bits keeps its type.
    /// Everything else is text, so that `1.10`, `on` and `0123` reach the cluster as typed.
    pub fn to_yaml(&self) -> Yaml<'static> {
        match &self.value {
            Value::Scalar(scalar) => scalar.to_yaml(),
            Value::Sequence(items) => Yaml::Seq(items.iter().map(|item| item.to_yaml()).collect()),
            Value::Mapping(entries) => {
                Yaml::Map(entries.iter().map(|entry| (entry.key.value.clone().into(), entry.value.to_yaml())).collect())
            }
        }
    }
}

impl Scalar {
    fn to_yaml(&self) -> Yaml<'static> {
        if self.is_null() {
            Yaml::verbatim("null")
        } else if self.plain && (matches!(self.text.as_str(), "true" | "false") || is_canonical_integer(&self.text)) {
            Yaml::verbatim(self.text.clone())
        } else if self.text.contains('\n') {
            Yaml::block(self.text.clone())
        } else {
            Yaml::text(self.text.clone())
        }
    }
}

/// Returns whether a text is an integer that prints as exactly this text. Larger integers than
/// Kubernetes knows are left out: readers would round them.
fn is_canonical_integer(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}
