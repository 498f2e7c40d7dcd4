//! The text of a proposed manifest: short, with comments that say where its values come from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kmodgen_yaml::{flow, inline};

use super::contents::{Contents, EXAMPLE_KERNEL, ProposedModule, places};
use super::platform::Platform;
use super::repository::name_of;
use super::units::{Step, Unit};
use crate::manifest::API_VERSION;

/// Beginning of the comment at a value that the user has to fill in.
const MARK: &str = "FILL IN:";

/// Longest list that stands on one line.
const LONGEST_LIST: usize = 90;

/// Lines of YAML.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds a line, with a comment if it is not empty.
    fn add(&mut self, indent: usize, text: &str, comment: &str) {
        let gap = if text.is_empty() { "" } else { "  " };
        let comment = if comment.is_empty() { String::new() } else { format!("{gap}# {}", comment.escape_debug()) };
        let _ = writeln!(self.0, "{:indent$}{text}{}", "", unquoted(&comment));
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }
}

/// A comment whose quotes are no longer escaped: they are harmless.
fn unquoted(comment: &str) -> String {
    comment.replace("\\'", "'").replace("\\\"", "\"")
}

/// Writes the manifest.
pub(super) fn text(contents: &Contents<'_>) -> String {
    let mut lines = Lines::default();
    let request = contents.request;
    lines.add(0, "", &format!("Proposed by `kmodgen init` for {}. It is yours: change what you like.", request.url));
    lines.add(0, &format!("apiVersion: {API_VERSION}"), "");
    lines.add(0, &format!("namespace: {}", inline(&request.namespace)), "of all objects");
    lines.blank();
    sources(&mut lines, contents);
    lines.blank();
    lines.add(0, "baseImages:", "");
    base_images(&mut lines, 2, &contents.platforms[0].0);
    lines.blank();
    kernels(&mut lines, contents);
    lines.blank();
    lines.add(0, "modules:", "");
    for (at, module) in contents.modules.iter().enumerate() {
        if at > 0 {
            lines.blank();
        }
        module_lines(&mut lines, contents, module);
    }
    lines.blank();
    lines.add(0, "", "Target of `kmodgen publish`, unless its command line names another:");
    for line in ["publish:", "  repo: git@git.example.com:ops/fleet.git", "  branch: main", "  path: kmods"] {
        lines.add(0, "", line);
    }
    lines.0
}

fn sources(lines: &mut Lines, contents: &Contents<'_>) {
    let request = contents.request;
    lines.add(0, "sources:", "");
    lines.add(2, &format!("{}:", inline(&contents.source)), "");
    lines.add(4, &format!("git: {}", flow(&request.url, true)), "");
    let reference = &request.reference;
    let comment = match reference.is_guess {
        true => format!("{MARK} {}", reference.reason),
        false => format!("{}; `kmodgen lock` pins its commit", reference.reason),
    };
    lines.add(4, &format!("ref: {}", inline(&reference.name)), &comment);
    if contents.has_submodules {
        lines.add(4, "submodules: true", ".gitmodules");
    }
    if let Some(version) = contents.version.as_ref().filter(|_| !names_version(&reference.name)) {
        lines.add(4, &format!("version: {}", inline(version)), "PACKAGE_VERSION of dkms.conf");
    }
}

/// Checks whether a ref names a version by itself, such as `v1.2`.
fn names_version(reference: &str) -> bool {
    let name = reference.strip_prefix("refs/tags/").unwrap_or(reference);
    name.strip_prefix('v').unwrap_or(name).starts_with(|c: char| c.is_ascii_digit()) && name.contains('.')
}

fn base_images(lines: &mut Lines, indent: usize, platform: &Platform) {
    let comment = if platform.gap.is_some() { format!("{MARK} {}", platform.reason) } else { platform.reason.clone() };
    lines.add(indent, &format!("builder: {}", flow(&platform.builder, true)), &comment);
    lines.add(indent, &format!("runtime: {}", flow(&platform.runtime, true)), "carries the kmods; public");
    lines.add(indent, "pin: false", "uses the tags as they are; without this line, `kmodgen lock` pins their digests");
}

fn kernels(lines: &mut Lines, contents: &Contents<'_>) {
    lines.add(0, "kernels:", "");
    if contents.request.kernels.is_some() {
        lines.add(
            2,
            "- file: fleet.yaml",
            "`oc get nodes -o json | kmodgen kernels - --merge fleet.yaml -o fleet.yaml` updates it",
        );
        return;
    }
    lines.add(
        2,
        &format!("- {EXAMPLE_KERNEL}"),
        "an example: write what `uname -r` prints on your nodes, or take all kernels:",
    );
    lines.add(2, "", "- file: fleet.yaml   of `oc get nodes -o json | kmodgen kernels - -o fleet.yaml`");
}

