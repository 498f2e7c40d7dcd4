//! Entries that a key `<<` adds to a map.

use std::collections::HashSet;
use std::sync::Arc;

use crate::{Entry, Error, ErrorKind, Node, Span, Value};

/// Value of a key `<<`.
pub(crate) struct Merged {
    /// Place of the key.
    pub(crate) key: Span,
    pub(crate) value: Arc<Node>,
}

impl Merged {
    /// Adds the entries whose keys the map does not have. Of several maps, the first one decides.
    ///
    /// YAML says that a key of the map itself decides wherever it stands. Parsers differ on one above the `<<`, so it is
    /// an error.
    pub(crate) fn add_to(self, entries: &mut Vec<Entry>, problems: &mut Vec<Error>) {
        let maps: &[Arc<Node>] = match &self.value.value {
            Value::Sequence(items) => items,
            _ => std::slice::from_ref(&self.value),
        };
        let mut known: HashSet<String> = entries.iter().map(|entry| entry.key.value.clone()).collect();
        let mut added = Vec::new();
        for map in maps {
            let Value::Mapping(others) = &map.value else {
                let message = "the value of `<<` is neither a map nor a list of maps";
                problems.push(Error::new(ErrorKind::MergeKey, message, map.span).help("write an alias of a map"));
                continue;
            };
            for other in others {
                let above =
                    entries.iter().find(|own| own.key.value == other.key.value && own.key.span.start < self.key.start);
                if let Some(own) = above {
                    let message = format!("parsers differ on `{}`, which is above `<<`", own.key.value.escape_debug());
                    let error = Error::new(ErrorKind::MergeKey, message, own.key.span);
                    problems.push(error.help("write `<<` as the first key of the map"));
                }
                if known.insert(other.key.value.clone()) {
                    added.push(other.clone());
                }
            }
        }
        entries.extend(added);
    }
}

#[cfg(test)]
mod tests {
    use crate::{SourceId, read, read_merging};

    /// The entries of `z`.
    fn merged(text: &str) -> Result<Vec<String>, String> {
        let text = format!("x: &x {{a: 1, b: 1}}\ny: &y {{b: 2, c: 2}}\nz: {text}\n");
        let node = read_merging(SourceId(0), &text).map_err(|errors| errors[0].message.clone())?.unwrap();
        let entries = node.get("z").unwrap().as_mapping().unwrap().iter();
        Ok(entries.map(|entry| format!("{} {}", entry.key.value, entry.value.as_scalar().unwrap().text)).collect())
    }

    #[test]
    fn own_keys_and_earlier_maps_decide() {
        assert_eq!(merged("{<<: *x, a: 0}").unwrap(), ["a 0", "b 1"]);
        assert_eq!(merged("{<<: [*x, *y], d: 0}").unwrap(), ["d 0", "a 1", "b 1", "c 2"]);
        assert_eq!(merged("{<<: {k: 1}}").unwrap(), ["k 1"]);
        assert_eq!(merged("{'<<': 1}").unwrap(), ["<< 1"]);
        assert!(merged("{a: 0, <<: *x}").unwrap_err().contains("parsers differ on `a`"));
        assert!(merged("{<<: 1}").unwrap_err().contains("neither a map nor a list of maps"));
        assert!(merged("{<<: *x, <<: *y}").unwrap_err().contains("duplicate key"));
    }

    #[test]
    fn a_manifest_has_no_merge_keys() {
        let errors = read(SourceId(0), "x: &x {a: 1}\ny: {<<: *x}\n").unwrap_err();
        assert!(errors[0].message.contains("merge keys are not supported"), "{errors:?}");
    }

    #[test]
    fn maps_that_grow_by_merging_are_bounded() {
        let mut text = "m0: &m0 {a: 1}\n".to_owned();
        for n in 1..60 {
            let fields: String = (0..4).map(|at| format!("k{at}: *m{}, ", n - 1)).collect();
            text += &format!("m{n}: &m{n} {{<<: *m{}, {fields}x{n}: 1}}\n", n - 1);
        }
        assert!(read_merging(SourceId(0), &text).unwrap_err()[0].message.contains("values"));
    }
}
