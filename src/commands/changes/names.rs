//! Names of mappings, and lists of them for people.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::adapters::ui;

/// Number of kernels of a module, and of modules, that a list names.
const NAMED_KERNELS: usize = 5;
const NAMED_MODULES: usize = 10;

/// Name of a mapping, or of a module if there is no release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct MappingName {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::commands) cluster: Option<String>,
    pub(in crate::commands) module: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::commands) release: Option<String>,
    /// Number of nodes that run the kernel, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::commands) nodes: Option<u64>,
}

impl MappingName {
    /// Returns the module with its cluster.
    fn owner(&self) -> String {
        match &self.cluster {
            Some(cluster) => format!("{cluster}/{}", self.module),
            None => self.module.clone(),
        }
    }
}

/// Lists releases, and cuts a long list.
pub(in crate::commands) fn shortened(releases: &[impl AsRef<str>]) -> String {
    let named: Vec<&str> = releases.iter().take(NAMED_KERNELS).map(AsRef::as_ref).collect();
    match releases.len().checked_sub(NAMED_KERNELS).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", named.join(", ")),
        None => named.join(", "),
    }
}

/// Lists mappings as `alpha on 5.14…, 6.12… and 3 more; beta on …`, each name changed by `mark`.
pub(in crate::commands) fn listed(mappings: &[MappingName], mark: impl Fn(&str) -> String) -> String {
    let mut parts = Vec::new();
    let mut modules = 0;
    for of_module in mappings.chunk_by(|one, other| one.owner() == other.owner()) {
        modules += 1;
        if modules > NAMED_MODULES {
            continue;
        }
        let releases: Vec<String> = of_module.iter().filter_map(|name| name.release.as_deref()).map(&mark).collect();
        let owner = mark(&of_module[0].owner());
        parts.push(if releases.is_empty() { owner } else { format!("{owner} on {}", shortened(&releases)) });
    }
    if modules > NAMED_MODULES {
        parts.push(format!("{} more", ui::count(modules - NAMED_MODULES, "module")));
    }
    parts.join("; ")
}

/// Counts the nodes that run the kernels of mappings, as in "55 nodes"; `None` if nobody counted them.
pub(super) fn nodes<'n>(mappings: impl IntoIterator<Item = &'n MappingName>) -> Option<String> {
    let mut counted: BTreeMap<(&Option<String>, &Option<String>), Option<u64>> = BTreeMap::new();
    for MappingName { cluster, release, nodes, .. } in mappings {
        counted.insert((cluster, release), *nodes);
    }
    let known = counted.values().flatten().count();
    let sum = counted.values().flatten().fold(0_u64, |sum, nodes| sum.saturating_add(*nodes));
    let bound = if known < counted.len() { "at least " } else { "" };
    let noun = if sum == 1 { "node" } else { "nodes" };
    (known > 0).then(|| format!("{bound}{sum} {noun}"))
}

/// Counts mappings and their nodes before a verb, as in "10 kernels, 55 nodes reload" or "1 kernel reloads". Kernels of
/// several modules are mappings.
pub(in crate::commands) fn subject(mappings: &[MappingName], verb: &str) -> String {
    let is_of_one = mappings.windows(2).all(|pair| pair[0].owner() == pair[1].owner());
    let number = ui::count(mappings.len(), if is_of_one { "kernel" } else { "mapping" });
    match nodes(mappings) {
        Some(nodes) => format!("{number}, {nodes} {verb}"),
        None if mappings.len() == 1 => format!("{number} {verb}s"),
        None => format!("{number} {verb}"),
    }
}

/// Counts the nodes in parentheses, after a space; nothing if nobody counted them.
pub(in crate::commands) fn in_parentheses<'n>(mappings: impl IntoIterator<Item = &'n MappingName>) -> String {
    nodes(mappings).map(|nodes| format!(" ({nodes})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(module: &str, release: &str, nodes: Option<u64>) -> MappingName {
        MappingName { cluster: None, module: module.into(), release: Some(release.into()), nodes }
    }

    #[test]
    fn lists_are_cut() {
        let names: Vec<MappingName> = (0..7).map(|at| name("alpha", &format!("6.{at}"), None)).collect();
        assert_eq!(listed(&names[..2], str::to_owned), "alpha on 6.0, 6.1");
        assert_eq!(listed(&names, str::to_owned), "alpha on 6.0, 6.1, 6.2, 6.3, 6.4 and 2 more");
        let modules: Vec<MappingName> = (0..12).map(|at| name(&format!("m{at}"), "6.1", None)).collect();
        assert!(listed(&modules, str::to_owned).ends_with("; m9 on 6.1; 2 modules more"));
    }

    #[test]
    fn subjects_agree_with_their_verbs() {
        let [one, other, of_beta] =
            [name("alpha", "6.1", Some(2)), name("alpha", "6.2", None), name("beta", "6.2", None)];
        assert_eq!(subject(std::slice::from_ref(&other), "reload"), "1 kernel reloads");
        assert_eq!(subject(std::slice::from_ref(&one), "reload"), "1 kernel, 2 nodes reload");
        assert_eq!(subject(&[other.clone(), of_beta], "load"), "2 mappings load");
        assert_eq!(subject(&[one, other], "unload"), "2 kernels, at least 2 nodes unload");
    }

    #[test]
    fn nodes_of_a_kernel_count_once() {
        let all = [name("alpha", "6.1", Some(2)), name("beta", "6.1", Some(2)), name("alpha", "6.2", Some(3))];
        assert_eq!(nodes(&all).unwrap(), "5 nodes");
        let some = [name("alpha", "6.1", Some(2)), name("alpha", "6.2", None)];
        assert_eq!(nodes(&some).unwrap(), "at least 2 nodes");
        assert_eq!(nodes(&[name("alpha", "6.1", Some(1))]).unwrap(), "1 node");
        assert_eq!(nodes(&[name("alpha", "6.1", None)]), None);
    }
}
