//! Inputs that are broken, or made to harm: one clear error each, bounded, and no value of them shown.

use std::fs;

use super::{SECRET, recording};
use crate::scenario::Project;

fn said(text: impl AsRef<[u8]>) -> String {
    let project = Project::fleet();
    project.write("input.json", text);
    let run = project.run("status input.json").trouble();
    assert!(run.stderr.contains("\n1 error\n"), "{run}");
    assert!(!run.stderr.contains(SECRET) && run.stderr.len() < 2_000, "{run}");
    run.stderr
}

#[test]
fn broken_inputs_are_one_error() {
    for (text, expected) in [
        ("", "the input is empty"),
        (" \n\t", "the input is empty"),
        ("<html>", "this is HTML or XML"),
        ("NAME STATUS\nworker-0 Ready\n", "neither an object of Kubernetes nor a list"),
        ("{\"kind\": \"List\", \"items\": [", "the JSON is truncated"),
        ("{\"kind\": \"List\" \"items\": []}", "input.json:1:17: this is not JSON: expected `,` or `}`"),
        ("{\"kind\": \"List\", \"items\": 5}", "expected a list, found an integer"),
        ("{\"kind\": {}, \"items\": []}", "expected a string, found a map"),
        ("[5]", "expected a map, found an integer"),
        ("{\"a\": 1}", "neither an object of Kubernetes nor a list"),
        ("{\"kind\": \"Node\", \"kind\": \"Pod\"}", "duplicate field `kind`"),
        (
            "{\"kind\": \"Status\", \"message\": \"nodes is forbidden\"}",
            "an error message of the cluster: `nodes is forbidden`",
        ),
        ("kind: Node\nkind: Pod\n", "input.json:2:1"),
        ("a: *b\n", "input.json:1:4"),
    ] {
        let said = said(text);
        assert!(said.contains(expected), "{text}: {said}");
    }
    assert!(said(b"{\"kind\": \"\xff\"}").contains("it is not UTF-8 text"));
    assert!(said(b"\xff\xfe{\0}\0").contains("UTF-16"));
}

#[test]
fn wrong_types_are_named_with_the_object() {
    let node = |field: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Node", "metadata": {{"name": "worker-0", "labels": {{"a": "b"}}}},
 "status": {{"nodeInfo": {field}}}}}"#
        )
    };
    for (text, expected) in [
        (node("[]"), "input.json:2:24: `status` of Node `worker-0`: expected a map, found a list"),
        (node("\"hunter2\""), "expected a map, found a string"),
        (node(r#"{"kernelVersion": 5}"#), "expected a string, found an integer"),
        (node(r#"{"kernelVersion": 1e999}"#), "this is not JSON: number out of range"),
        (node(r#"{"kernelVersion": "a", "kernelVersion": "b"}"#), "duplicate field `kernelVersion`"),
        (node("{}").replace(r#""a": "b""#, r#""a": "b", "a": "hunter2""#), "a key is there twice"),
        (node("{}").replace(r#""a": "b""#, r#""a": ["hunter2"]"#), "expected a string, found a list"),
        (node("{}").replace(r#""name": "worker-0", "#, ""), "it has no `metadata.name`"),
    ] {
        let said = said(&text);
        assert!(said.contains(expected), "{text}: {said}");
    }
    let mut list = recording("loaded");
    let module = list["items"].as_array_mut().unwrap().iter_mut().find(|item| item["kind"] == "Module").unwrap();
    module["spec"]["moduleLoader"]["container"]["kernelMappings"] = serde_json::json!("hunter2");
    let told = said(list.to_string());
    assert!(told.contains("Module `drivers/nic`: expected a list for `kernelMappings`"), "{told}");
    // The fields that hold secrets are not even read.
    let mut list = recording("load-fails");
    for item in list["items"].as_array_mut().unwrap() {
        if item["kind"] == "Pod" {
            item["spec"]["containers"][0]["env"] = serde_json::json!({"hunter2": [[[]]]});
        }
    }
    let project = Project::fleet();
    project.write("input.json", list.to_string());
    assert!(!project.run("status input.json").differs().stdout.contains(SECRET));
}

#[test]
fn hostile_sizes_are_bounded() {
    let deep = format!("{{\"kind\": \"Node\", \"metadata\": {{\"name\": \"a\"}}, \"spec\": {}", "[".repeat(1 << 20));
    assert!(said(deep).contains("the JSON is truncated"));
    let closed = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
    let node = |value: &str| format!(r#"{{"kind": "Node", "metadata": {{"name": "a"}}, "status": {{"x": {value}}}}}"#);
    let project = Project::fleet();
    for value in [closed.as_str(), &"9".repeat(1 << 20), &format!("\"{}\"", "x".repeat(1 << 24))] {
        project.write("input.json", node(value));
        project.run("status input.json").differs().shows("0 modules, 1 node");
    }
    let lists = r#"{"items": ["#.repeat(1 << 20);
    assert!(said(lists).contains("recursion limit"));
    // A gigabyte of one string, without the bytes on the disk.
    project.write("input.json", "\"");
    fs::File::options().write(true).open(project.path("input.json")).unwrap().set_len(1 << 30).unwrap();
    project.run("status input.json").trouble().says("it has 1073741824 bytes; at most 268435456 are allowed");
    let run = project.kmodgen("status -").shell("exec </dev/zero").run().trouble();
    run.says("it has more than 268435456 bytes");
}

#[test]
fn names_cannot_change_the_terminal() {
    let project = Project::fleet();
    let mut list = recording("load-fails").to_string();
    list = list.replace("worker-0", "worker\\u001b[2J\\u202e");
    project.write("input.json", list);
    let run = project.run("status input.json").differs();
    assert!(run.stdout.contains("worker\\u{1b}[2J\\u{202e}"), "{run}");
}
