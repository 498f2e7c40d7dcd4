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
