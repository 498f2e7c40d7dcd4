//! Nodes that KMM loads a Module on: labels and taints.

use std::collections::BTreeMap;

use super::cluster::{ModuleEntry, NodeEntry, Taint, Toleration};

/// Taints of nodes under pressure, which KMM always tolerates.
const TOLERATED: [&str; 3] =
    ["node.kubernetes.io/disk-pressure", "node.kubernetes.io/memory-pressure", "node.kubernetes.io/pid-pressure"];

/// Returns whether the Module's selector selects a node.
pub(super) fn is_selected(module: &ModuleEntry, node: &NodeEntry) -> bool {
    matches(&module.selector, &node.labels)
}

fn matches(selector: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Returns the first taint of a node that keeps the Module away from it.
pub(super) fn untolerated<'n>(module: &ModuleEntry, node: &'n NodeEntry) -> Option<&'n Taint> {
    node.taints.iter().find(|taint| {
        repels(taint)
            && !(taint.effect == "NoSchedule" && TOLERATED.contains(&taint.key.as_str()))
            && !module.tolerations.iter().any(|toleration| tolerates(toleration, taint))
    })
}

/// Returns whether a node has a taint that keeps Pods without tolerations away.
pub(super) fn is_tainted(node: &NodeEntry) -> bool {
    node.taints.iter().any(repels)
}

fn repels(taint: &Taint) -> bool {
    matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    if !toleration.effect.is_empty() && toleration.effect != taint.effect {
        return false;
    }
    match toleration.operator.as_str() {
        "Exists" => toleration.key.is_empty() || toleration.key == taint.key,
        "" | "Equal" => toleration.key == taint.key && toleration.value == taint.value,
        "Lt" | "Gt" => {
            let numbers = taint.value.parse::<i64>().ok().zip(toleration.value.parse::<i64>().ok());
            let is_less = toleration.operator == "Lt";
            toleration.key == taint.key
                && numbers.is_some_and(|(taint, limit)| if is_less { taint < limit } else { taint > limit })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(text: &str) -> Taint {
        let (key, rest) = text.split_once('=').unwrap();
        let (value, effect) = rest.split_once(':').unwrap();
        Taint { key: key.into(), value: value.into(), effect: effect.into() }
    }

    fn toleration(key: &str, operator: &str, value: &str, effect: &str) -> Toleration {
        Toleration { key: key.into(), operator: operator.into(), value: value.into(), effect: effect.into() }
    }

    #[test]
    fn tolerations_are_those_of_kubernetes() {
        let gpu = taint("gpu=yes:NoSchedule");
        for (key, operator, value, effect, expected) in [
            ("gpu", "Exists", "", "", true),
            ("", "Exists", "", "", true),
            ("", "Exists", "", "NoExecute", false),
            ("gpu", "", "yes", "NoSchedule", true),
            ("gpu", "Equal", "no", "", false),
            ("other", "Exists", "", "", false),
        ] {
            assert_eq!(
                tolerates(&toleration(key, operator, value, effect), &gpu),
                expected,
                "{key} {operator} {value}"
            );
        }
        assert!(tolerates(&toleration("cores", "Gt", "4", ""), &taint("cores=8:NoSchedule")));
        assert!(!tolerates(&toleration("cores", "Lt", "4", ""), &taint("cores=8:NoSchedule")));
    }
}
