//! Ordered upgrade of a Module: which nodes get its version in which wave, by their labels.

mod node;
mod order;
mod target;
mod waves;

use std::collections::BTreeMap;

pub use node::{ClusterNode, read_nodes};
pub use target::{RolloutTarget, Toleration};
pub use waves::{Wave, WaveSize};

use self::order::ordered;
use crate::template::shell_word;

/// Label of a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// Labels of control-plane nodes.
const CONTROL_PLANE: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// Node that gets the version, or has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutNode {
    /// Its name.
    pub name: String,
    /// Its kernel release.
    pub kernel: String,
    /// Its zone, if it has the label.
    pub zone: Option<String>,
    /// Set if it is a node of the control plane.
    pub control_plane: bool,
    /// Version of the Module that its label has now.
    pub version: Option<String>,
    /// Image that KMM loads on it.
    pub image: String,
}

/// Node that the upgrade does not reach.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SkippedNode {
    /// Its name.
    pub name: String,
    /// Reason, a lower-case fragment.
    pub reason: String,
}

/// Plan of an ordered upgrade.
#[derive(Debug)]
pub struct Rollout {
    /// The Module.
    pub target: RolloutTarget,
    /// Nodes whose label has the version already.
    pub done: Vec<RolloutNode>,
    /// Waves in order.
    pub waves: Vec<Wave>,
    /// Nodes that are in no wave.
    pub left: Vec<RolloutNode>,
    /// Nodes that the upgrade does not reach.
    pub skipped: Vec<SkippedNode>,
}

impl Rollout {
    /// Plans the upgrade of a Module on the nodes of a cluster.
    ///
    /// # Errors
    /// A wave that is smaller than the wave before.
    pub fn plan(target: RolloutTarget, nodes: &[ClusterNode], sizes: &[WaveSize]) -> Result<Self, String> {
        let label = target.label();
        let (mut reached, mut skipped) = (Vec::new(), Vec::new());
        for node in nodes {
            match target.image_on(node) {
                Ok(image) => reached.push(RolloutNode {
                    name: node.name.clone(),
                    kernel: node.release.clone(),
                    zone: node.labels.get(ZONE).cloned(),
                    control_plane: CONTROL_PLANE.iter().any(|role| node.labels.contains_key(*role)),
                    version: node.labels.get(&label).cloned(),
                    image: image.to_owned(),
                }),
                Err(reason) => skipped.push(SkippedNode { name: node.name.clone(), reason }),
            }
        }
        skipped.sort_by(|one, other| one.name.cmp(&other.name));
        let (done, mut todo): (Vec<RolloutNode>, Vec<RolloutNode>) =
            ordered(reached).into_iter().partition(|node| node.version.as_deref() == Some(target.version.as_str()));
        let ends = waves::ends(sizes, done.len() + todo.len())?;
        let mut waves = Vec::new();
        let mut before = done.len();
        for (size, end) in sizes.iter().zip(ends) {
            let rest = todo.split_off(end.saturating_sub(before).min(todo.len()));
            before = before.max(end);
            waves.push(Wave { size: *size, end, nodes: std::mem::replace(&mut todo, rest) });
        }
        Ok(Self { target, done, waves, left: todo, skipped })
    }

    /// Returns the number of nodes that the upgrade reaches.
    pub fn total(&self) -> usize {
        self.done.len() + self.waves.iter().map(|wave| wave.nodes.len()).sum::<usize>() + self.left.len()
    }

    /// Returns the checks that must succeed before the first wave.
    pub fn before(&self) -> Vec<Check> {
        let RolloutTarget { namespace, module, version, .. } = &self.target;
        let [namespace, module] = [namespace, module].map(|name| shell_word(name));
        let path = shell_word("{.spec.moduleLoader.container.version}{\"\\n\"}");
        vec![Check::new(format!("oc get module {module} -n {namespace} -o jsonpath={path}"), version.clone())]
    }

    /// Returns the commands that move a node to the version.
    pub fn commands(&self, node: &RolloutNode) -> Vec<String> {
        let (name, label) = (shell_word(&node.name), self.target.label());
        let mut commands = Vec::new();
        let drains = self.target.tolerates_cordon();
        if drains {
            commands.push(format!("oc adm cordon {name}"));
            commands.push(format!("oc adm drain {name} --ignore-daemonsets --delete-emptydir-data"));
        }
        if node.version.is_some() {
            commands.push(format!("oc label node {name} {}", shell_word(&format!("{label}-"))));
        }
        commands.push(format!("oc label node {name} {}", shell_word(&format!("{label}={}", self.target.version))));
        if drains {
            commands.push(format!("oc adm uncordon {name}"));
        }
        commands
    }

