//! Rollout for people, as text and in Markdown.

use std::fmt::Write as _;

use crate::adapters::ui;
use crate::rollout::{Check, Rollout, RolloutNode, Wave};
use crate::vocabulary::{code_block, code_span};

/// Renders a rollout as text.
pub(super) fn text(rollout: &Rollout) -> String {
    let mut out = format!("{}\n", heading(rollout));
    if rollout.waves.iter().any(|wave| !wave.nodes.is_empty()) {
        out.push_str("\nbefore the first wave:\n");
        push_checks(&mut out, &rollout.before());
        for advice in advice(rollout) {
            let _ = writeln!(out, "  # {advice}");
        }
    }
    for (at, wave) in rollout.waves.iter().enumerate() {
        let _ = writeln!(out, "\n{}", title(rollout, at, wave));
        for node in &wave.nodes {
            let _ = writeln!(out, "  # {}", facts(node));
            for command in rollout.commands(node) {
                let _ = writeln!(out, "  {command}");
            }
        }
        if !wave.nodes.is_empty() {
            let _ = writeln!(out, "checks after wave {}:", at + 1);
            push_checks(&mut out, &rollout.checks(wave));
        }
    }
    if !rollout.left.is_empty() {
        let names: Vec<&str> = rollout.left.iter().map(|node| node.name.as_str()).collect();
        let _ = writeln!(out, "\nin no wave, add 100% to --waves: {}", names.join(", "));
    }
    if !rollout.skipped.is_empty() {
        out.push_str("\nnot upgraded:\n");
        for node in &rollout.skipped {
            let _ = writeln!(out, "  {}: {}", node.name, node.reason);
        }
    }
    out
}

/// Renders a rollout in Markdown.
pub(super) fn markdown(rollout: &Rollout) -> String {
    let mut out = format!("## Rollout\n\n{}\n", heading(rollout));
    if rollout.waves.iter().any(|wave| !wave.nodes.is_empty()) {
        out.push_str("\n### Before the first wave\n\n");
        push_check_list(&mut out, &rollout.before());
        for advice in advice(rollout) {
            let _ = writeln!(out, "- {advice}");
        }
    }
    for (at, wave) in rollout.waves.iter().enumerate() {
        let _ = writeln!(out, "\n### {}\n", title(rollout, at, wave));
        let mut commands = String::new();
        for node in &wave.nodes {
            let _ = writeln!(commands, "# {}", facts(node));
            rollout.commands(node).iter().for_each(|command| commands.push_str(&format!("{command}\n")));
        }
        if wave.nodes.is_empty() {
            continue;
        }
        out.push_str(&code_block("sh", &commands));
        let _ = writeln!(out, "\nChecks after wave {}:\n", at + 1);
        push_check_list(&mut out, &rollout.checks(wave));
    }
    for (title, nodes) in [
        ("In no wave", rollout.left.iter().map(|node| (&node.name, None)).collect::<Vec<_>>()),
        ("Not upgraded", rollout.skipped.iter().map(|node| (&node.name, Some(&node.reason))).collect()),
    ] {
        if !nodes.is_empty() {
            let _ = writeln!(out, "\n### {title}\n");
        }
        for (name, reason) in nodes {
            let reason = reason.map(|reason| format!(": {}", code_span(reason))).unwrap_or_default();
            let _ = writeln!(out, "- {}{reason}", code_span(name));
        }
    }
    out
}

fn heading(rollout: &Rollout) -> String {
    let target = &rollout.target;
    format!(
        "Module {} in namespace {} to version {}: {}, {} done",
        target.module,
        target.namespace,
        target.version,
        ui::count(rollout.total(), "node"),
        rollout.done.len()
    )
}

fn title(rollout: &Rollout, at: usize, wave: &Wave) -> String {
    let (number, waves) = (at + 1, rollout.waves.len());
    let start = format!("wave {number} of {waves} ({})", wave.size);
    match wave.nodes.len() {
        0 => format!("{start}: done"),
        nodes => {
            let end = format!("{} of {} after it", wave.end, rollout.total());
            format!("{start}: {}, {end}", ui::count(nodes, "node"))
        }
    }
}

fn facts(node: &RolloutNode) -> String {
    let mut facts = vec![format!("kernel {}", node.kernel.escape_debug())];
    facts.extend(node.zone.as_ref().map(|zone| format!("zone {}", zone.escape_debug())));
    facts.extend(node.control_plane.then(|| "control plane".to_owned()));
    facts.push(match &node.version {
        Some(version) => format!("version {}", version.escape_debug()),
        None => "no version label: the Module is not loaded".to_owned(),
    });
    format!("{}: {}", node.name, facts.join(", "))
}

/// Returns what people must know before the first wave.
fn advice(rollout: &Rollout) -> Vec<String> {
    let mut advice = vec![
        "per node: stop all Pods that use the kmod, except the device plugin, which KMM stops; then run the commands"
            .to_owned(),
    ];
    if !rollout.target.tolerates_cordon() {
        advice.push(
            "do not cordon a node before its label changes: KMM skips cordoned nodes, unless `tolerations` of the \
             Module has {key: node.kubernetes.io/unschedulable, operator: Exists, effect: NoSchedule}"
                .to_owned(),
        );
    }
    advice.push("after each wave: `kmodgen status` prints the image of each node, and why a node is stuck".to_owned());
    advice
}

fn push_checks(out: &mut String, checks: &[Check]) {
    for Check { command, expected } in checks {
        let _ = writeln!(out, "  {command}\n    # must print: {expected}");
    }
}

fn push_check_list(out: &mut String, checks: &[Check]) {
    for Check { command, expected } in checks {
        let _ = writeln!(out, "- {}\n  must print: {}", code_span(command), code_span(expected));
    }
}
