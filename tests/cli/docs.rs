//! The documentation: every command in it runs, and every piece of a manifest in it is right.
//!
//! trycmd was looked at for this and does not fit: it runs only programs of this crate, and the
//! README says `cargo run`; its commands cannot follow one another in one folder; and it knows
//! nothing of the manifests between them. So a page is read from top to bottom, in a folder of
//! its own with a copy of the examples:
//!
//! - a block `LANGUAGE file=PATH` is written to that file;
//! - a block `console` has commands after `$ ` and, below each, what it prints on both streams;
//!   each must end well;
//! - a block `yaml part=manifest` or `yaml part=module` has fields that replace those of a small
//!   manifest or of its module, and the whole must generate;
//! - a block `yaml refused=TEXT` is such fields of the manifest, and is refused with that text.
//!
//! A table after `<!-- fields of RECORD -->` or `<!-- fields with variables -->` is made from the manifest's schema. All
//! that follows `<!-- help of kmodgen COMMAND -->` or `<!-- commands -->` is made from the declarations of the commands, and what follows
//! `<!-- rules -->` from the rules of `lint`.
//!
//! `cargo` is a stand-in that runs the program under test. After a change of what commands print,
//! `KMODGEN_DOCS=overwrite cargo test --locked docs::` writes the pages again; with `KMODGEN_DOCS_PAGE=docs/lock.md`,
//! this page alone.

mod commands;
pub(crate) mod page;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kmodgen::adapters::ui;
use kmodgen::manifest::MANIFEST;
use kmodgen::manifest::schema::{Record, Shape};
use kmodgen::test_cases::{ASSERTION, CASE};
use kmodgen::vocabulary::SourceMap;
use kmodgen_yaml::Node;
use page::{Page, ROOT, completed};

/// The list of the site's pages.
const SUMMARY: &str = "docs/SUMMARY.md";

/// The record of that name.
fn described(name: &str) -> &'static Record {
    let record = MANIFEST.all().into_iter().chain(CASE.all()).find(|record| record.name == name);
    record.unwrap_or_else(|| panic!("no record is called {name}"))
}

/// Tries a page out; gives its text as it should be, and how many blocks were tried.
fn try_out(name: &str, text: &str) -> (String, usize) {
    // Only the README has commands that ask a server: other pages show what happens without one.
    let page = if name == "README.md" { Page::new().with_server() } else { Page::new() };
    let (mut right, mut tried) = (String::new(), 0);
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let _ = writeln!(right, "{line}");
        if let Some(rest) = commands::generated(line) {
            right.push_str(&rest);
            break;
        }
        let record = line.strip_prefix("<!-- fields of ").and_then(|rest| rest.strip_suffix(" -->"));
        let table = match record {
            Some(record) => Some(described(record).table()),
            None if line == "<!-- rules -->" => Some(kmodgen::lint::index()),
            None => (line == "<!-- fields with variables -->").then(|| MANIFEST.table_of_variables()),
        };
        if let Some(table) = table {
            right.push_str(&table);
            while lines.clone().next().is_some_and(|(_, line)| line.starts_with('|')) {
                lines.next();
            }
            continue;
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let block: String = block.iter().map(|line| format!("{line}\n")).collect();
        let place = format!("{name}:{}", at + 1);
        let (language, attribute) = info.split_once(' ').unwrap_or((info, ""));
        let mut block_right = block.clone();
        match (language, attribute.split_once('=')) {
            ("console", None) => block_right = page.console(&place, &block),
            ("yaml", Some(("part", part @ ("manifest" | "module")))) => page.part(&place, part, &block, None),
            ("yaml", Some(("refused", text))) => page.part(&place, "manifest", &block, Some(text)),
            (_, Some(("file", path))) => page.write(path, &block),
            // A person reads these, and nothing runs them.
            ("text" | "json", None) => {}
            _ => panic!("{place}: nothing tries out a block `{info}`"),
        }
        tried += usize::from(!matches!(language, "text" | "json"));
        let _ = writeln!(right, "{block_right}```");
    }
    (right, tried)
}

/// The Markdown files in a folder and those below it.
fn pages_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pages = entries.flat_map(|path| if path.is_dir() { pages_below(&path) } else { vec![path] });
    let mut pages: Vec<_> = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.sort();
    pages
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let mut pages = pages_below(&root.join("docs"));
    // The pages of rules have files that are wrong; tests/cli/lint.rs checks them.
    let is_of_rule = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("KMG"));
    pages.retain(|path| !path.ends_with(SUMMARY) && !is_of_rule(path));
    assert!(pages.len() >= 4, "{pages:?}");
    let others = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md"];
    pages.extend(others.map(|page| root.join(page)));
    pages
}

