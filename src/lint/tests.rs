//! Each rule on its examples: the wrong one has exactly its finding at the stated line, the right one has none.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::page::files;
use super::{AllowList, LintInput, LintResult, RULES, check};
use crate::objects::{FolderStart, ObjectInput, Objects};
use crate::testing::Files;
use crate::vocabulary::{Listed, ListedKind, Severity, SourceMap};

/// Checks the files of an example; a file `kernels` lists kernels, and a folder `before` has an earlier revision.
pub(super) fn checked(text: &str) -> (LintResult, SourceMap) {
    let mut sources = SourceMap::default();
    let (mut now, mut old, mut kernels) = (Files::default(), Files::default(), Vec::new());
    for (path, text) in files(text) {
        match (path, path.strip_prefix("before/")) {
            ("kernels", _) => kernels.extend(text.lines().map(str::to_owned)),
            (_, Some(path)) => drop(old.0.insert(path.into(), text.into())),
            (_, None) => drop(now.0.insert(path.into(), text.into())),
        }
    }
    let before = (!old.0.is_empty()).then(|| Objects::read(vec![folder(old)], &mut sources));
    let objects = Objects::read(vec![folder(now)], &mut sources);
    let input = LintInput {
        objects: &objects,
        dockerfiles: Vec::new(),
        kernels,
        before: before.as_ref(),
        allow_list: AllowList::default(),
    };
    let result = check(&input, &sources);
    (result, sources)
}

/// An input of all these files, which are in one folder.
fn folder(files: Files) -> ObjectInput {
    let kind = ListedKind::File { executable: false };
    let names = files.0.keys().map(|name| Listed { name: name.clone(), kind: kind.clone() }).collect();
    ObjectInput::Folder { name: String::new(), files: Arc::new(files), start: FolderStart::All(names) }
}

/// The findings as `FILE:LINE RULE: MESSAGE`.
pub(super) fn found(text: &str) -> Vec<String> {
    let (result, sources) = checked(text);
    let lines = result.findings.iter().map(|found| {
        let place = found.labels.first().map(|label| sources.locate(label.span)).unwrap_or_default();
        let place = place.rsplit_once(':').unwrap_or_default().0.to_owned();
        format!("{place} {}: {}", found.code, found.message)
    });
    lines.collect()
}

/// Programs whose names are written in lower case.
const NAMES: [&str; 4] = ["depmod ", "git ", "make ", "kustomize "];