    /// Returns the checks that must succeed after a wave, before the next one.
    pub fn checks(&self, wave: &Wave) -> Vec<Check> {
        let RolloutTarget { namespace, module, version, .. } = &self.target;
        let label = self.target.label();
        let nodes = match wave.end.max(self.done.len()) {
            1 => "1 node".to_owned(),
            count => format!("{count} nodes"),
        };
        let mut checks = vec![
            Check::new(nodes_with(&format!("{label}={version}")), nodes.clone()),
            Check::new(
                nodes_with(&format!("{label}={version},kmm.node.kubernetes.io/{namespace}.{module}.ready")),
                format!("the same {nodes}, whose kmods are loaded"),
            ),
        ];
        let mut kernels: BTreeMap<&str, &RolloutNode> = BTreeMap::new();
        for node in &wave.nodes {
            kernels.entry(&node.kernel).or_insert(node);
        }
        let path = format!(
            "{{range .status.modules[?(@.name==\"{module}\")]}}{{.namespace}}{{\" \"}}{{.config.containerImage}}{{\"\\n\"}}{{end}}"
        );
        for node in kernels.values() {
            let command =
                format!("oc get nodemodulesconfig {} -o jsonpath={}", shell_word(&node.name), shell_word(&path));
            checks.push(Check::new(command, format!("{namespace} {}", node.image)));
        }
        checks.push(Check::new(
            format!("oc get pods -n {}", shell_word(namespace)),
            "no Pod of a KMM worker with an error".to_owned(),
        ));
        checks
    }
}

/// Returns the command that prints the nodes with labels.
fn nodes_with(selector: &str) -> String {
    format!("oc get nodes -o name -l {}", shell_word(selector))
}

/// Check between waves.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Command to run.
    pub command: String,
    /// Expected output.
    pub expected: String,
}