fn module_lines(lines: &mut Lines, contents: &Contents<'_>, module: &ProposedModule) {
    let platform = &contents.platforms[0].0;
    lines.add(2, &format!("- name: {}", inline(&module.name)), "");
    lines.add(4, &format!("source: {}", inline(&contents.source)), "");
    if let Some(template) = platform.template {
        lines.add(4, &format!("template: {template}"), "");
    }
    let comment = match &module.unit {
        Some(unit) => format!("{}; the build stops unless each comes out", places(&unit.kmods)),
        None => format!("{MARK} the kmods that must come out, without `.ko`"),
    };
    list(lines, 4, "kmods", &module.kmods, &comment);
    match &module.unit {
        Some(unit) => steps(lines, unit),
        None => lines.add(4, "", "steps: [{kbuild: {}}]   the default"),
    }
    if !contents.licenses.is_empty() {
        let licenses: Vec<String> = contents.licenses.iter().map(|path| inline(path)).collect();
        lines.add(4, &format!("install: {{licenses: [{}]}}", licenses.join(", ")), "");
    }
    let comment = match (&contents.request.image, platform.is_openshift) {
        (Some(_), _) => "",
        (None, true) => "the cluster's own registry; tags are generated",
        (None, false) => "an example: write a repository that the cluster can push to; tags are generated",
    };
    lines.add(4, &format!("image: {}", flow(&module.image, true)), comment);
    overrides(lines, contents);
    let selector =
        if platform.is_openshift { "node-role.kubernetes.io/worker: \"\"" } else { "kubernetes.io/os: linux" };
    lines.add(4, "moduleSpec:", "`spec` of the KMM Module");
    lines.add(6, &format!("selector: {{{selector}}}"), "the nodes that load it");
    if module.kmods.len() > 1 {
        lines.add(6, "moduleLoader:", "");
        lines.add(8, "container:", "");
        let comment = "with what it depends on; `modulesLoadingOrder` adds others";
        lines.add(10, &format!("modprobe: {{moduleName: {}}}", inline(&module.loaded)), comment);
    }
    debug_assert!(module.kmods.iter().any(|kmod| name_of(kmod) == module.loaded));
}

/// Writes a list on one line, or an item a line if it is long.
fn list(lines: &mut Lines, indent: usize, key: &str, items: &[String], comment: &str) {
    let items: Vec<String> = items.iter().map(|item| inline(item)).collect();
    let joined = items.join(", ");
    if joined.len() <= LONGEST_LIST {
        return lines.add(indent, &format!("{key}: [{joined}]"), comment);
    }
    lines.add(indent, &format!("{key}:"), comment);
    for item in items {
        lines.add(indent + 2, &format!("- {item}"), "");
    }
}

fn steps(lines: &mut Lines, unit: &Unit) {
    let folder = unit.folder.as_str();
    let dir = (!folder.is_empty()).then(|| format!("dir: {}", inline(folder)));
    let reason = format!("{}: {}", unit.place, unit.reason);
    match &unit.step {
        Step::Kbuild { vars } if vars.is_empty() && dir.is_none() => {}
        Step::Kbuild { vars } => {
            let reason =
                if vars.is_empty() { String::new() } else { "options of Kconfig decide what is built".to_owned() };
            step(lines, "kbuild", dir.into_iter().collect(), vars, &reason);
        }
        Step::Make { vars, target } => {
            let target = target.as_ref().map(|target| format!("targets: [{}]", inline(target)));
            step(lines, "make", dir.into_iter().chain(target).collect(), vars, &reason);
        }
        Step::Dkms => step(lines, "dkms", dir.into_iter().collect(), &BTreeMap::new(), &reason),
        Step::Configure { script, vars } => {
            let mut fields: Vec<String> = dir.iter().cloned().collect();
            fields.extend(script.is_made.then(|| "autoreconf: true".to_owned()));
            if !script.args.is_empty() {
                let args: Vec<String> = script.args.iter().map(|arg| inline(arg)).collect();
                fields.push(format!("args: [{}]", args.join(", ")));
            }
            fields.extend((!script.env.is_empty()).then(|| format!("env: {}", map(&script.env))));
            step(lines, "configure", fields, &BTreeMap::new(), &reason);
            let fields: Vec<String> = dir.into_iter().chain(["jobs: all".to_owned()]).collect();
            step_item(lines, "make", fields, vars, "");
        }
    }
}

fn step(lines: &mut Lines, tool: &str, fields: Vec<String>, vars: &BTreeMap<String, String>, comment: &str) {
    lines.add(4, "steps:", "");
    step_item(lines, tool, fields, vars, comment);
}

/// Writes a step: its fields a line each, and `vars` last.
fn step_item(lines: &mut Lines, tool: &str, mut fields: Vec<String>, vars: &BTreeMap<String, String>, comment: &str) {
    if !vars.is_empty() {
        fields.push(format!("vars: {}", map(vars)));
    }
    if fields.is_empty() {
        return lines.add(6, &format!("- {tool}: {{}}"), comment);
    }
    lines.add(6, &format!("- {tool}:"), comment);
    for field in fields {
        lines.add(10, &field, "");
    }
}

fn map(values: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = values.iter().map(|(key, value)| format!("{}: {}", inline(key), inline(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Writes what is different for kernels of other systems than most nodes run.
fn overrides(lines: &mut Lines, contents: &Contents<'_>) {
    let others = &contents.platforms[1..];
    if others.is_empty() {
        return;
    }
    lines.add(4, "overrides:", "");
    for (platform, releases) in others {
        let patterns: Vec<String> = releases.iter().map(|release| single_quoted(&pattern(release))).collect();
        lines.add(6, "- when:", "");
        lines.add(10, "kernel:", "");
        for pattern in patterns {
            lines.add(12, &format!("- {pattern}"), "");
        }
        lines.add(8, &format!("template: {}", platform.template.unwrap_or("dtk")), "");
        lines.add(8, "baseImages:", "");
        base_images(lines, 10, platform);
    }
}

/// A pattern that matches a release alone.
fn pattern(release: &str) -> String {
    release.replace('.', "\\.").replace('+', "\\+")
}

/// A pattern in single quotes; releases have none in them.
fn single_quoted(pattern: &str) -> String {
    format!("'{pattern}'")
}