#[test]
fn rules_have_ids_names_and_reasons_of_their_own() {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert_eq!(RULES.iter().map(|rule| rule.name).collect::<BTreeSet<_>>().len(), ids.len());
    for rule in RULES {
        assert!(rule.id.len() == 6 && rule.id.starts_with("KMG"), "{}", rule.id);
        assert!(
            rule.summary.starts_with(|c: char| c.is_uppercase() || c == '`')
                || NAMES.iter().any(|name| rule.summary.starts_with(name)),
            "{}",
            rule.id
        );
        assert!(!rule.summary.ends_with('.') && rule.why.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn each_rule_finds_its_example_and_nothing_else() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let (result, sources) = checked(rule.wrong.text);
        let codes: Vec<&str> = result.findings.iter().map(|found| found.code).collect();
        let line = result
            .findings
            .first()
            .and_then(|found| found.labels.first())
            .map(|label| sources.get(label.span.source).unwrap().position(label.span.start).0);
        if codes != [rule.id] || line != Some(rule.wrong.line) {
            wrong.push(format!("{} in line {}: {:#?}", rule.id, rule.wrong.line, found(rule.wrong.text)));
        } else if result.findings[0].severity != rule.severity && rule.severity != Severity::Warning {
            wrong.push(format!("{}: another severity", rule.id));
        }
        let fine = found(rule.right);
        if !fine.is_empty() {
            wrong.push(format!("the right example of {}: {fine:#?}", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns the rules that a Dockerfile breaks.
fn rules_of(dockerfile: &str) -> Vec<String> {
    let found = found(&format!("=== Dockerfile\n{dockerfile}"));
    found.iter().filter_map(|line| Some(line.split(' ').nth(1)?.trim_end_matches(':').to_owned())).collect()
}

#[test]
fn mistakes_are_found_in_other_forms() {
    let one_stage = "ARG DTK_AUTO\nFROM ${DTK_AUTO}\nARG KERNEL_VERSION\n\
                     RUN make -C /usr/src/kernels/${KERNEL_VERSION} M=/x\nRUN cp /x/x.ko /opt/x.ko\n";
    assert_eq!(rules_of(one_stage), ["KMG114", "KMG116"]);
    let bare = "FROM registry.example.com/dtk:4.16 AS builder\nARG KERNEL_FULL_VERSION\nRUN cd /x && make\n\
                RUN install -D /x/x.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/extra/x.ko && depmod -b /opt ${KERNEL_FULL_VERSION}\n\
                FROM scratch\nCOPY --from=builder /opt /opt\n";
    assert_eq!(rules_of(bare), ["KMG129", "KMG119"]);
    let by_worker_folder = "FROM registry.example.com/dtk:4.16 AS builder\nARG KVER\nRUN make KVER=$(uname -r) && \
                            cp x.ko /opt/lib/modules/${KVER}/ && depmod -b /opt\nFROM registry.example.com/base:1\n\
                            COPY --from=builder /opt/lib/modules /opt/lib/modules\n";
    assert_eq!(rules_of(by_worker_folder), ["KMG127", "KMG110"]);
}

/// A Module whose container has these lines, with a ConfigMap.
fn with_container(lines: &str) -> Vec<String> {
    let head = "=== module.yaml\napiVersion: kmm.sigs.x-k8s.io/v1beta1\nkind: Module\n\
                metadata: {name: driver, namespace: drivers}\nspec:\n  selector: {a: ''}\n  moduleLoader:\n    container:\n";
    found(&format!("{head}{lines}"))
}

#[test]
fn what_kmm_takes_is_no_finding() {
    // The API server prints empty strings of fields that are not set.
    let printed = "      inTreeModuleToRemove: ''\n      inTreeModulesToRemove: [a]\n      modprobe: {moduleName: a}\n      \
                   kernelMappings: [{literal: 6.8.0-51-generic, regexp: '', inTreeModuleToRemove: '', containerImage: 'a.example.com/a:1'}]\n";
    assert_eq!(with_container(printed), [""; 0]);
    // A path from the working directory of the image.
    let relative = "      modprobe: {moduleName: a, firmwarePath: blobs/updates}\n      \
                    kernelMappings: [{literal: 6.8.0-51-generic, containerImage: 'a.example.com/a:1'}]\n";
    assert_eq!(with_container(relative), [""; 0]);
}

#[test]
fn empty_lines_of_a_block_keep_the_lines_of_findings() {
    let block = "=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata:\n  dockerfile: |\n\n    \
                 \n    FROM a.example.com/b:1\n\n    ARG KERNEL_VERSION\n    RUN depmod -b /opt\n";
    for text in [block, &block.replace('|', "|2")] {
        assert!(found(text)[0].starts_with("configmap.yaml:11 KMG110"), "{:?}", found(text));
    }
}

#[test]
fn an_argument_below_a_from_does_not_reach_it() {
    let from = "FROM registry.example.com/base@${DIGEST}\nARG DIGEST\nRUN echo ${DIGEST}\n";
    assert_eq!(rules_of(from), ["KMG103"]);
    // Builders differ on this one.
    assert_eq!(rules_of(&format!("FROM registry.example.com/first:1\nARG DIGEST\n{from}")), [""; 0]);
}

#[test]
fn in_tree_modules_are_found_behind_another_folder() {
    let built = |copy: &str, copied: &str| {
        format!(
            "ARG DTK_AUTO\nFROM ${{DTK_AUTO}} AS builder\nARG KERNEL_VERSION\nRUN make -C /lib/modules/${{KERNEL_VERSION}}/build M=/x modules\n\
             RUN {copy}\nRUN depmod -b /opt ${{KERNEL_VERSION}}\nFROM registry.example.com/base:1\nARG KERNEL_VERSION\n\
             COPY --from=builder {copied} /opt/lib/modules/${{KERNEL_VERSION}}/kernel\n"
        )
    };
    let tree = built("cp -r /lib/modules/${KERNEL_VERSION}/kernel/* /tree/", "/tree");
    assert_eq!(rules_of(&tree), ["KMG117"]);
    assert_eq!(rules_of(&built("true", "/lib/modules/${KERNEL_VERSION}/kernel")), ["KMG117"]);
    assert_eq!(rules_of(&built("cp -r /x/* /tree/", "/tree")), [""; 0]);
}

/// An image with the kmods of two stages, of which the second has depmod and this line.
fn with_helper(line: &str) -> String {
    format!(
        "ARG DTK_AUTO\nFROM ${{DTK_AUTO}} AS helper\nARG KERNEL_VERSION\nRUN make -C /lib/modules/${{KERNEL_VERSION}}/build M=/h modules\n\
         FROM ${{DTK_AUTO}} AS builder\nARG KERNEL_VERSION\n{line}RUN make -C /lib/modules/${{KERNEL_VERSION}}/build M=/x modules\n\
         RUN mkdir -p /opt/lib/modules/${{KERNEL_VERSION}} && cp /x/x.ko /opt/lib/modules/${{KERNEL_VERSION}}/ && depmod -b /opt ${{KERNEL_VERSION}}\n\
         FROM registry.example.com/base:1\nARG KERNEL_VERSION\n\
         COPY --from=builder /opt/lib/modules/${{KERNEL_VERSION}} /opt/lib/modules/${{KERNEL_VERSION}}\n\
         COPY --from=helper /h/h.ko /opt/lib/modules/${{KERNEL_VERSION}}/extra/\n"
    )
}

#[test]
fn a_kmod_beside_the_index_of_another_stage_is_found() {
    assert_eq!(rules_of(&with_helper("")), ["KMG111"]);
    let copied = "COPY --from=helper /h/h.ko /opt/lib/modules/${KERNEL_VERSION}/\n";
    assert_eq!(rules_of(&with_helper(copied)), [""; 0]);
}

#[test]
fn soft_dependencies_decide_the_order() {
    let line = "echo 'softdep one pre: two-core post: three' > /etc/modprobe.d/one.conf";
    for (order, count) in [("[one, two_core]", 0), ("[one, three]", 1)] {
        let text = format!(
            "=== module.yaml\napiVersion: kmm.sigs.x-k8s.io/v1beta1\nkind: Module\nmetadata: {{name: a, namespace: b}}\nspec:\n  \
             selector: {{a: ''}}\n  moduleLoader:\n    container:\n      modprobe: {{moduleName: one, modulesLoadingOrder: {order}}}\n      \
             kernelMappings: [{{regexp: '^.+$', containerImage: 'a.example.com/a:${{KERNEL_FULL_VERSION}}'}}]\n      \
             build: {{dockerfileConfigMap: {{name: a}}}}\n=== configmap.yaml\napiVersion: v1\nkind: ConfigMap\n\
             metadata: {{name: a, namespace: b}}\ndata:\n  dockerfile: |\n    FROM a.example.com/b:1\n    RUN {line}\n"
        );
        let found = found(&text);
        assert_eq!(found.len(), count, "{found:?}");
        let message = "module.yaml:8 KMG324: KMM loads `three` before `one`, which it needs";
        assert!(found.iter().all(|found| found == message), "{found:?}");
    }
}
