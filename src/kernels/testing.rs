//! Inputs, imports and merges in short, for tests.

use super::merge::Keep;
use super::{Changes, Import, Input};
use crate::manifest::{Selection, read_kernel_file};
use crate::vocabulary::{Diagnostics, SourceMap};

/// A digest of one digit.
pub(super) fn dtk(digit: char) -> String {
    format!("quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:{}", digit.to_string().repeat(64))
}

/// A node, by name, kernel and OS version.
pub(super) fn node(name: &str, kernel: &str, os: &str) -> String {
    format!(
        r#"{{"kind": "Node", "metadata": {{"name": "{name}"}}, "status": {{"nodeInfo": {{"architecture": "amd64",
        "kernelVersion": "{kernel}", "osImage": "Red Hat Enterprise Linux CoreOS {os} (Plow)"}}}}}}"#
    )
}

/// A node with Ubuntu and its generic kernel.
pub(super) fn ubuntu(name: &str, architecture: &str, version: &str) -> String {
    node(name, GENERIC, OS_A)
        .replace("amd64", architecture)
        .replace(&format!("Red Hat Enterprise Linux CoreOS {OS_A} (Plow)"), &format!("Ubuntu {version} LTS"))
}

pub(super) fn nodes(items: &[String]) -> String {
    format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, items.join(",\n"))
}

/// The ImageStream, with a tag for each OS version.
pub(super) fn image_stream(tags: &[(&str, char)]) -> String {
    let tags: Vec<String> = tags
        .iter()
        .map(|(os, digit)| format!(r#"{{"name": "{os}", "from": {{"name": "{}"}}}}"#, dtk(*digit)))
        .collect();
    format!(
        r#"{{"kind": "ImageStream", "metadata": {{"name": "driver-toolkit", "namespace": "openshift"}}, "spec": {{"tags": [{}]}}}}"#,
        tags.join(", ")
    )
}

pub(super) fn input(text: &str) -> Input {
    Input { name: "input".into(), text: text.into(), image: None }
}

/// Imports; gives what came of it, and the codes of what was said.
pub(super) fn import(inputs: Vec<Input>) -> (Option<Import>, Vec<&'static str>) {
    let mut faults = Diagnostics::default();
    let import = Import::read(inputs, &Selection::default(), false, &mut SourceMap::default(), &mut faults);
    assert_eq!(import.is_none(), faults.has_errors());
    (import, faults.into_sorted().iter().map(|fault| fault.code).collect())
}

/// The list of texts that are all right.
pub(super) fn list(texts: &[&str]) -> (String, Vec<&'static str>) {
    let (import, codes) = import(texts.iter().map(|text| input(text)).collect());
    (import.unwrap_or_else(|| panic!("{codes:?}")).list(), codes)
}

pub(super) fn merged(texts: &[&str], old: &str, keep: Keep) -> (String, Changes) {
    let import = import(texts.iter().map(|text| input(text)).collect()).0.unwrap();
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let merged = import.merge_into(sources.add("old", old), old, keep, &mut faults);
    let merged = merged.unwrap_or_else(|| panic!("{:?}", faults.into_sorted()));
    assert!(reads_back(&merged.0), "{}", merged.0);
    merged
}

pub(super) fn reads_back(list: &str) -> bool {
    let mut faults = Diagnostics::default();
    let node = kmodgen_yaml::read(SourceMap::default().add("list", list), list).unwrap().unwrap();
    !read_kernel_file(&node, &mut faults).is_empty() && faults.is_empty()
}

pub(super) const A: &str = "5.14.0-427.28.1.el9_4.x86_64";
pub(super) const B: &str = "5.14.0-427.81.1.el9_4.x86_64";
pub(super) const GENERIC: &str = "6.8.0-51-generic";
pub(super) const OS_A: &str = "416.94.202407081958-0";
pub(super) const OS_B: &str = "416.94.202501030250-0";
