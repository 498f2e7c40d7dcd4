//! Rule on the order in which KMM loads kmods, against what the Dockerfile says of their dependencies.

use std::cell::LazyCell;

use super::super::facts::{CommandFacts, DockerfileFacts, ProjectFacts, Text, texts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, is_kmod_file};

/// A Module that loads kmods in this order, and the Dockerfile that builds one of them against the other.
macro_rules! ordered {
    ($name:literal, $order:literal) => {
        concat!(
            "=== module.yaml\napiVersion: kmm.sigs.x-k8s.io/v1beta1\nkind: Module\n",
            "metadata: {name: driver, namespace: drivers}\nspec:\n  selector: {node-role.kubernetes.io/worker: \"\"}\n",
            "  moduleLoader:\n    container:\n      modprobe:\n        moduleName: ",
            $name,
            "\n        modulesLoadingOrder: ",
            $order,
            "\n      kernelMappings:\n        - regexp: '^.+$'\n",
            "          containerImage: registry.example.com/driver:${KERNEL_FULL_VERSION}\n",
            "          build: {dockerfileConfigMap: {name: driver}}\n",
            "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: drivers}\n",
            "data:\n  dockerfile: |\n    ARG DTK_AUTO\n    FROM ${DTK_AUTO} AS builder\n    ARG KERNEL_FULL_VERSION\n",
            "    RUN make -C /lib/modules/${KERNEL_FULL_VERSION}/build M=/src/core modules\n",
            "    RUN make -C /lib/modules/${KERNEL_FULL_VERSION}/build M=/src/port KBUILD_EXTRA_SYMBOLS=/src/core/Module.symvers modules\n",
            "    FROM registry.access.redhat.com/ubi9/ubi:9.4\n    ARG KERNEL_FULL_VERSION\n",
            "    COPY --from=builder /src/core/core.ko /src/port/port.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/\n",
            "    RUN depmod -b /opt ${KERNEL_FULL_VERSION}\n",
        )
    };
}

pub(in crate::lint) static AGAINST_DEPENDENCIES: Rule = Rule {
    id: "KMG324",
    name: "loading-order-against-dependencies",
    severity: Severity::Warning,
    summary: "`modulesLoadingOrder` loads a kmod before one that it needs",
    why: "KMM loads the list from its end: the last kmod first, `moduleName` last, and unloads it from its start. A kmod \
          that is built with the symbols of another one (KBUILD_EXTRA_SYMBOLS), or that has a soft dependency on it, \
          needs the other one first.",
    wrong: RuleExample { text: ordered!("core", "[core, port]"), line: 10 },
    right: ordered!("port", "[port, core]"),
    check: RuleCheck::Project(against_dependencies),
};

/// Most kmods of a Dockerfile that are compared.
const MOST: usize = 200;

/// A kmod, and one that has to be loaded before it.
type Dependency = (String, String);

fn against_dependencies(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    let mut seen = Vec::new();
    for build in project.builds() {
        let Some(dockerfile) = project.dockerfile(&build) else { continue };
        let Some(modprobe) = project.modules[build.module].modprobe else { continue };
        let order = texts(modprobe, "modulesLoadingOrder");
        if order.len() < 2 || order.len() > MOST {
            continue;
        }
        for (kmod, needed) in dependencies(dockerfile) {
            let [own, other] = [&kmod, &needed].map(|name| order.iter().position(|one| normal(one.text) == **name));
            let (Some(own), Some(other)) = (own, other) else { continue };
            let place: Text<'_> = order[own];
            if other < own && !seen.contains(&(place.span, other)) {
                seen.push((place.span, other));
                let message = format!("KMM loads `{}` before `{}`, which it needs", place.text, order[other].text);
                let help =
                    format!("list `{}` before `{}`: KMM loads the last one first", place.text, order[other].text);
                report.at(place.span, message, help);
            }
        }
    }
}