impl Check {
    fn new(command: String, expected: String) -> Self {
        Self { command, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{Diagnostics, SourceMap};

    fn target() -> RolloutTarget {
        RolloutTarget {
            module: "driver".into(),
            namespace: "drivers".into(),
            version: "1.3".into(),
            selector: [("worker".to_owned(), String::new())].into(),
            tolerations: Vec::new(),
            images: [
                ("5.14.0-1.el9.x86_64".into(), "quay.io/a/driver:1".into()),
                ("5.14.0-2.el9.x86_64".into(), "quay.io/a/driver:2".into()),
            ]
            .into(),
            fallback: Vec::new(),
        }
    }

    fn node(name: &str, kernel: u8, labels: &str) -> String {
        format!(
            r#"{{"kind": "Node", "metadata": {{"name": "{name}", "labels": {{"worker": ""{labels}}}}}, "status": {{"nodeInfo": {{"kernelVersion": "5.14.0-{kernel}.el9.x86_64"}}}}}}"#
        )
    }

    fn read(text: &str) -> Result<Vec<ClusterNode>, String> {
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let source = sources.add("nodes.json", text);
        read_nodes(source, text, &mut faults).ok_or_else(|| {
            let faults = faults.into_sorted();
            assert_eq!(faults.len(), 1, "{faults:?}");
            faults[0].message.clone()
        })
    }

    fn fleet(labelled: &[&str]) -> Vec<ClusterNode> {
        let mut nodes = Vec::new();
        for number in 0..12 {
            let name = format!("n{number:02}");
            let version = if labelled.contains(&name.as_str()) { "1.3" } else { "1.2" };
            let role = if number < 3 { r#", "node-role.kubernetes.io/control-plane": """# } else { "" };
            let labels = format!(
                r#", "topology.kubernetes.io/zone": "z{}", "kmm.node.kubernetes.io/version-module.drivers.driver": "{version}"{role}"#,
                number % 3
            );
            nodes.push(node(&name, 1 + u8::from(number > 5), &labels));
        }
        read(&format!("{{\"kind\": \"List\", \"items\": [{}]}}", nodes.join(","))).unwrap()
    }

    fn waves(text: &str) -> Vec<WaveSize> {
        WaveSize::parse_all(text).unwrap()
    }

    fn names(nodes: &[RolloutNode]) -> Vec<&str> {
        nodes.iter().map(|node| node.name.as_str()).collect()
    }

    #[test]
    fn waves_are_spread_and_go_on_where_they_stopped() {
        let sizes = waves("1,25%,50%,100%");
        let first = Rollout::plan(target(), &fleet(&[]), &sizes).unwrap();
        let planned: Vec<Vec<&str>> = first.waves.iter().map(|wave| names(&wave.nodes)).collect();
        assert_eq!(planned.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 3, 6]);
        // Control-plane nodes are last, and the first nodes have other kernels and zones.
        assert_eq!(planned[3][3..], ["n00", "n01", "n02"]);
        let start: Vec<&RolloutNode> = first.waves[..2].iter().flat_map(|wave| &wave.nodes).collect();
        let zones: std::collections::BTreeSet<_> = start.iter().map(|node| &node.zone).collect();
        let kernels: std::collections::BTreeSet<_> = start.iter().map(|node| &node.kernel).collect();
        assert_eq!((zones.len(), kernels.len()), (3, 2));
        let done: Vec<&str> = planned[..2].concat();
        let next = Rollout::plan(target(), &fleet(&done), &sizes).unwrap();
        let rest: Vec<Vec<&str>> = next.waves.iter().map(|wave| names(&wave.nodes)).collect();
        assert_eq!(rest[..2], [vec![""; 0], vec![]]);
        assert_eq!(rest[2..], planned[2..]);
        assert_eq!(next.total(), 12);
        // Without 100%, the rest is stated.
        let part = Rollout::plan(target(), &fleet(&[]), &waves("2")).unwrap();
        assert_eq!((part.waves[0].nodes.len(), part.left.len()), (2, 10));
    }

    #[test]
    fn nodes_that_are_not_reached_have_a_reason() {
        let text = [
            node("a", 1, ""),
            node("b", 9, ""),
            node("c", 1, "").replace(r#""worker": """#, r#""other": "x""#),
            node("d", 1, "").replace(
                r#""status": {"#,
                r#""spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}, "status": {"#,
            ),
            node("e", 1, "").replace(r#""nodeInfo": {"#, r#""nodeInfo": {"operatingSystem": "windows", "#),
            node("f", 1, "").replace(
                r#""status": {"#,
                r#""spec": {"taints": [{"key": "k", "effect": "PreferNoSchedule"}]}, "status": {"#,
            ),
        ];
        let nodes = read(&format!("[{}]", text.join(","))).unwrap();
        let rollout = Rollout::plan(target(), &nodes, &waves("100%")).unwrap();
        assert_eq!(names(&rollout.waves[0].nodes), ["a", "f"]);
        let reasons: Vec<String> =
            rollout.skipped.iter().map(|node| format!("{}: {}", node.name, node.reason)).collect();
        assert_snapshot!(reasons.join("\n"));
    }

    #[test]
    fn hostile_input_is_one_error() {
        let good = node("a", 1, "");
        let twice = format!("[{good}, {good}]");
        for (text, said) in [
            ("", "no nodes"),
            ("[]", "no nodes"),
            ("[1]", "not a node"),
            ("{", ""),
            ("{\"kind\": \"Pod\"}", "`Pod` is not a node"),
            (twice.as_str(), "twice"),
            (good.replace("\"a\"", "\"-a\"").as_str(), "is not the name of a node"),
            (good.replace("\"a\"", "\"$(reboot)\"").as_str(), "is not the name of a node"),
            (good.replace("\"a\"", "\"a;b\"").as_str(), "is not the name of a node"),
            (good.replace("\"a\"", "[]").as_str(), "is not the name of a node"),
            (good.replace("\"worker\": \"\"", "\"worker\": {}").as_str(), "not a string"),
            (good.replace("{\"worker\": \"\"}", "[]").as_str(), "not a map"),
            (good.replace("kernelVersion", "kernel").as_str(), "has no `status.nodeInfo.kernelVersion`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn wrong_waves_are_refused() {
        for (text, said) in [
            ("", "empty"),
            ("0", "1 or more"),
            ("0%", "1% to 100%"),
            ("101%", "1% to 100%"),
            ("x", "neither a number nor a percentage"),
            ("-1", "neither a number"),
            ("1,,2", "empty"),
            ("2,1", "must be larger"),
            ("10%,10%", "must be larger"),
            ("99999999999999999999", "neither a number"),
        ] {
            let error = WaveSize::parse_all(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        let error = Rollout::plan(target(), &fleet(&[]), &waves("10,50%")).unwrap_err();
        assert!(error.contains("`50%` is 6 of 12 nodes"), "{error}");
    }

    #[test]
    fn commands_are_safe_in_a_shell() {
        let mut target = target();
        let rollout = Rollout::plan(target.clone(), &fleet(&[]), &waves("1")).unwrap();
        let node = &rollout.waves[0].nodes[0];
        assert_snapshot!(rollout.commands(node).join("\n"));
        let checks = rollout.checks(&rollout.waves[0]);
        let checks: Vec<String> =
            checks.iter().map(|check| format!("{}\n  {}", check.command, check.expected)).collect();
        assert_snapshot!(checks.join("\n"));
        target.tolerations.push(Toleration { operator: "Exists".into(), ..Toleration::default() });
        let rollout = Rollout::plan(target, &fleet(&[]), &waves("1")).unwrap();
        assert_snapshot!(rollout.commands(&rollout.waves[0].nodes[0]).join("\n"));
    }
}
