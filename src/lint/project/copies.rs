//! Rule on Dockerfiles that are beside a ConfigMap with a copy of them.

use std::collections::{HashMap, HashSet};

use dockerfile_reader::Span as Range;

use super::super::facts::{DockerfileFacts, ProjectFacts};
use super::super::rule::{Rule, RuleCheck, RuleExample, RuleReport};
use crate::vocabulary::{Severity, SourceId};

/// A Dockerfile of this release, and a ConfigMap with one that installs `kmod`.
macro_rules! copied {
    ($package:literal) => {
        concat!(
            "=== Dockerfile\nFROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\nARG KERNEL_VERSION\n",
            "RUN microdnf install -y kmod\nRUN mkdir -p /opt/lib/modules/${KERNEL_VERSION}\n",
            "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: driver, namespace: drivers}\ndata:\n",
            "  dockerfile: |\n    FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4\n    ARG KERNEL_VERSION\n",
            "    RUN microdnf install -y ",
            $package,
            "\n    RUN mkdir -p /opt/lib/modules/${KERNEL_VERSION}\n",
        )
    };
}

pub(in crate::lint) static DRIFTED_COPY: Rule = Rule {
    id: "KMG306",
    name: "dockerfile-copy-drifted",
    severity: Severity::Warning,
    summary: "A ConfigMap has a copy of the Dockerfile in the same folder, and some lines differ",
    why: "KMM builds the text in the ConfigMap. If people review, test and change only the Dockerfile, KMM still \
          builds the old text. A configMapGenerator of kustomize makes the ConfigMap from the file.",
    wrong: RuleExample { text: copied!("kmod openssl"), line: 8 },
    right: copied!("kmod"),
    check: RuleCheck::Project(drifted_copy),
};

/// Part of the lines that two Dockerfiles share if one is a copy of the other.
const SHARED_PERCENT: usize = 70;

/// Most Dockerfiles of a folder that are compared with a ConfigMap.
const MOST: usize = 50;

fn drifted_copy(project: &ProjectFacts<'_>, report: &mut RuleReport<'_>) {
    let folders: HashMap<SourceId, (usize, &str)> =
        project.objects.dockerfiles.iter().map(|file| (file.source, (file.input, file.path.parent()))).collect();
    let mut beside: HashMap<(usize, &str), Vec<&DockerfileFacts<'_>>> = HashMap::new();
    for file in &project.dockerfiles {
        if let Some(folder) = folders.get(&file.source()) {
            beside.entry(*folder).or_default().push(file);
        }
    }
    for map in &project.config_maps {
        let origin = &map.object.origin;
        let Some(own) = map.dockerfile.and_then(|number| project.dockerfiles.get(number)) else { continue };
        let Some(path) = &origin.path else { continue };
        let files = beside.get(&(origin.input, path.parent())).map(Vec::as_slice).unwrap_or_default();
        if files.iter().any(|file| file.text == own.text) {
            continue;
        }
        let copy = lines(own.text);
        let shares = files.iter().take(MOST).map(|file| (shared_percent(&copy, &lines(file.text)), *file));
        let Some((share, file)) = shares.max_by_key(|(share, _)| *share) else { continue };
        if !(SHARED_PERCENT..100).contains(&share) {
            continue;
        }
        let known: HashSet<&str> = lines(file.text).into_iter().map(|(_, line)| line).collect();
        let other = copy.iter().find(|(_, line)| !known.contains(line)).or(copy.first());
        if let Some((start, line)) = other {
            let span = own.span(Range { start: *start, end: start + line.len() });
            let message = "this line is not in the Dockerfile beside the ConfigMap, of which it has a copy";
            let beside = (file.span(Range::default()), "the Dockerfile");
            report.beside(span, beside, message, "make the texts equal, or make the ConfigMap from the file");
        }
    }
}

/// The lines with instructions, with their offsets.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut start = 0;
    let lines = text.split('\n').map(|line| {
        let from = start + line.len() - line.trim_start().len();
        start += line.len() + 1;
        (from, line.trim())
    });
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect()
}

/// The part of the lines that both texts have; 100 only if they are equal.
fn shared_percent(one: &[(usize, &str)], other: &[(usize, &str)]) -> usize {
    if one.iter().map(|(_, line)| line).eq(other.iter().map(|(_, line)| line)) {
        return 100;
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    other.iter().for_each(|(_, line)| *counts.entry(line).or_default() += 1);
    let shared = one.iter().filter(|(_, line)| match counts.get_mut(line) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    });
    (200 * shared.count() / (one.len() + other.len()).max(1)).min(99)
}