/// Name of a kmod as the kernel has it.
fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// The dependencies that a Dockerfile shows.
fn dependencies(file: &DockerfileFacts<'_>) -> Vec<Dependency> {
    let kmods = LazyCell::new(|| kmods(file));
    let mut found = Vec::new();
    for command in &file.commands {
        found.extend(soft_dependencies(command));
        let (Some(symbols), Some(folder)) = (symbols(command), folder(file, command)) else { continue };
        let providers = symbols.split_whitespace().filter_map(|list| list.rsplit_once('/'));
        for (provider, _) in providers.take(MOST) {
            for kmod in below(&kmods, &folder) {
                found.extend(below(&kmods, provider).map(|needed| (kmod.to_owned(), needed.to_owned())));
            }
        }
        if found.len() > MOST {
            break;
        }
    }
    found.retain(|pair| pair.0 != pair.1);
    found
}

/// The names of the kmods in a folder.
fn below<'k>(kmods: &'k [(String, String)], folder: &str) -> impl Iterator<Item = &'k str> {
    let folder = format!("{}/", folder.trim_end_matches('/'));
    kmods.iter().filter(move |(path, _)| path.starts_with(&folder)).map(|(_, name)| name.as_str())
}

/// The kmods that instructions name by their paths.
fn kmods(file: &DockerfileFacts<'_>) -> Vec<(String, String)> {
    let copied = file.copies.iter().flat_map(|copy| &copy.sources);
    let moved = file.commands.iter().filter(|one| matches!(one.program.as_str(), "cp" | "mv" | "install"));
    let moved = moved.flat_map(|command| command.operands().map(|one| &one.text));
    let paths = copied.chain(moved).filter(|path| is_kmod_file(path) && path.starts_with('/'));
    let named = paths.filter_map(|path| {
        let name = path.rsplit('/').next()?.split(".ko").next()?;
        let is_plain =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        is_plain.then(|| (path.clone(), normal(name)))
    });
    named.take(MOST).collect()
}

/// The value of KBUILD_EXTRA_SYMBOLS that a make has.
fn symbols(command: &CommandFacts) -> Option<&str> {
    const NAME: &str = "KBUILD_EXTRA_SYMBOLS";
    let assigned = command.assignments.iter().find(|(name, _)| name == NAME).map(|(_, value)| value.as_str());
    let argument = command.arguments.iter().find_map(|one| one.text.strip_prefix(NAME)?.strip_prefix('='));
    assigned.or(argument).filter(|_| matches!(command.program.as_str(), "make" | "export"))
}

/// The folder that a make builds: `M=`, or the last `cd` of its RUN.
fn folder(file: &DockerfileFacts<'_>, command: &CommandFacts) -> Option<String> {
    let same_run: Vec<&CommandFacts> =
        file.commands.iter().filter(|one| one.instruction == command.instruction).collect();
    let made = built(command).or_else(|| same_run.iter().find_map(|one| built(one)));
    let mut entered = same_run.iter().filter(|one| one.program == "cd").filter_map(|one| one.arguments.first());
    let folder = made.or_else(|| entered.next_back().map(|one| one.text.as_str()))?;
    folder.starts_with('/').then(|| folder.to_owned())
}

/// The value of `M=`.
fn built(command: &CommandFacts) -> Option<&str> {
    command.arguments.iter().find_map(|one| one.text.strip_prefix("M="))
}

/// The lines `softdep KMOD pre: OTHER` that a command writes.
fn soft_dependencies(command: &CommandFacts) -> Vec<Dependency> {
    let mut found = Vec::new();
    for argument in command.arguments.iter().filter(|one| one.text.contains("softdep ")) {
        for line in argument.text.split(['\n', ';']).flat_map(|line| line.split("\\n")) {
            let mut words = line.split_whitespace();
            let (Some("softdep"), Some(kmod)) = (words.next(), words.next()) else { continue };
            let mut is_before = None;
            for word in words {
                match (word, is_before) {
                    ("pre:", _) => is_before = Some(true),
                    ("post:", _) => is_before = Some(false),
                    (other, Some(true)) => found.push((normal(kmod), normal(other))),
                    (other, Some(false)) => found.push((normal(other), normal(kmod))),
                    _ => {}
                }
            }
        }
    }
    found
}
