//! Declares records whose fields are all optional: each field once.

/// Declares a struct, its [`Record`](super::schema::Record) and its decoder.
///
/// A field has its name, which is its key; the type of its value; the shape that the schema and the
/// manual show; the manual's words; and a function from the node, the key and the messages to the value.
/// In the struct it is `None` if it is absent or wrong. `overridden_by` lays one value over another.
macro_rules! declare {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $record:ident, $title:literal {
            $($field:ident: $type:ty { takes: $takes:expr, says: $says:literal, decode: $decode:expr $(,)? })*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default)]
        pub struct $name {
            $(#[doc = $says] pub $field: Option<$type>,)*
        }

        pub(super) static $record: $crate::manifest::schema::Record = $crate::manifest::schema::Record {
            name: $title,
            fields: &[
                $($crate::manifest::schema::Field { key: stringify!($field), takes: $takes, says: $says },)*
            ],
        };

        impl $name {
            pub(super) fn decode(node: &kmodgen_yaml::Node, faults: &mut $crate::vocabulary::Diagnostics) -> Self {
                let Some(mut fields) = $crate::manifest::decode::Fields::open(&$record, node, faults) else {
                    return Self::default();
                };
                let decoded = Self {
                    $($field: match fields.take(stringify!($field), faults) {
                        Some(node) => $crate::manifest::decode::field(node, stringify!($field), faults, $decode),
                        None => None,
                    },)*
                };
                fields.finish(faults);
                decoded
            }

            /// Returns this, with what `over` says instead.
            #[must_use]
            pub fn overridden_by(&self, over: &Self) -> Self {
                Self { $($field: over.$field.clone().or_else(|| self.$field.clone()),)* }
            }
        }
    };
}

pub(super) use declare;
