//! Findings that the manifest allows.

use super::input::AllowList;
use super::own_rules::UNUSED;
use super::registry::by_id;
use super::rule::finding;
use crate::vocabulary::{Diagnostic, SourceMap};

/// Removes findings that the list allows; adds one for each of its items that allows nothing.
pub(super) fn apply(findings: &mut Vec<Diagnostic>, list: &AllowList, sources: &SourceMap) {
    let mut used = vec![false; list.rules.len()];
    findings.retain(|found| {
        let source = found.labels.first().and_then(|label| sources.get(label.span.source));
        let path = source.and_then(|file| below(&file.name, &list.folder));
        let mut is_allowed = false;
        for (item, used) in list.rules.iter().zip(&mut used) {
            if item.rule.value == found.code && item.is_about(path) {
                *used = true;
                is_allowed = true;
            }
        }
        !is_allowed
    });
    for (item, used) in list.rules.iter().zip(used) {
        let id = item.rule.value.as_str();
        if by_id(id).is_none() {
            let unknown = finding(&UNUSED, item.rule.span, format!("there is no rule `{id}`"));
            findings.push(unknown.help("remove the item, or correct its `rule`"));
        } else if !used && list.is_whole {
            let unused = finding(&UNUSED, item.rule.span, format!("`{id}` has no finding in these files"));
            findings.push(unused.help("remove the item"));
        }
    }
}

/// Returns the path of a file from the manifest's folder; `None` if it is elsewhere.
fn below<'f>(file: &'f str, folder: &str) -> Option<&'f str> {
    let file = file.trim_start_matches("./");
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    if folder.is_empty() || folder == "." {
        return Some(file);
    }
    file.strip_prefix(folder)?.strip_prefix('/')
}
