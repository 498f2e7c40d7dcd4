//! Module of an ordered upgrade.

use std::collections::BTreeMap;

use kmodgen_yaml::Yaml;

use super::node::{ClusterNode, Taint};
use crate::vocabulary::GoRegexp;

/// Key of the taint of a node that is cordoned.
const CORDONED: &str = "node.kubernetes.io/unschedulable";

/// Module of an ordered upgrade.
#[derive(Debug, Clone)]
pub struct RolloutTarget {
    /// Its name.
    pub module: String,
    /// Its namespace.
    pub namespace: String,
    /// Version that nodes get.
    pub version: String,
    /// Labels of its nodes.
    pub selector: BTreeMap<String, String>,
    /// Its tolerations.
    pub tolerations: Vec<Toleration>,
    /// Images by kernel release.
    pub images: BTreeMap<String, String>,
    /// Images for kernels that are not listed.
    pub fallback: Vec<(GoRegexp, String)>,
}

/// Toleration of a Module.
#[derive(Debug, Clone, Default)]
pub struct Toleration {
    /// Key of the taint; empty for all.
    pub key: String,
    /// `Equal`, the default, or `Exists`.
    pub operator: String,
    /// Value of the taint.
    pub value: String,
    /// Effect of the taint; empty for all.
    pub effect: String,
}

impl Toleration {
    /// Reads the `tolerations` of a Module.
    pub fn read_all(tolerations: &Yaml<'_>) -> Vec<Self> {
        let Yaml::Seq(items) = tolerations else { return Vec::new() };
        items.iter().map(Self::read).collect()
    }

    fn read(toleration: &Yaml<'_>) -> Self {
        let mut read = Self::default();
        let Yaml::Map(fields) = toleration else { return read };
        for (key, value) in fields {
            let (Yaml::Text(text) | Yaml::Block(text)) = value else { continue };
            let field = match &**key {
                "key" => &mut read.key,
                "operator" => &mut read.operator,
                "value" => &mut read.value,
                "effect" => &mut read.effect,
                _ => continue,
            };
            field.push_str(text);
        }
        read
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        let Self { key, operator, value, effect } = self;
        (effect.is_empty() || *effect == taint.effect)
            && (key.is_empty() || *key == taint.key)
            && (operator == "Exists" || *value == taint.value)
    }
}

impl RolloutTarget {
    /// Returns the label by which KMM moves nodes to a version.
    pub fn label(&self) -> String {
        format!("kmm.node.kubernetes.io/version-module.{}.{}", self.namespace, self.module)
    }

    /// Returns whether KMM loads and unloads the Module on cordoned nodes.
    pub fn tolerates_cordon(&self) -> bool {
        let cordoned = Taint { key: CORDONED.into(), value: String::new(), effect: "NoSchedule".into() };
        self.tolerations.iter().any(|toleration| toleration.tolerates(&cordoned))
    }

    /// Returns the image that KMM loads on a node, or the reason why it loads none.
    pub(super) fn image_on(&self, node: &ClusterNode) -> Result<&str, String> {
        if node.is_windows {
            return Err("it runs Windows".to_owned());
        }
        for (key, value) in &self.selector {
            match node.labels.get(key) {
                Some(own) if own == value => {}
                Some(own) => {
                    return Err(format!(
                        "its label {key} is `{}`, not `{value}` as in the selector",
                        own.escape_debug()
                    ));
                }
                None => return Err(format!("it has no label {key}, which the selector requires")),
            }
        }
        let repelling = node.taints.iter().filter(|taint| ["NoSchedule", "NoExecute"].contains(&taint.effect.as_str()));
        let mut repelling = repelling.filter(|taint| !self.tolerations.iter().any(|own| own.tolerates(taint)));
        if let Some(taint) = repelling.next() {
            return Err(format!(
                "the Module does not tolerate its taint {}:{}",
                taint.key.escape_debug(),
                taint.effect
            ));
        }
        let fallback = self.fallback.iter().find(|(regexp, _)| regexp.is_match(&node.release)).map(|(_, image)| image);
        self.images
            .get(&node.release)
            .or(fallback)
            .map(String::as_str)
            .ok_or_else(|| format!("the module has no mapping for its kernel {}", node.release.escape_debug()))
    }
}
