//! Types of everything that a Module's spec can hold, as KMM's CustomResourceDefinitions have them.
//!
//! `structure.txt` is written from these by `.ci/crd-table`.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The records of the table, by name.
#[derive(Debug)]
pub(super) struct Structure(HashMap<&'static str, Vec<Field>>);

/// One field of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) required: bool,
    pub(super) takes: Type,
}

/// Type of a value.
#[derive(Debug, PartialEq)]
pub(super) enum Type {
    String,
    Boolean,
    /// Integer from the first to the second.
    Integer(i64, i64),
    /// Amount such as `1500m`, `2Gi` or 3.
    Quantity,
    /// Map with any content, which the API server keeps as it is.
    Any,
    List {
        of: Box<Type>,
        least: usize,
        most: usize,
        /// Key of the items' that no two of them share.
        unique: Option<&'static str>,
    },
    Map(Box<Type>),
    /// Record of that name.
    Record(&'static str),
}

/// The whole table.
pub(super) fn structure() -> &'static Structure {
    static TABLE: OnceLock<Structure> = OnceLock::new();
    TABLE.get_or_init(|| Structure::parse(include_str!("structure.txt")))
}

impl Structure {
    /// Parses the table, which a test proves to be well formed.
    fn parse(text: &'static str) -> Self {
        let mut records: HashMap<&'static str, Vec<Field>> = HashMap::new();
        let mut name = "";
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') && line.ends_with(']') {
                name = line.trim_matches(['[', ']']);
                records.insert(name, Vec::new());
            } else if let Some((key, takes)) = line.split_once(' ') {
                let required = key.ends_with('!');
                let field = Field { key: key.trim_end_matches('!'), required, takes: Type::parse(takes) };
                records.entry(name).or_default().push(field);
            }
        }
        Self(records)
    }

    /// The fields of a record.
    pub(super) fn fields(&self, record: &str) -> &[Field] {
        debug_assert!(self.0.contains_key(record), "no record `{record}`");
        self.0.get(record).map_or(&[], Vec::as_slice)
    }

    /// One field of a record.
    pub(super) fn field(&self, record: &str, key: &str) -> Option<&Field> {
        self.fields(record).iter().find(|field| field.key == key)
    }
}

impl Type {
    fn parse(text: &'static str) -> Self {
        let (text, options) = text.split_once(' ').unwrap_or((text, ""));
        match text {
            // Patterns are repeated by rules on the values, with messages of their own.
            "string" => Self::String,
            "boolean" => Self::Boolean,
            "int32" => Self::Integer(i32::MIN.into(), i32::MAX.into()),
            "int64" | "integer" => Self::Integer(i64::MIN, i64::MAX),
            "quantity" => Self::Quantity,
            "any" => Self::Any,
            _ => match (text.strip_prefix('['), text.strip_prefix('{')) {
                (Some(of), _) => Self::list(of.trim_end_matches(']'), options),
                (_, Some(of)) => Self::Map(Box::new(Self::parse(of.trim_end_matches('}')))),
                _ => Self::Record(text),
            },
        }
    }

    fn list(of: &'static str, options: &'static str) -> Self {
        let limits = options.split(' ').find_map(|option| option.split_once("..")).unwrap_or_default();
        let unique = options.split(' ').find_map(|option| option.strip_prefix("unique="));
        Self::List {
            of: Box::new(Self::parse(of)),
            least: limits.0.parse().unwrap_or(0),
            most: limits.1.parse().unwrap_or(usize::MAX),
            unique,
        }
    }

    /// Name of the record that it is, or is a list of.
    pub(super) fn record(&self) -> Option<&'static str> {
        match self {
            Self::Record(name) => Some(name),
            Self::List { of, .. } => of.record(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let table = structure();
        assert!(table.0.len() > 80, "{}", table.0.len());
        for (name, fields) in &table.0 {
            for field in fields {
                let record = field.takes.record();
                assert!(record.is_none_or(|record| table.0.contains_key(record)), "{name}.{}: {record:?}", field.key);
            }
        }
    }

    fn field(record: &str, key: &str) -> &'static Field {
        structure().field(record, key).unwrap()
    }

    #[test]
    fn types_are_those_of_the_definitions() {
        assert!(field("container", "image").required && field("container", "image").takes == Type::String);
        assert_eq!(field("volumes", "hostPath").takes, Type::Record("hostPath"));
        assert_eq!(field("resources", "limits").takes, Type::Map(Box::new(Type::Quantity)));
        assert_eq!(field("configMap", "defaultMode").takes, Type::Integer(-2_147_483_648, 2_147_483_647));
        assert!(matches!(field("modprobe", "args").takes, Type::Record("args")));
        assert!(matches!(field("args", "load").takes, Type::List { least: 1, most: usize::MAX, unique: None, .. }));
        assert!(matches!(field("deviceClasses", "config").takes, Type::List { least: 0, most: 32, .. }));
        assert!(matches!(field("resources", "claims").takes, Type::List { unique: Some("name"), .. }));
    }
}
