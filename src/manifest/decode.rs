//! Taking a YAML node apart field by field, noting every fault and going on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::renamed::renamed;
use super::schema::Record;
pub(crate) use super::wrong_kind::{Kind, flow, wrong_kind};
use kmodgen_yaml::{Entry, Node, Value};

use crate::contract::dockerfile::is_garbled;
use crate::vocabulary::{
    Diagnostic, Diagnostics, FILE_LOGIN, GIT_LOGIN, Invalid, PUBLISH_LOGIN, Pattern, Span, Spanned, is_secret_name,
    nearest, refuse_secrets,
};

/// The fields of one mapping. Each is taken once; what is left over at the end is unknown.
pub(crate) struct Fields<'n> {
    record: &'static Record,
    span: Span,
    entries: &'n [Entry],
    /// The keys that were asked for, and those of them that only a message is for.
    asked: Vec<&'static str>,
    later: Vec<&'static str>,
    missing: Vec<(&'static str, Diagnostic)>,
}

impl<'n> Fields<'n> {
    /// Opens a mapping with the fields of `record`.
    pub(crate) fn open(record: &'static Record, node: &'n Node, faults: &mut Diagnostics) -> Option<Self> {
        let Some(entries) = node.as_mapping() else {
            faults.push(wrong_kind(node, record.name, Kind::Record(record)));
            return None;
        };
        let asked = Vec::with_capacity(record.fields.len());
        Some(Self { record, span: node.span, entries, asked, later: vec![], missing: vec![] })
    }

    /// Returns the start of the map.
    pub(crate) fn start(&self) -> Span {
        self.span.at_start()
    }

