//! Scalars of KMM's fields, with the types that the API server demands.
//!
//! A manifest's scalars are strings as they are written. Within Kubernetes' own types they have to be what
//! `kubectl` would read, so that a line means the same here as in a Pod: an unquoted `1`, `on` or `0644` is
//! refused under a string. The words are those of YAML 1.1, as sigs.k8s.io/yaml reads them.

use kmodgen_yaml::{Node, Pair, Scalar, Value, Yaml};

use super::place::At;
use super::values;
use crate::manifest::decode::{self, Kind, wrong_kind};
use crate::vocabulary::{Diagnostic, Diagnostics, Quantity};

/// Name of a scalar's kind in messages.
pub(super) fn kind(scalar: &Scalar) -> &'static str {
    let text = scalar.text.as_str();
    if !scalar.plain {
        "a string"
    } else if scalar.is_null() {
        "nothing"
    } else if truth(text).is_some() {
        "a boolean"
    } else if is_number(text) {
        "a number"
    } else {
        "a string"
    }
}

/// The boolean that readers of YAML 1.1 take an unquoted word for.
fn truth(text: &str) -> Option<bool> {
    const TRUE: [&str; 4] = ["true", "yes", "on", "y"];
    const FALSE: [&str; 4] = ["false", "no", "off", "n"];
    let word = text.to_ascii_lowercase();
    // `tRUE` is a string.
    let upper = text.bytes().filter(u8::is_ascii_uppercase).count();
    let capital =
        upper == 0 || upper == text.len() || (upper == 1 && text.starts_with(|c: char| c.is_ascii_uppercase()));
    match word.as_str() {
        word if capital && TRUE.contains(&word) => Some(true),
        word if capital && FALSE.contains(&word) => Some(false),
        _ => None,
    }
}

/// Returns whether readers of YAML 1.1 or 1.2 take an unquoted string for a number.
fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() - digits.len() > 1 {
        return false;
    }
    whole(text).is_some()
        || is_float(digits)
        || matches!(digits, ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// Returns whether a text without sign is a decimal number, perhaps with an exponent.
fn is_float(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b".eE+-_".contains(&b))
        && text.replace('_', "").parse::<f64>().is_ok()
}

/// The integer that readers of YAML take an unquoted text for: decimal, octal with `0` or `0o`, hexadecimal,
/// binary, and any of them with `_`.
fn whole(text: &str) -> Option<i128> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-') {
        return None;
    }
    let value = match (digits.get(..2), digits.get(2..)) {
        (Some("0x"), Some(rest)) => in_radix(rest, 16),
        (Some("0o"), Some(rest)) => in_radix(rest, 8),
        (Some("0b"), Some(rest)) => in_radix(rest, 2),
        _ if digits.len() > 1 && digits.starts_with('0') => in_radix(&digits[1..], 8),
        _ => in_radix(digits, 10),
    };
    value.map(|value| value.saturating_mul(sign))
}

fn in_radix(digits: &str, radix: u32) -> Option<i128> {
    let legal = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    // Of any length it is a number, and none that fits.
    legal.then(|| i128::from_str_radix(digits, radix).unwrap_or(i128::MAX))
}

/// The text of a string.
pub(super) fn string(at: At, node: &Node, faults: &mut Diagnostics) -> Option<String> {
    match node.as_scalar() {
        Some(scalar) if !at.kubernetes || kind(scalar) == "a string" => {
            decode::text(node, &at.name(), faults, |text| Ok(text.to_owned())).map(|text| text.value)
        }
        Some(scalar) => {
            let quoted = at.line(&format!("\"{}\"", scalar.text.escape_default()));
            faults.push(
                Diagnostic::error("wrong-kind", format!("expected a string for {}, found {}", at.name(), kind(scalar)))
                    .at(node.span, "")
                    .help(format!("write {quoted}")),
            );
            None
        }
        None => {
            faults.push(wrong_kind(node, &at.name(), Kind::String));
            None
        }
    }
}

/// `true` or `false`, unquoted.
pub(super) fn boolean(at: At, node: &Node, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    match node.as_scalar() {
        Some(scalar) if scalar.plain && matches!(scalar.text.as_str(), "true" | "false") => {
            Some(Yaml::verbatim(scalar.text.clone()))
        }
        _ => {
            faults.push(wrong_kind(node, &at.name(), Kind::Boolean));
            None
        }
    }
}

