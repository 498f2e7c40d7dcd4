//! Declares records: each field once.

/// Declares a struct, the fields of its [`Record`](super::schema::Record) and their decoder.
///
/// A field has one of three kinds: an `optional` one is `None`, and a `default` one its type's default, if it is
/// absent or wrong; without a `required` one there is no value of the struct. Then come its name; its `key` in the
/// manifest, if that differs; the shape that the schema and the manual show; the manual's words; what to write if
/// it must be there (`advice`); and a function from the node, the key and the messages to the value.
///
/// With a name and a title, the fields are a record of their own. Without, they are a part of several records,
/// which list them with [`joined!`](super::schema::joined). For a struct that is `overridable`, all of whose fields
/// are optional, `overridden_by` lays one value over another.
macro_rules! declare {
    (@type optional $type:ty) => { Option<$type> };
    (@type default $type:ty) => { $type };
    (@type required $type:ty) => { $type };

    (@value optional $value:expr) => { $value };
    (@value default $value:expr) => { $value.unwrap_or_default() };
    (@value required $value:expr) => { $value? };

    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };

    (@take $fields:ident $key:expr, $faults:ident) => { $fields.take($key, $faults) };
    (@take $fields:ident $key:expr, $faults:ident, $advice:literal) => { $fields.need($key, $advice, $faults) };

    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $record:ident, $title:literal { $($declarations:tt)* }
    ) => {
        $crate::manifest::declare::declare! { $(#[$meta])* $vis struct $name { $($declarations)* } }

        pub(super) static $record: $crate::manifest::schema::Record =
            $crate::manifest::schema::Record { name: $title, fields: $name::FIELDS };

        impl $name {
            pub(super) fn decode(
                node: &kmodgen_yaml::Node,
                faults: &mut $crate::vocabulary::Diagnostics,
            ) -> Option<Self> {
                let mut fields = $crate::manifest::decode::Fields::open(&$record, node, faults)?;
                let decoded = Self::take(&mut fields, faults);
                fields.finish(faults);
                decoded
            }
        }
    };

    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $record:ident, $title:literal, overridable {
            $(optional $field:ident: $type:ty { $($declaration:tt)* })*
        }
    ) => {
        $crate::manifest::declare::declare! {
            $(#[$meta])*
            $vis struct $name: $record, $title { $(optional $field: $type { $($declaration)* })* }
        }

        impl $name {
            /// Returns this, with what `over` says instead.
            #[must_use]
            pub fn overridden_by(&self, over: &Self) -> Self {
                Self { $($field: over.$field.clone().or_else(|| self.$field.clone()),)* }
            }
        }
    };

    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($kind:ident $field:ident: $type:ty {
                $(key: $key:literal,)?
                takes: $takes:expr,
                says: $says:literal,
                $(advice: $advice:literal,)?
                decode: $decode:expr $(,)?
            })*
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $(#[doc = $says] $vis $field: $crate::manifest::declare::declare!(@type $kind $type),)*
        }

        impl $name {
            pub(crate) const FIELDS: &[$crate::manifest::schema::Field] = &[
                $($crate::manifest::schema::Field {
                    key: $crate::manifest::declare::declare!(@key $field $($key)?),
                    takes: $takes,
                    says: $says,
                },)*
            ];

            /// Takes the fields of a record that has these among others.
            pub(crate) fn take(
                fields: &mut $crate::manifest::decode::Fields<'_>,
                faults: &mut $crate::vocabulary::Diagnostics,
            ) -> Option<Self> {
                // All at once, so that no field's name hides a function that decodes another.
                let ($($field,)*) = ($({
                    let key = $crate::manifest::declare::declare!(@key $field $($key)?);
                    match $crate::manifest::declare::declare!(@take fields key, faults $(, $advice)?) {
                        Some(node) => $crate::manifest::decode::field(node, key, faults, $decode),
                        None => None,
                    }
                },)*);
                Some(Self { $($field: $crate::manifest::declare::declare!(@value $kind $field),)* })
            }
        }
    };
}

pub(super) use declare;
