//! Rules on the resources that a container or a claim asks for.

use kmodgen_yaml::Node;

use super::place::{refuse, text};
use crate::vocabulary::kubernetes::{is_extended, is_huge_page};
use crate::vocabulary::{Diagnostics, Quantity, Span};

/// The amounts under a key, with the places of their values.
fn amounts<'n>(node: &'n Node, key: &str) -> Vec<(&'n str, Quantity, Span)> {
    let entries = node.get(key).and_then(|map| map.as_mapping()).unwrap_or_default();
    let amounts = entries.iter().filter_map(|entry| {
        let amount = Quantity::parse(&entry.value.as_scalar()?.text).ok()?;
        Some((entry.key.value.as_str(), amount, entry.value.span))
    });
    amounts.collect()
}

/// Checks limits against requests.
pub(super) fn check(node: &Node, faults: &mut Diagnostics) -> bool {
    if let Some(claims) = node.get("claims").filter(|claims| claims.as_sequence().is_some_and(|list| !list.is_empty()))
    {
        return refuse(claims.span, "KMM's Pods have no resource claims", "remove `claims`", faults);
    }
    let (limits, requests) = (amounts(node, "limits"), amounts(node, "requests"));
    let all: Vec<_> = limits.iter().chain(&requests).collect();
    let mut fine = true;
    for (name, amount, span) in &all {
        if is_extended(name) && !amount.is_whole() {
            fine = refuse(*span, format!("`{name}` must be a whole number"), "write a whole number", faults);
        }
        let page = name.strip_prefix("hugepages-").and_then(|size| Quantity::parse(size).ok());
        if is_huge_page(name) && !page.is_some_and(|page| amount.is_multiple_of(page)) {
            fine = refuse(
                *span,
                format!("this is not a multiple of the page size of `{name}`"),
                "write a multiple of the page size",
                faults,
            );
        }
    }
    for (name, amount, span) in &requests {
        let limit = limits.iter().find(|(other, ..)| other == name);
        let counted = is_extended(name) || is_huge_page(name);
        match limit {
            Some((_, limit, _)) if amount > limit => {
                fine = refuse(
                    *span,
                    format!("the request of `{name}` exceeds its limit"),
                    "lower it, or raise the limit",
                    faults,
                );
            }
            Some((_, limit, _)) if counted && amount != limit => {
                fine = refuse(
                    *span,
                    format!("the request of `{name}` differs from its limit"),
                    "write the same value for both",
                    faults,
                );
            }
            None if counted => {
                fine = refuse(*span, format!("`{name}` has no limit"), "write it under `limits` too", faults);
            }
            _ => {}
        }
    }
    if let Some((name, _, span)) = all.iter().find(|(name, ..)| is_huge_page(name))
        && !all.iter().any(|(name, ..)| ["cpu", "memory"].contains(name))
    {
        fine = refuse(*span, format!("`{name}` requires `cpu` or `memory` beside it"), "write one of them too", faults);
    }
    fine
}

/// Checks what a claim of a volume asks for.
pub(super) fn check_claim(node: &Node, faults: &mut Diagnostics) -> bool {
    let requests = amounts(node, "requests");
    match requests.iter().find(|(name, ..)| *name == "storage") {
        None => refuse(node.span, "a claim has no `requests.storage`", "write `requests: {storage: 1Gi}`", faults),
        Some((_, amount, span)) if amount.is_zero() => refuse(*span, "a claim of size 0", "write its size", faults),
        Some((_, amount, span)) => match amounts(node, "limits").iter().find(|(name, ..)| *name == "storage") {
            Some((_, limit, _)) if amount > limit => {
                refuse(*span, "the request of `storage` exceeds its limit", "lower it, or raise the limit", faults)
            }
            _ => true,
        },
    }
}

/// Checks a reference to a container's own resources.
pub(super) fn check_field(node: &Node, faults: &mut Diagnostics) -> bool {
    let (Some(resource), Some(place)) = (text(node, "resource"), node.get("resource")) else { return true };
    let name = resource.strip_prefix("limits.").or_else(|| resource.strip_prefix("requests."));
    let standard = name.filter(|name| ["cpu", "memory", "ephemeral-storage"].contains(name) || is_huge_page(name));
    let Some(name) = standard else {
        return refuse(
            place.span,
            format!("`{}` is not a resource field for containers", resource.escape_debug()),
            "write `limits.NAME` or `requests.NAME` with `cpu`, `memory` or `ephemeral-storage`",
            faults,
        );
    };
    let (Some(divisor), Some(place)) = (text(node, "divisor"), node.get("divisor")) else { return true };
    let units: &[&str] = match name {
        "cpu" => &["1m", "1"],
        _ => &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"],
    };
    let amount = Quantity::parse(divisor).ok();
    if divisor == "0" || units.iter().any(|unit| Quantity::parse(unit).ok() == amount) {
        return true;
    }
    refuse(
        place.span,
        format!("`{}` is not a unit of `{name}`", divisor.escape_debug()),
        format!("write one of {}", crate::vocabulary::quoted_list(units)),
        faults,
    )
}
