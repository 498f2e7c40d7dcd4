//! Tests that the readers of our output read it as we do: PyYAML, which follows YAML 1.1, and
//! kubectl in both of its ways, with its own reader of files and with kustomize.
//!
//! Each reader is started once for all documents.
#![expect(clippy::disallowed_methods, reason = "these tests run other programs")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::{SourceId, Yaml, emit, hostile, read};

/// Loads all documents from standard input with both of PyYAML's loaders and prints them as JSON.
const PYYAML: &str = "
import json, sys, yaml
text = sys.stdin.buffer.read().decode()
loaders = [yaml.SafeLoader] + ([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])
json.dump([list(yaml.load_all(text, loader)) for loader in loaders], sys.stdout)
";

fn map<'v, const N: usize>(entries: [(&'v str, Yaml<'v>); N]) -> Yaml<'v> {
    Yaml::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn object<'y>(at: usize, kind: &'static str, api: &'static str, key: &'static str, data: Yaml<'y>) -> Yaml<'y> {
    let name = map([("name", Yaml::text(format!("object-{at}")))]);
    map([("apiVersion", Yaml::text(api)), ("kind", Yaml::text(kind)), ("metadata", name), (key, data)])
}

/// Objects that hold every text as a text, as a block and, its start, as a key, at several depths:
/// ConfigMaps, and an object of a type that kubectl does not know and so leaves alone.
fn objects(texts: &[String], key_limit: usize) -> Vec<Yaml<'_>> {
    texts
        .chunks(8)
        .enumerate()
        .flat_map(|(at, texts)| {
            let entries =
                texts.iter().enumerate().map(move |(at, text)| (format!("key-{at}").into(), Yaml::block(text)));
            // Each object stays small, since one of its annotations may hold 256 KiB.
            let data = Yaml::Map(entries.chain([("end".into(), Yaml::text("x"))]).collect());
            let nested = Yaml::Seq(
                texts
                    .iter()
                    .map(|text| {
                        let (block, quoted) = (Yaml::block(text), Yaml::text(text));
                        let list = Yaml::Seq(vec![block.clone(), Yaml::Seq(vec![block.clone(), quoted]), map([])]);
                        let key: String = text.chars().take(key_limit).collect();
                        Yaml::Map(vec![(format!("{key}z").into(), map([("k", list)])), (key.into(), block)])
                    })
                    .collect(),
            );
            [
                object(at, "ConfigMap", "v1", "data", data),
                object(at, "Hostile", "example.com/v1", "spec", map([("list", nested), ("end", Yaml::text("x"))])),
            ]
        })
        .collect()
}

/// Returns the JSON that a reader should read the value as.
fn as_json(value: &Yaml) -> Json {
    match value {
        Yaml::Text(text) | Yaml::Block(text) => Json::String(text.to_string()),
        Yaml::Verbatim(text) => serde_json::from_str(text).unwrap(),
        Yaml::Seq(items) => items.iter().map(as_json).collect(),
        Yaml::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.to_string(), as_json(value))).collect())
        }
        Yaml::Commented(_, value) => as_json(value),
    }
}

fn stream(objects: &[Yaml]) -> String {
    objects.iter().map(emit).collect::<Vec<_>>().join("---\n")
}

/// Runs the program on the text and returns what it prints.
fn run(program: &str, args: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // On a thread of its own, since the program may print before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Compares object by object, so that a failure shows the one that differs.
fn assert_same(objects: &[Yaml], found: &[Json]) {
    assert_eq!(objects.len(), found.len());
    for (object, found) in objects.iter().zip(found) {
        assert_eq!(*found, as_json(object), "\n{}", emit(object));
    }
}

#[test]
#[ignore = "needs PyYAML"]
fn pyyaml_reads_what_was_written() {
    let texts = hostile::texts();
    let objects = objects(&texts, usize::MAX);
    let loaded: Vec<Vec<Json>> = serde_json::from_str(&run("python3", &["-c", PYYAML], &stream(&objects))).unwrap();
    for documents in loaded {
        assert_same(&objects, &documents);
    }
}

#[test]
#[ignore = "needs kubectl"]
fn kubectl_reads_what_was_written() {
    let texts = hostile::texts();
    let objects = objects(&texts, usize::MAX);
    // Of the commands that need no server this one changes the least.
    let printed = run("kubectl", &["annotate", "--local", "-o", "json", "-f", "-", "read=yes"], &stream(&objects));
    let mut found: Vec<Json> =
        serde_json::Deserializer::from_str(&printed).into_iter().collect::<Result<_, _>>().unwrap();
    for object in &mut found {
        assert_eq!(object["metadata"].as_object_mut().unwrap().remove("annotations"), Some(json!({"read": "yes"})));
    }
    assert_same(&objects, &found);
}

#[test]
#[ignore = "needs kubectl"]
fn kustomize_reads_what_was_written_and_we_read_what_it_writes() {
    // It loses the key `<<` even in quotes, and cannot read its own long keys.
    let texts: Vec<String> =
        hostile::texts().into_iter().filter(|text| !text.contains(is_lost) && text != "<<").collect();
    let objects = objects(&texts, 200);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.yaml"), stream(&objects)).unwrap();
    std::fs::write(folder.path().join("kustomization.yaml"), "resources: [all.yaml]\n").unwrap();
    let printed = run("kubectl", &["kustomize", folder.path().to_str().unwrap()], "");
    let mut found: Vec<Json> = printed
        .split("\n---\n")
        .map(|document| {
            let node = read(SourceId(0), document).unwrap_or_else(|problems| panic!("{problems:?}\n{document}"));
            as_json(&node.unwrap().to_yaml())
        })
        .collect();
    // It sorts what it prints.
    found.sort_by_key(|object| {
        let name = object["metadata"]["name"].as_str().unwrap();
        let number: usize = name.trim_start_matches("object-").parse().unwrap();
        (number, object["kind"] != "ConfigMap")
    });
    assert_same(&objects, &found);
}

/// Checks whether kustomize writes a character unescaped and then refuses to read it, reads it as a
/// space (U+0085), or takes it for a line break, which only YAML 1.1 does (U+2028 and U+2029).
fn is_lost(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}
