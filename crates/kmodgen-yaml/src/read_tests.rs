//! Tests of the values that the reader returns for valid texts.

use std::sync::Arc;

use crate::{Node, SourceId, Yaml, read};

fn tree(text: &str) -> Arc<Node> {
    read(SourceId(0), text).unwrap().expect("a document")
}

fn written<'t>(text: &'t str, node: &Node) -> &'t str {
    &text[node.span.start..node.span.end]
}

#[test]
fn scalars_are_the_text_as_typed() {
    for plain in ["1.10", "on", "0123", "1_000", "5.14.0-427.el9_4.x86_64", "a:b", "-1", "2001-01-01", "null"] {
        let node = tree(&format!("k: {plain}"));
        let scalar = node.get("k").unwrap().as_scalar().unwrap().clone();
        assert_eq!((scalar.text.as_str(), scalar.plain), (plain, true));
    }
    for quoted in ["'on'", "\"on\"", "!!str on", "!<tag:yaml.org,2002:str> on", "|-\n  on", ">-\n  on"] {
        let node = tree(&format!("k: {quoted}"));
        let scalar = node.get("k").unwrap().as_scalar().unwrap().clone();
        assert_eq!((scalar.text.as_str(), scalar.plain), ("on", false), "{quoted}");
    }
}

#[test]
fn nothing_is_null_and_quotes_are_not() {
    for (text, null, kind) in [
        ("k:", true, "nothing"),
        ("k: ~", true, "nothing"),
        ("k: null", true, "nothing"),
        ("k: &a", true, "nothing"),
        ("k: ''", false, "a string"),
        ("k: '~'", false, "a string"),
        ("k: !!str", false, "a string"),
        ("k: x", false, "a string"),
        ("k: 12", false, "an integer"),
        ("k: 012", false, "a number"),
        ("k: 1.10", false, "a number"),
        ("k: true", false, "a boolean"),
        ("k: yes", false, "a string"),
        ("k: []", false, "a list"),
        ("k: {}", false, "a map"),
    ] {
        let node = tree(text);
        let value = node.get("k").unwrap();
        assert_eq!((value.is_null(), value.kind_name()), (null, kind), "{text}");
    }
    assert_eq!(tree("k: ").get("k").unwrap().as_scalar().unwrap().text, "");
}

#[test]
fn a_document_without_content_is_none() {
    for text in ["", "\n", "# a comment\n", "---\n", "\u{feff}", "--- # x\n...\n"] {
        assert!(read(SourceId(0), text).unwrap().is_none(), "{text:?}");
    }
    for text in ["~", "''", "--- null\n", "!!str"] {
        assert!(tree(text).as_scalar().is_some(), "{text:?}");
    }
}

fn value<'n>(mapping: &'n Node, key: &str) -> &'n Node {
    mapping.get(key).unwrap()
}

#[test]
fn spans_are_bytes() {
    for bom in ["", "\u{feff}"] {
        let text = format!(
            "{bom}ü: é # ö\nlist:\n  - \"ß ß\"\n  # ä\n  - 'x'\n\nflow: {{ä: [ö, {{}} ]}} # z\nblock: |\n  🦀\n\n  y\n\nempty:\nlast: 🦀\n"
        );
        let root = tree(&text);

        assert_eq!(written(&text, value(&root, "ü")), "é");
        assert_eq!(written(&text, value(&root, "list")), "- \"ß ß\"\n  # ä\n  - 'x'");
        assert_eq!(written(&text, &value(&root, "list").as_sequence().unwrap()[0]), "\"ß ß\"");
        assert_eq!(written(&text, value(&root, "flow")), "{ä: [ö, {} ]}");
        assert_eq!(written(&text, value(&root, "flow").get("ä").unwrap()), "[ö, {} ]");
        assert_eq!(written(&text, value(&root, "block")), "🦀\n\n  y");
        assert_eq!(written(&text, value(&root, "empty")), "");
        assert_eq!(value(&root, "empty").span.start, text.find("empty:").unwrap() + "empty:".len());
        assert_eq!(written(&text, &root), text.trim_start_matches('\u{feff}').trim_end());
        for entry in root.as_mapping().unwrap() {
            assert_eq!(&text[entry.key.span.start..entry.key.span.end], entry.key.value);
        }
    }
}

#[test]
fn aliases_share_their_node() {
    let text = "a: &x [1, &y {k: v}]\nb: *x\nc: [*y]\n*z : &z w\n".replace("*z : &z w\n", "&z w: 1\nd: *z\n");
    let root = tree(&text);
    assert!(Arc::ptr_eq(root.get("a").unwrap(), root.get("b").unwrap()));
    let y = &root.get("a").unwrap().as_sequence().unwrap()[1];
    assert!(Arc::ptr_eq(y, &root.get("c").unwrap().as_sequence().unwrap()[0]));
    assert_eq!(written(&text, root.get("b").unwrap()), "[1, &y {k: v}]");
    assert_eq!(root.get("d").unwrap().as_scalar().unwrap().text, "w");
    assert_eq!(tree("a: &k b\n*k : c\n").get("b").unwrap().as_scalar().unwrap().text, "c");
}

#[test]
fn an_anchor_may_be_given_again() {
    let root = tree("- &x 1\n- *x\n- &x 2\n- *x\n");
    let texts: Vec<_> = root.as_sequence().unwrap().iter().map(|n| n.as_scalar().unwrap().text.as_str()).collect();
    assert_eq!(texts, ["1", "1", "2", "2"]);
}

#[test]
fn line_breaks_of_windows_are_read() {
    let root = tree("a: 1\r\nb: |\r\n  x\r\n  y\r\n");
    assert_eq!(root.get("a").unwrap().as_scalar().unwrap().text, "1");
    assert_eq!(root.get("b").unwrap().as_scalar().unwrap().text, "x\ny\n");
}

fn verbatim(text: &str) -> Yaml<'static> {
    Yaml::verbatim(text.to_owned())
}

#[test]
fn conversion_keeps_what_kubernetes_types_and_quotes_the_rest() {
    for plain in ["true", "false", "0", "-1", "42", "9223372036854775807"] {
        assert_eq!(tree(plain).to_yaml(), verbatim(plain));
        assert_eq!(tree(&format!("'{plain}'")).to_yaml(), Yaml::text(plain));
    }
    for null in ["~", "null", "Null"] {
        assert_eq!(tree(null).to_yaml(), verbatim("null"));
    }
    for text in ["1.10", "on", "yes", "True", "0123", "1_000", "0x1", "+1", "-0", "1e3", "9223372036854775808", "a"] {
        assert_eq!(tree(text).to_yaml(), Yaml::text(text));
    }
    assert_eq!(
        tree("a:\nb: [1, x]\nc: {}\nd: |\n  x\n  y\n").to_yaml(),
        Yaml::Map(vec![
            ("a".into(), verbatim("null")),
            ("b".into(), Yaml::Seq(vec![verbatim("1"), Yaml::text("x")])),
            ("c".into(), Yaml::Map(vec![])),
            ("d".into(), Yaml::block("x\ny\n")),
        ])
    );
}

#[test]
fn references_need_no_quotes_between_braces() {
    let text = "{dir: /lib/${KERNEL_VERSION}/build, b: [${X}]}";
    let node = tree(text);
    assert_eq!(node.get("dir").unwrap().as_scalar().unwrap().text, "/lib/${KERNEL_VERSION}/build");
    assert_eq!(node.get("b").unwrap().as_sequence().unwrap()[0].as_scalar().unwrap().text, "${X}");
}
