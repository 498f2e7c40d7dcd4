//! Variables in every string field of the manifest: each expands them, or refuses them with the fields that do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use kmodgen::manifest::MANIFEST;
use kmodgen::manifest::schema::{Record, Shape, Variables};
use kmodgen::vocabulary::SourceMap;
use kmodgen_yaml::{Node, Value};

use crate::docs::page::{Page, ROOT, completed};

/// A string of an example: its field, the manifest that has it, and the place there.
struct Carrier {
    field: (&'static str, String),
    variables: Option<Variables>,
    manifest: String,
    place: std::ops::Range<usize>,
    text: String,
}

impl Carrier {
    /// The manifest with other text in the string.
    fn with(&self, text: &str) -> String {
        let (before, after) = (&self.manifest[..self.place.start], &self.manifest[self.place.end..]);
        format!("{before}{}{after}", kmodgen_yaml::flow(text, false))
    }
}

/// The strings of all examples of the manual, and a folder with the files that they name.
fn carriers() -> (Page, Vec<Carrier>) {
    let manual = fs::read_to_string(Path::new(ROOT).join("docs/manifest.md")).unwrap();
    // All that is for older kernels is for those of the examples, and none of them has a builder with headers.
    let manual = manual.replace(r"'4\.18\..*'", "'.*'").replace("template: kernel-devel", "template: dtk");
    let (page, mut found) = (Page::new(), Vec::new());
    for block in manual.split("\n```").filter(|block| block.contains(['=']) && !block.starts_with('\n')) {
        let (info, block) = block.split_once('\n').unwrap();
        let block = format!("{block}\n");
        if let Some((_, path)) = info.split_once(" file=") {
            page.write(path, &block);
        } else if let Some((_, part)) = info.split_once(" part=") {
            let manifest = completed(part, &block);
            let source = SourceMap::default().add("block", manifest.as_str());
            let node = kmodgen_yaml::read(source, &manifest).unwrap().unwrap();
            in_record(&node, &MANIFEST, &manifest, &mut found);
        }
    }
    (page, found)
}

fn in_record(node: &Node, record: &'static Record, manifest: &str, found: &mut Vec<Carrier>) {
    for entry in node.as_mapping().unwrap() {
        let field = record.field(&entry.key.value).unwrap();
        in_shape(&entry.value, &field.takes, (record.name, field.key), manifest, found);
    }
}

fn in_shape(
    node: &Node,
    shape: &'static Shape,
    (record, key): (&'static str, &str),
    manifest: &str,
    found: &mut Vec<Carrier>,
) {
    let field = (record, key);
    match (shape, &node.value) {
        (Shape::Expanding(variables), _) => in_strings(node, field, Some(*variables), manifest, found),
        (Shape::Text | Shape::TextMap | Shape::Kubernetes(_), _) => in_strings(node, field, None, manifest, found),
        (Shape::List(inner) | Shape::OneOrList(inner), Value::Sequence(items)) => {
            items.iter().for_each(|item| in_shape(item, inner, field, manifest, found));
        }
        (Shape::OneOrList(inner), _) => in_shape(node, inner, field, manifest, found),
        (Shape::Named(inner), Value::Mapping(entries)) => {
            entries.iter().for_each(|entry| in_shape(&entry.value, inner, field, manifest, found));
        }
        (Shape::TextOr(record), Value::Scalar(_)) => {
            let first = &record.fields[0];
            in_shape(node, &first.takes, (record.name, first.key), manifest, found);
        }
        (Shape::Record(record) | Shape::TextOr(record), Value::Mapping(_)) => in_record(node, record, manifest, found),
        (Shape::Either(shapes), value) => {
            let is_meant = |shape: &&Shape| match (shape, value) {
                (Shape::List(_), Value::Sequence(_)) | (Shape::TextOr(_), Value::Scalar(_)) => true,
                (Shape::Named(_), Value::Mapping(_)) => true,
                (Shape::Record(record) | Shape::TextOr(record), Value::Mapping(entries)) => {
                    entries.iter().all(|entry| record.field(&entry.key.value).is_some())
                }
                _ => false,
            };
            shapes.iter().filter(is_meant).for_each(|shape| in_shape(node, shape, field, manifest, found));
        }
        _ => {}
    }
}

fn in_strings(
    node: &Node,
    (record, key): (&'static str, &str),
    variables: Option<Variables>,
    manifest: &str,
    found: &mut Vec<Carrier>,
) {
    match &node.value {
        Value::Scalar(scalar) => {
            let place = node.span.start..node.span.end;
            let manifest = manifest.to_owned();
            let field = (record, key.to_owned());
            found.push(Carrier { field, variables, manifest, place, text: scalar.text.clone() });
        }
        Value::Sequence(items) => {
            items.iter().for_each(|item| in_strings(item, (record, key), variables, manifest, found));
        }
        Value::Mapping(entries) => {
            for entry in entries {
                let key = if variables.is_none() { entry.key.value.as_str() } else { key };
                in_strings(&entry.value, (record, key), variables, manifest, found);
            }
        }
    }
}

/// Runs `generate`; gives its messages, and whether it ended well.
fn generate(page: &Page, manifest: &str) -> (String, bool) {
    page.write("part/kmodgen.yaml", manifest);
    page.write("part/kmodgen.lock", crate::docs::page::LOCK);
    page.run("rm -rf out; cd part && kmodgen generate --offline -o ../out --format json >/dev/null")
}

/// Field whose strings KMM takes as they are: a build argument of a mapping.
const KEPT: (&str, &str) = ("`mapping`", "value");

#[test]
fn every_string_expands_variables_or_refuses_them() {
    let (page, carriers) = carriers();
    let mut fields: BTreeMap<_, Vec<&Carrier>> = BTreeMap::new();
    for carrier in &carriers {
        fields.entry(&carrier.field).or_default().push(carrier);
    }
    assert!(fields.len() > 120, "only {} fields were tried", fields.len());
    let mut wrong = Vec::new();
    for (field, carriers) in &fields {
        match carriers[0].variables {
            None => {
                let (said, fine) =
                    generate(&page, &carriers[0].with(&format!("{}${{KERNEL_VERSION}}", carriers[0].text)));
                let is_one = said.matches("error[").count() == 1 && said.contains("error[misplaced-variable]");
                // What may be a secret is not shown.
                let is_hidden = said.contains("***") && said.matches("error[").count() == 1;
                if (field.0, field.1.as_str()) == KEPT {
                    if !fine || !said.contains("KMM does not expand") {
                        wrong.push(format!("{field:?} is to keep it, with a warning: {said}"));
                    }
                } else if fine || !(is_one && said.contains("it expands in `") || is_hidden) {
                    wrong.push(format!("{field:?} is to refuse it: {said}"));
                }
            }
            Some(variables) => {
                let faults: Vec<String> =
                    carriers.iter().filter_map(|carrier| expands(&page, carrier, variables).err()).collect();
                if faults.len() == carriers.len() {
                    wrong.push(format!("{field:?} is to expand it:\n{}", faults.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} fields:\n{}", wrong.len(), wrong.join("\n"));
}

/// Puts a variable into a string, and checks that every output that has the string has it expanded.
fn expands(page: &Page, carrier: &Carrier, variables: Variables) -> Result<(), String> {
    let manifest = carrier.with(&format!("{}-zq${{KERNEL_VERSION}}", carrier.text));
    let (said, fine) = generate(page, &manifest);
    if !fine {
        // A checksum can be right for one kernel only, so the file is another one for each.
        return if said.contains("differs for each kernel") { Ok(()) } else { Err(said) };
    }
    let (files, _) = page.run("grep -rhF zq out --include=Dockerfile --include=module.yaml");
    for line in files.lines() {
        for (at, _) in line.match_indices("zq") {
            let rest = &line[at + 2..];
            let by_shell = rest.trim_start_matches('"').starts_with("${KERNEL_VERSION}")
                && (variables == Variables::Script || line[..at].matches('\'').count() % 2 == 0);
            let by_kmm = rest.starts_with("${KERNEL_VERSION}") && line.trim_start().starts_with("containerImage:");
            if !rest.starts_with("5.14.0-") && !by_shell && !by_kmm {
                return Err(line.to_owned());
            }
        }
    }
    // Aliases are in no file.
    if files.is_empty() && carrier.field.1 != "aliases" { Err(format!("nothing has it: {manifest}")) } else { Ok(()) }
}

/// The fields of which each is tried are all that the schema has.
#[test]
fn every_string_field_is_tried() {
    let (_, carriers) = carriers();
    let tried: BTreeSet<(&str, &str)> =
        carriers.iter().map(|carrier| (carrier.field.0, carrier.field.1.as_str())).collect();
    for record in MANIFEST.all() {
        for (key, _) in record.expanding() {
            let is_same = |other: &&Record| other.field(key).is_some_and(|field| Some(field.says) == says(record, key));
            let mut records = MANIFEST.all().into_iter();
            assert!(
                records.any(|other| is_same(&other) && tried.contains(&(other.name, key))),
                "{}: {key} is not tried",
                record.name
            );
        }
    }
}

fn says(record: &Record, key: &str) -> Option<&'static str> {
    record.field(key).map(|field| field.says)
}
