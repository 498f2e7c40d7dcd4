//! Fields in which variables expand, by the schema.

use std::fmt::Write as _;

use super::schema::{Record, Shape, Variables};
use super::variables;
use crate::vocabulary::EXPANDING;

impl Variables {
    /// Their names.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Build | Self::Script => &EXPANDING,
            Self::Kernel => variables::KERNEL,
            Self::Image => variables::IMAGE,
        }
    }

    /// The word for them in the manual.
    fn word(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Script => "script",
            Self::Kernel => "kernel",
            Self::Image => "image",
        }
    }
}

impl Record {
    /// The fields in which variables expand, each with these.
    pub fn expanding(&'static self) -> impl Iterator<Item = (&'static str, Variables)> {
        self.fields.iter().filter_map(|field| Some((field.key, field.takes.variables()?)))
    }

    /// The manual's table of the fields in which variables expand, of all records that this one leads to.
    pub fn table_of_variables(&'static self) -> String {
        let mut table = String::from("| in | fields | variables |\n| --- | --- | --- |\n");
        for record in self.all() {
            for variables in [Variables::Build, Variables::Script, Variables::Kernel, Variables::Image] {
                let expanding = record.expanding().filter(|(_, own)| *own == variables);
                let fields: Vec<String> = expanding.map(|(key, _)| format!("`{key}`")).collect();
                if !fields.is_empty() {
                    let _ = writeln!(table, "| {} | {} | {} |", record.name, fields.join(", "), variables.word());
                }
            }
        }
        table
    }

    /// The fields in which a variable expands, for messages: their keys, with their record if the key means something
    /// else in others.
    pub(super) fn places_of(&'static self, variable: &str) -> String {
        let records = self.all();
        let mut places: Vec<String> = Vec::new();
        for record in &records {
            for (key, _) in record.expanding().filter(|(_, variables)| variables.names().contains(&variable)) {
                let others: Vec<_> = records.iter().filter(|other| other.field(key).is_some()).collect();
                let expanding = others.iter().filter(|other| other.expanding().any(|(other, _)| other == key)).count();
                let place = match (expanding, others.len()) {
                    (1, 2..) => format!("`{key}` of {}", record.name),
                    _ => format!("`{key}`"),
                };
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places.join(", ")
    }
}

impl Shape {
    /// The variables that expand in its texts.
    fn variables(&'static self) -> Option<Variables> {
        match self {
            Self::Expanding(variables) => Some(*variables),
            Self::List(inner) | Self::OneOrList(inner) | Self::Named(inner) => inner.variables(),
            _ => None,
        }
    }
}