#[test]
fn every_block_of_every_page_is_right() {
    let mut all = 0;
    let only = std::env::var("KMODGEN_DOCS_PAGE").ok();
    for path in pages() {
        let name = path.strip_prefix(ROOT).unwrap().display().to_string();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let (right, tried) = try_out(&name, &text);
        all += tried;
        if std::env::var("KMODGEN_DOCS").is_ok_and(|value| value == "overwrite") {
            fs::write(&path, right).unwrap();
        } else {
            assert!(text == right, "{}", ui::unified(&name, Some(&text), Some(&right)));
        }
    }
    assert!(all > 25 || only.is_some(), "only {all} blocks were tried");
}

/// The project's Markdown files, without those of the build.
fn markdown_files() -> Vec<PathBuf> {
    let mut files = pages();
    let root = Path::new(ROOT);
    files.extend(["CHANGELOG.md", SUMMARY].map(|file| root.join(file)));
    for folder in fs::read_dir(root.join("crates")).unwrap() {
        files.push(folder.unwrap().path().join("README.md"));
    }
    files
}

/// The lines of a page that are not in a code block.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .scan(false, |in_block, line| {
            let fence = line.starts_with("```");
            *in_block ^= fence;
            Some((!fence && !*in_block).then_some(line))
        })
        .flatten()
}

/// The addresses of the links of a page.
fn links_of(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
}

/// The anchors of a page's headings, as forges make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let letters = heading.trim_start_matches('#').trim().chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then(|| letter.to_ascii_lowercase()),
        });
        letters.collect()
    };
    headings.map(anchor).collect()
}

/// Every relative link leads to a file of this repository, and to a heading if it has an anchor.
#[test]
fn links_lead_somewhere() {
    let (mut links, mut to_headings) = (0, 0);
    for path in markdown_files() {
        let text = fs::read_to_string(&path).unwrap();
        for link in links_of(&text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", path.display());
            links += 1;
            if let Some(anchor) = anchor {
                let anchors = anchors(&fs::read_to_string(&target).unwrap());
                assert!(anchors.iter().any(|it| it == anchor), "{}: {link} is none of {anchors:?}", path.display());
                to_headings += 1;
            }
        }
    }
    assert!(links > 60 && to_headings > 20, "only {links} links were found, {to_headings} to headings");
}

/// The site has each page once.
#[test]
fn every_page_is_in_the_summary() {
    let summary = Path::new(ROOT).join(SUMMARY);
    let text = fs::read_to_string(&summary).unwrap();
    let listed: Vec<_> =
        links_of(&text).map(|link| summary.parent().unwrap().join(link).canonicalize().unwrap()).collect();
    let mut wrong = pages();
    wrong.retain(|page| listed.iter().filter(|path| **path == page.canonicalize().unwrap()).count() != 1);
    assert!(wrong.is_empty(), "{SUMMARY} must list these pages once: {wrong:?}");
}

/// Paths that ARCHITECTURE.md and CONTRIBUTING.md name exist: from the root, or below `src/`.
#[test]
fn paths_in_the_pages_on_the_code_exist() {
    let root = Path::new(ROOT);
    let mut paths = 0;
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let code = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).flat_map(str::split_whitespace);
        let is_path = |word: &&str| {
            (word.contains('/') || word.ends_with(".rs"))
                && !word.contains(['*', '{', '=', '$'])
                && !word.starts_with("..")
        };
        for path in code.filter(is_path).filter(|path| !path.starts_with("target/")) {
            assert!(root.join(path).exists() || root.join("src").join(path).exists(), "{page}: {path}");
            paths += 1;
        }
    }
    assert!(paths > 40, "only {paths} paths were found");
}

/// What docs/manifest.md calls not built yet is refused as such: a table with a place of the
/// manifest and its keys in each line.
#[test]
fn what_is_not_supported_is_rejected_as_such() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/manifest.md")).unwrap();
    let table = text.split("## Not supported").nth(1).unwrap();
    let page = Page::new();
    let mut keys = 0;
    for row in table.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for key in cells[2].split('`').skip(1).step_by(2) {
            let (part, fields) = match cells[1] {
                "the manifest" => ("manifest", format!("{key}: x\n")),
                "a source" => {
                    let source = format!("{{git: https://git.example.com/driver.git, ref: main, {key}: x}}");
                    ("manifest", format!("sources:\n  driver: {source}\n"))
                }
                "a module" => ("module", format!("{key}: x\n")),
                "`when`" => ("module", format!("overrides: [{{when: {{{key}: x}}}}]\n")),
                "`steps`" => ("module", format!("steps: [{{{key}: x}}]\n")),
                "`make` and `kbuild`" => ("module", format!("steps: [{{make: {{{key}: x}}}}]\n")),
                "`install`" => ("module", format!("install: {{{key}: x}}\n")),
                "`moduleSpec`" => ("module", format!("moduleSpec: {{{key}: x}}\n")),
                place => panic!("{place}?"),
            };
            page.part("docs/manifest.md", part, &fields, Some(&format!("`{key}` is not built yet")));
            keys += 1;
        }
    }
    assert!(keys > 0, "the table has no keys");
}

