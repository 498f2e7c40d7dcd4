//! Requirements of all clusters, for people.

use std::fmt::Write as _;

use crate::adapters::ui;
use crate::commands::changes::shortened;
use crate::commands::columns::{NO_VALUE, aligned};
use crate::commands::drift::Drift;
use crate::commands::project::Project;
use crate::requires::{Need, Permission, Requirements, Server, ServerKind, Use};
use crate::settings::Only;
use crate::vocabulary::{code_block, code_cell};

/// Rows below a title, with the heads of their columns.
struct Section {
    title: &'static str,
    heads: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Returns the requirements of each cluster.
pub(super) fn requirements(parts: &[(&Project, &Drift<'_>)], only: Option<&Only>) -> Vec<Requirements> {
    let of_each = parts.iter().map(|(project, drift)| {
        let kernels = &project.manifest.kernels;
        Requirements::of(&drift.plan, |module| only.is_none_or(|only| only.touches(module, kernels)))
    });
    of_each.collect()
}

/// Renders requirements as aligned plain text.
pub(super) fn text(all: &[Requirements]) -> String {
    let mut texts = Vec::new();
    for one in all {
        let mut text = one.cluster.as_ref().map(|cluster| format!("\x1b[1m{cluster}\x1b[0m\n")).unwrap_or_default();
        for Section { title, heads, rows } in sections(one) {
            let _ = write!(text, "{title}\n{}", aligned(heads, &rows));
        }
        if !one.permissions.is_empty() {
            text.push_str("Permissions\n");
            one.permissions.iter().for_each(|permission| text.push_str(&lines(permission)));
        }
        texts.push(if text.is_empty() { "no requirements\n".to_owned() } else { text });
    }
    texts.join("\n")
}

/// Renders requirements as Markdown. Names of the project are code, so that nothing in them is markup.
pub(super) fn markdown(all: &[Requirements]) -> String {
    let mut text = String::from("## Requirements\n");
    for one in all {
        if let Some(cluster) = &one.cluster {
            let _ = write!(text, "\n### Cluster {}\n", code_cell(cluster));
        }
        for Section { title, heads, rows } in sections(one) {
            let _ = write!(text, "\n**{title}**\n\n| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| code_cell(cell)).collect();
                let _ = writeln!(text, "| {} |", cells.join(" | "));
            }
        }
        if !one.permissions.is_empty() {
            text.push_str("\n**Permissions**\n");
            one.permissions.iter().for_each(|permission| {
                let _ = write!(text, "\n{}", code_block("text", &lines(permission)));
            });
        }
    }
    text
}

fn sections(one: &Requirements) -> Vec<Section> {
    let Requirements { cluster: _, secrets, config_maps, service_accounts, permissions: _, servers } = one;
    let servers = servers.iter().map(|Server { host, kind, uses }| {
        let kind = match kind {
            ServerKind::Registry => "registry",
            ServerKind::Git => "git",
            ServerKind::Download => "download",
            ServerKind::Packages => "packages",
        };
        vec![host.clone().unwrap_or_else(|| NO_VALUE.to_owned()), kind.to_owned(), used(uses)]
    });
    let sections = vec![
        objects("Secrets", secrets),
        objects("ConfigMaps", config_maps),
        objects("Service accounts", service_accounts),
        Section { title: "Servers", heads: &["HOST", "KIND", "USED FOR"], rows: servers.collect() },
    ];
    sections.into_iter().filter(|section| !section.rows.is_empty()).collect()
}

fn objects(title: &'static str, objects: &[Need]) -> Section {
    let rows = objects.iter().map(|Need { name, namespace, uses }| vec![name.clone(), namespace.clone(), used(uses)]);
    Section { title, heads: &["NAME", "NAMESPACE", "USED FOR"], rows: rows.collect() }
}

/// Renders a permission, the command that gives it, and the page that requires it.
fn lines(permission: &Permission) -> String {
    let Permission { namespace, service_account, needs, purposes, command, source } = permission;
    let subject = match service_account {
        Some(account) => format!("service account `{account}` in namespace `{namespace}`"),
        None => format!("namespace `{namespace}`"),
    };
    format!("  {subject} {needs}: {}\n    {command}\n    {source}\n", purposes.join(", "))
}

fn used(uses: &[Use]) -> String {
    let each = uses.iter().map(|Use { purpose, modules }| match modules.len() {
        0..=5 => format!("{purpose}: {}", shortened(modules)),
        number => format!("{purpose}: {}", ui::count(number, "module")),
    });
    each.collect::<Vec<_>>().join("; ")
}
