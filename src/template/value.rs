//! Template values as data that another process can read back exactly.

use minijinja::value::{Value, ValueKind};
use serde::{Deserialize, Serialize};

/// A value of a template's context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum WireValue {
    Undefined,
    None,
    Bool(bool),
    Integer(i64),
    /// An integer that only fits without a sign.
    Unsigned(u64),
    Text(String),
    /// A text that prints as it is.
    Safe(String),
    List(Vec<WireValue>),
    Map(Vec<(WireValue, WireValue)>),
}

/// Error of a value of a kind that no context of a template has.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a value of kind {0} cannot be passed to a template")]
pub struct UnsupportedValue(ValueKind);

impl WireValue {
    /// Copies a value.
    ///
    /// # Errors
    /// A kind of value that no context of kmodgen has, such as a function.
    pub fn of(value: &Value) -> Result<Self, UnsupportedValue> {
        let unsupported = UnsupportedValue(value.kind());
        Ok(match value.kind() {
            ValueKind::Undefined => Self::Undefined,
            ValueKind::None => Self::None,
            ValueKind::Bool => Self::Bool(value.is_true()),
            ValueKind::Number if value.is_integer() => match value.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => Self::Unsigned(u64::try_from(value.clone()).map_err(|_| unsupported)?),
            },
            ValueKind::String => {
                let text = value.as_str().ok_or(unsupported)?.to_owned();
                if value.is_safe() { Self::Safe(text) } else { Self::Text(text) }
            }
            ValueKind::Seq => {
                let items = value.try_iter().map_err(|_| unsupported)?;
                Self::List(items.map(|item| Self::of(&item)).collect::<Result<_, _>>()?)
            }
            ValueKind::Map => {
                let mut pairs = Vec::new();
                for key in value.try_iter().map_err(|_| unsupported)? {
                    let item = value.get_item(&key).map_err(|_| unsupported)?;
                    pairs.push((Self::of(&key)?, Self::of(&item)?));
                }
                Self::Map(pairs)
            }
            _ => return Err(unsupported),
        })
    }
}

impl From<WireValue> for Value {
    fn from(wire: WireValue) -> Self {
        match wire {
            WireValue::Undefined => Self::UNDEFINED,
            WireValue::None => Self::from(()),
            WireValue::Bool(truth) => Self::from(truth),
            WireValue::Integer(integer) => Self::from(integer),
            WireValue::Unsigned(integer) => Self::from(integer),
            WireValue::Text(text) => Self::from(text),
            WireValue::Safe(text) => Self::from_safe_string(text),
            WireValue::List(items) => items.into_iter().map(Self::from).collect(),
            WireValue::Map(pairs) => {
                Self::from_pairs(pairs.into_iter().map(|(key, item)| (Self::from(key), Self::from(item))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = WireValue> {
        let leaf = prop_oneof![
            Just(WireValue::Undefined),
            Just(WireValue::None),
            any::<bool>().prop_map(WireValue::Bool),
            any::<i64>().prop_map(WireValue::Integer),
            (i64::MAX as u64 + 1..).prop_map(WireValue::Unsigned),
            any::<String>().prop_map(WireValue::Text),
            any::<String>().prop_map(WireValue::Safe),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let pairs = proptest::collection::btree_map(any::<String>(), inner.clone(), 0..6);
            let maps = pairs.prop_map(|pairs| {
                WireValue::Map(pairs.into_iter().map(|(key, value)| (WireValue::Text(key), value)).collect())
            });
            prop_oneof![proptest::collection::vec(inner, 0..6).prop_map(WireValue::List), maps]
        })
    }

    proptest! {
        #[test]
        fn values_survive_the_copy(value in values()) {
            let json = serde_json::to_vec(&value).unwrap();
            let read: WireValue = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(WireValue::of(&Value::from(read)).unwrap(), value);
        }
    }

    #[test]
    fn functions_and_fractions_are_no_context() {
        assert!(WireValue::of(&Value::from(1.5)).is_err());
        assert!(WireValue::of(&Value::from_function(|| 1)).is_err());
        assert!(WireValue::of(&Value::from_bytes(vec![255])).is_err());
    }
}