/// The manual has a table of every record of the manifest, and an example of every field, if several records have it
/// in one of them.
#[test]
fn every_field_of_the_manifest_is_described_and_shown() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/manifest.md")).unwrap();
    let mut shown = Vec::new();
    for block in text.split("```yaml part=").skip(1) {
        let (info, block) = block.split_once('\n').unwrap();
        let manifest = completed(info, block.split("```").next().unwrap());
        let source = SourceMap::default().add("block", manifest.as_str());
        look_through(&kmodgen_yaml::read(source, &manifest).unwrap().unwrap(), &MANIFEST, &mut shown);
    }
    for record in MANIFEST.all() {
        assert!(text.contains(&format!("<!-- fields of {} -->", record.name)), "no table of {}", record.name);
        for field in record.fields {
            let is_field = |other: &Record| other.field(field.key).is_some_and(|other| other.says == field.says);
            let mut records = MANIFEST.all().into_iter().filter(|other| is_field(other));
            let is_shown = records.any(|record| is_shown(&shown, record, field.key));
            assert!(is_shown, "no example of {}: {}", record.name, field.key);
        }
    }
}

/// So it is with what is a test case's alone.
#[test]
fn every_field_of_a_test_case_is_described_and_shown() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/testing.md")).unwrap();
    let mut shown = Vec::new();
    for block in text.split("```yaml file=").skip(1).filter(|block| block.lines().next().unwrap().contains("tests/")) {
        let case = block.split("```").next().unwrap().split_once('\n').unwrap().1;
        let source = SourceMap::default().add("block", case);
        look_through(&kmodgen_yaml::read(source, case).unwrap().unwrap(), &CASE, &mut shown);
    }
    for record in [&CASE, &ASSERTION] {
        assert!(text.contains(&format!("<!-- fields of {} -->", record.name)), "no table of {}", record.name);
        for field in record.fields {
            assert!(is_shown(&shown, record, field.key), "no example of {}: {}", record.name, field.key);
        }
    }
}

/// Returns whether an example has a field; `when` and `unless` mean the same in all records.
fn is_shown(shown: &[(&str, &str)], record: &Record, key: &str) -> bool {
    let means_the_same = matches!(key, "when" | "unless");
    shown.iter().any(|(name, shown)| *shown == key && (means_the_same || *name == record.name))
}

/// Notes which fields an example has.
fn look_through(node: &Node, record: &'static Record, shown: &mut Vec<(&'static str, &'static str)>) {
    for entry in node.as_mapping().unwrap() {
        let field = record.field(&entry.key.value).unwrap_or_else(|| panic!("{}: {}", record.name, entry.key.value));
        shown.push((record.name, field.key));
        look_into(&entry.value, &field.takes, shown);
    }
}

fn look_into(node: &Node, shape: &'static Shape, shown: &mut Vec<(&'static str, &'static str)>) {
    match shape {
        Shape::List(inner) | Shape::OneOrList(inner) if node.as_sequence().is_some() => {
            node.as_sequence().unwrap().iter().for_each(|item| look_into(item, inner, shown));
        }
        Shape::OneOrList(inner) => look_into(node, inner, shown),
        Shape::Named(inner) => {
            node.as_mapping().unwrap().iter().for_each(|entry| look_into(&entry.value, inner, shown));
        }
        Shape::Record(record) | Shape::TextOr(record) if node.as_mapping().is_some() => {
            look_through(node, record, shown);
        }
        Shape::Either(shapes) => {
            if let Some(shape) = shapes.iter().find(|shape| fits(node, shape)) {
                look_into(node, shape, shown);
            }
        }
        _ => {}
    }
}

/// Whether an example is of a shape, as far as its kind and keys tell.
fn fits(node: &Node, shape: &Shape) -> bool {
    match shape {
        Shape::List(_) => node.as_sequence().is_some(),
        Shape::Record(record) => node
            .as_mapping()
            .is_some_and(|entries| entries.iter().all(|entry| record.field(&entry.key.value).is_some())),
        Shape::TextOr(record) => node.as_scalar().is_some() || fits(node, &Shape::Record(record)),
        Shape::Text | Shape::Expanding(_) | Shape::Bool | Shape::Int | Shape::OneOf(_) => node.as_scalar().is_some(),
        _ => true,
    }
}