    /// Returns whether a key is there, whatever its value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key.value == key)
    }

    /// The value under `key`, if it is there. A key without a value is a fault.
    pub(crate) fn take(&mut self, key: &'static str, faults: &mut Diagnostics) -> Option<&'n Arc<Node>> {
        debug_assert!(self.record.field(key).is_some(), "{} has no `{key}`", self.record.name);
        Some(&self.take_refused(key, faults)?.value)
    }

    /// The entry of a key that is no field, for a message that says what to write instead.
    pub(crate) fn take_refused(&mut self, key: &'static str, faults: &mut Diagnostics) -> Option<&'n Entry> {
        self.asked.push(key);
        let entry = self.entries.iter().find(|entry| entry.key.value == key)?;
        if entry.value.is_null() {
            faults.push(
                Diagnostic::error("no-value", format!("`{key}` has no value"))
                    .at(entry.key.span, "")
                    .help("write a value, or remove the key"),
            );
            return None;
        }
        Some(entry)
    }

    /// The value under a key that must be there; `advice` says what to write.
    pub(crate) fn need(&mut self, key: &'static str, advice: &str, faults: &mut Diagnostics) -> Option<&'n Arc<Node>> {
        if !self.has(key) {
            let fault = Diagnostic::error("missing-key", format!("{} has no `{key}`", self.record.name))
                .at(self.start(), "")
                .help(advice);
            self.missing.push((key, fault));
        }
        self.take(key, faults)
    }

    /// Reports `fault` unless `key`, or a misspelling of it, is there.
    pub(crate) fn lacks(&mut self, key: &'static str, fault: Diagnostic) {
        self.missing.push((key, fault));
    }

    /// Names fields of the vocabulary that this version does not build yet.
    pub(crate) fn later(&mut self, keys: &[&'static str]) {
        self.later.extend(keys);
    }

    /// Reports what was not taken, and what was needed and is not there.
    pub(crate) fn finish(mut self, faults: &mut Diagnostics) {
        let record = self.record;
        debug_assert!(record.keys().all(|key| self.asked.contains(&key)), "{}: {:?}", record.name, self.asked);
        for Entry { key, value } in self.entries {
            let name = key.value.as_str();
            if self.asked.contains(&name) {
                continue;
            }
            if self.later.contains(&name) {
                faults.push(
                    Diagnostic::error("not-built-yet", format!("`{name}` is not built yet in this version of kmodgen"))
                        .at(key.span, "")
                        .help(format!("{} takes {}", record.name, record.quoted_keys())),
                );
                continue;
            }
            let candidates = record.keys().chain(self.later.iter().copied());
            let fault =
                Diagnostic::error("unknown-key", format!("{} has no key `{}`", record.name, name.escape_debug()))
                    .at(key.span, "");
            let is_secret = is_secret_name(name) && value.as_scalar().is_some();
            let fault = if is_secret { fault.hide(value.span) } else { fault };
            faults.push(match renamed(record, name).or_else(|| nearest(name, candidates)) {
                Some(near) => {
                    // What is misspelt is not missing as well.
                    self.missing.retain(|(key, _)| *key != near);
                    fault.help(format!("did you mean `{near}`?"))
                }
                None => fault.help(format!("it takes {}", record.quoted_keys())),
            });
        }
        faults.extend(self.missing.into_iter().map(|(_, fault)| fault));
    }
}

/// Checks if `key` is, or may be, among the keys of a map: if what is written there, or a misspelling of the key,
/// is an error of its own, a message about an absent key would be caused by it.
pub(crate) fn may_have(node: &Node, record: &'static Record, key: &str) -> bool {
    let Some(entries) = node.as_mapping() else { return true };
    entries.iter().any(|entry| {
        let written = entry.key.value.as_str();
        let meant = || renamed(record, written).or_else(|| nearest(written, record.keys()));
        written == key || (record.field(written).is_none() && meant() == Some(key))
    })
}

/// A pattern, whose size counts with that of the others.
pub(crate) fn pattern(
    node: &Node,
    what: &str,
    faults: &mut Diagnostics,
    parse: impl Fn(&str) -> Result<Pattern, Invalid>,
) -> Option<Spanned<Pattern>> {
    let pattern = text(node, what, faults, parse)?;
    faults.count_pattern(&pattern.value, pattern.span);
    Some(pattern)
}

/// A text, parsed.
pub(crate) fn text<T>(
    node: &Node,
    what: &str,
    faults: &mut Diagnostics,
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> Option<Spanned<T>> {
    let Some(scalar) = node.as_scalar() else {
        faults.push(wrong_kind(node, what, Kind::String));
        return None;
    };
    if let Err(secret) = refuse_secrets(&scalar.text, place_of_secret(what)) {
        faults.push(Diagnostic::invalid("secret", node.span, secret));
        return None;
    }
    match parse(&scalar.text) {
        Ok(value) => Some(Spanned::new(value, node.span)),
        Err(invalid) => {
            faults.push(Diagnostic::invalid("invalid-value", node.span, invalid));
            None
        }
    }
}

/// Decodes the value of a field.
pub(crate) fn field<T>(
    node: &Arc<Node>,
    key: &str,
    faults: &mut Diagnostics,
    decode: impl FnOnce(&Arc<Node>, &str, &mut Diagnostics) -> Option<T>,
) -> Option<T> {
    decode(node, key, faults)
}

/// Returns a decoder of fields that parses a string and keeps its place.
pub(crate) fn placed<T>(
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> impl FnOnce(&Arc<Node>, &str, &mut Diagnostics) -> Option<Spanned<T>> {
    move |node, key, faults| text(node, &format!("`{key}`"), faults, parse)
}

/// Returns a decoder of fields that parses a string.
pub(crate) fn parsed<T>(
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> impl FnOnce(&Arc<Node>, &str, &mut Diagnostics) -> Option<T> {
    move |node, key, faults| Some(placed(parse)(node, key, faults)?.value)
}

/// Returns a decoder of fields that parses a string, which messages call `what`.
pub(crate) fn noun<T>(
    what: &str,
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> impl FnOnce(&Arc<Node>, &str, &mut Diagnostics) -> Option<Spanned<T>> {
    move |node, _, faults| text(node, what, faults, parse)
}

/// Keeps the value of a field as it is written, to be decoded as another field.
pub(crate) fn later(node: &Arc<Node>, _key: &str, _faults: &mut Diagnostics) -> Option<Arc<Node>> {
    Some(node.clone())
}

/// Returns advice on the right place for the secret in the value of `what`.
fn place_of_secret(what: &str) -> &'static str {
    match what {
        "`git`" => GIT_LOGIN,
        "`archive`" | "`rpm`" | "`deb`" => FILE_LOGIN,
        "`repo`" => PUBLISH_LOGIN,
        _ => {
            "to use a Kubernetes secret, write its name: `secret` of a source, or `build.secrets` of `moduleSpec.moduleLoader.container`"
        }
    }
}

/// Reports every string below `node` that holds a secret, for values that are decoded no further.
pub(crate) fn refuse_secrets_below(node: &Node, faults: &mut Diagnostics) {
    match &node.value {
        Value::Scalar(_) => drop(text(node, "this", faults, |_| Ok(()))),
        Value::Sequence(items) => items.iter().for_each(|item| refuse_secrets_below(item, faults)),
        Value::Mapping(entries) => entries.iter().for_each(|entry| refuse_secrets_below(&entry.value, faults)),
    }
}

/// `true` or `false`, unquoted, under a key.
pub(crate) fn flag(node: &Arc<Node>, key: &str, faults: &mut Diagnostics) -> Option<bool> {
    match node.as_scalar().filter(|scalar| scalar.plain).map(|scalar| scalar.text.as_str()) {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => {
            faults.push(wrong_kind(node, &format!("`{key}`"), Kind::Boolean));
            None
        }
    }
}

/// Free text on one line: no control characters, which no field of a build can carry.
pub(crate) fn line(text: &str) -> Result<String, Invalid> {
    match text.chars().find(|c| *c == '\t' || is_garbled(*c)) {
        Some(bad) => Err(Invalid::new(format!("the value `{}` contains {bad:?}", text.escape_debug()))
            .help("write it on one line, without control characters")),
        None => Ok(text.to_owned()),
    }
}

/// Checks that a text has no characters but ASCII letters, digits and `signs`.
pub(crate) fn has_only(text: &str, signs: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

/// Checks that a text has no other characters, and `signs` at neither end.
pub(crate) fn has_only_within(text: &str, signs: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && has_only(text, signs)
}

/// Decodes strings by names of the user's choice.
pub(crate) fn named(
    node: &Node,
    key: &str,
    faults: &mut Diagnostics,
    check_name: impl Fn(&str) -> Result<(), Invalid>,
    check_value: impl Fn(&str) -> Result<String, Invalid>,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for entry in entries(node, &format!("`{key}`"), faults) {
        if let Err(invalid) = check_name(&entry.key.value) {
            faults.push(Diagnostic::invalid("invalid-value", entry.key.span, invalid));
        } else if let Some(value) = text(&entry.value, &format!("a value of `{key}`"), faults, &check_value) {
            variables.insert(entry.key.value.clone(), value.value);
        }
    }
    variables
}

/// The items of a list.
pub(crate) fn items<'n>(node: &'n Node, what: &str, faults: &mut Diagnostics) -> &'n [Arc<Node>] {
    node.as_sequence().unwrap_or_else(|| {
        faults.push(wrong_kind(node, what, Kind::List));
        &[]
    })
}

/// Decodes one item, if `is_one`, or the items of a list.
pub(crate) fn one_or_list<T>(
    node: &Node,
    is_one: bool,
    what: &str,
    faults: &mut Diagnostics,
    decode: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Vec<T> {
    if is_one {
        return decode(node, faults).into_iter().collect();
    }
    items(node, what, faults).iter().filter_map(|node| decode(node, faults)).collect()
}

/// The entries of a mapping whose keys the user chooses.
pub(crate) fn entries<'n>(node: &'n Node, what: &str, faults: &mut Diagnostics) -> &'n [Entry] {
    let entries = node.as_mapping().unwrap_or_else(|| {
        faults.push(wrong_kind(node, what, Kind::Map));
        &[]
    });
    for Entry { key, .. } in entries {
        if let Err(secret) = refuse_secrets(&key.value, place_of_secret(what)) {
            faults.push(Diagnostic::invalid("secret", key.span, secret));
        }
    }
    entries
}

/// Decodes labels of kernels and their values.
pub(crate) fn labels(node: &Node, faults: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in entries(node, "`labels`", faults) {
        if let Some(value) = text(&entry.value, "a label's value", faults, line) {
            labels.insert(entry.key.value.clone(), value.value);
        }
    }
    labels
}

/// The value under `key`, unless it is null.
pub(super) fn given<'n>(node: &'n Node, key: &str) -> Option<&'n Arc<Node>> {
    node.get(key).filter(|node| !node.is_null())
}

/// The keys of the map under `key` of a record: none if it is absent, `None` if what is written there or in its place is
/// no map.
pub(super) fn names<'n>(record: &'static Record, node: &'n Node, key: &str) -> Option<Vec<&'n str>> {
    match node.get(key) {
        Some(map) => Some(map.as_mapping()?.iter().map(|entry| entry.key.value.as_str()).collect()),
        None => (!may_have(node, record, key)).then(Vec::new),
    }
}