/// An integer within limits, unquoted and decimal.
pub(super) fn integer(
    at: At,
    node: &Node,
    (least, most): (i64, i64),
    faults: &mut Diagnostics,
) -> Option<Yaml<'static>> {
    let Some(scalar) = node.as_scalar() else {
        faults.push(wrong_kind(node, &at.name(), Kind::Integer));
        return None;
    };
    let text = scalar.text.as_str();
    let Some(number) = whole(text) else {
        faults.push(wrong_kind(node, &at.name(), Kind::Integer));
        return None;
    };
    if number < least.into() || number > most.into() {
        let is_mode = most == values::HIGHEST_MODE;
        let shown = if is_mode { format!("{most}, which is octal 777") } else { most.to_string() };
        let fault = Diagnostic::error("wrong-kind", format!("{} must be from {least} to {shown}", at.name()));
        // Permissions as people write them, without the zero.
        let octal = if is_mode { i128::from_str_radix(text, 8).ok().filter(|mode| *mode <= most.into()) } else { None };
        let fault = match octal {
            Some(mode) => fault.help(format!("write {}, which is octal {text}", at.line(&mode.to_string()))),
            None => fault,
        };
        faults.push(fault.at(node.span, ""));
        return None;
    }
    let canonical = number.to_string();
    if canonical == text && scalar.plain {
        return Some(Yaml::verbatim(canonical));
    }
    let what = if text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) {
        format!("`{text}` is octal to kubectl, and {canonical} in decimal")
    } else {
        format!("expected an integer in decimal for {}", at.name())
    };
    faults.push(
        Diagnostic::error("wrong-kind", what)
            .at(node.span, "")
            .help(format!("write {}, without quotes", at.line(&canonical))),
    );
    None
}

/// Checks that the value is an integer of 64 bits.
pub(super) fn counter(at: At, node: &Node, faults: &mut Diagnostics) -> bool {
    integer(at, node, (i64::MIN, i64::MAX), faults).is_some()
}

/// An amount: a string, or an integer.
pub(super) fn quantity(at: At, node: &Node, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    let Some(scalar) = node.as_scalar() else {
        faults.push(wrong_kind(node, &at.name(), Kind::String));
        return None;
    };
    let text = scalar.text.as_str();
    let amount = match Quantity::parse(text) {
        Ok(amount) => amount,
        Err(invalid) => {
            faults.push(Diagnostic::invalid("invalid-value", node.span, invalid));
            return None;
        }
    };
    if amount.is_negative() {
        faults.push(Diagnostic::error("invalid-value", format!("{} is less than 0", at.name())).at(node.span, ""));
        return None;
    }
    if kind(scalar) == "a string" {
        return Some(Yaml::text(text.to_owned()));
    }
    if text.parse::<i64>().is_ok_and(|number| number.to_string() == text) {
        return Some(Yaml::verbatim(text.to_owned()));
    }
    faults.push(
        Diagnostic::error("wrong-kind", format!("expected a string or an integer for {}, found a number", at.name()))
            .at(node.span, "")
            .help(format!("write {}", at.line(&format!("\"{text}\"")))),
    );
    None
}

/// Content that the API server keeps as it is; what readers of YAML disagree on has to be quoted.
pub(super) fn any(node: &Node, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    let mut secrets = Diagnostics::default();
    decode::refuse_secrets_below(node, &mut secrets);
    if secrets.has_errors() {
        faults.extend(secrets.into_sorted());
        return None;
    }
    any_value(node, faults)
}

fn any_value(node: &Node, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    match &node.value {
        Value::Scalar(scalar) => any_scalar(node, scalar, faults),
        Value::Sequence(items) => {
            let items: Vec<_> = items.iter().map(|item| any_value(item, faults)).collect();
            items.into_iter().collect::<Option<_>>().map(Yaml::Seq)
        }
        Value::Mapping(entries) => {
            let pairs: Vec<Option<Pair<'static>>> = entries
                .iter()
                .map(|entry| any_value(&entry.value, faults).map(|value| (entry.key.value.clone().into(), value)))
                .collect();
            pairs.into_iter().collect::<Option<_>>().map(Yaml::Map)
        }
    }
}

fn any_scalar(node: &Node, scalar: &Scalar, faults: &mut Diagnostics) -> Option<Yaml<'static>> {
    let text = scalar.text.as_str();
    match kind(scalar) {
        "a string" if text.contains('\n') => Some(Yaml::block(text.to_owned())),
        "a string" => Some(Yaml::text(text.to_owned())),
        "nothing" => Some(Yaml::verbatim("null")),
        "a boolean" if matches!(text, "true" | "false") => Some(Yaml::verbatim(text.to_owned())),
        "a number" if is_canonical(text) => Some(Yaml::verbatim(text.to_owned())),
        kind => {
            faults.push(
                Diagnostic::error("wrong-kind", format!("readers of YAML take `{}` for {kind}", text.escape_debug()))
                    .at(node.span, "")
                    .help(format!("write `{}` for a string", kmodgen_yaml::inline(text))),
            );
            None
        }
    }
}

/// Returns whether all readers of YAML read and write a number as this text.
fn is_canonical(text: &str) -> bool {
    let (whole, part) = text.trim_start_matches('-').split_once('.').unwrap_or_default();
    let is_decimal =
        [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
        || (text.len() < 16 && is_decimal && (whole == "0" || !whole.starts_with('0')))
}
