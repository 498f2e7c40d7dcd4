//! Tests of the text that the emitter writes, and that our own reader reads the same values from it.

use proptest::prelude::*;

use crate::{Node, SourceId, Value, Yaml, emit, hostile, inline, read};

fn text(text: &str) -> Yaml<'_> {
    Yaml::text(text)
}

fn block(text: &str) -> Yaml<'_> {
    Yaml::block(text)
}

fn map<'v, const N: usize>(entries: [(&'v str, Yaml<'v>); N]) -> Yaml<'v> {
    Yaml::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// The tree as the emitter's type, every scalar a [`Yaml::Text`].
fn texts_of(node: &Node) -> Yaml<'static> {
    match &node.value {
        Value::Scalar(scalar) => Yaml::text(scalar.text.clone()),
        Value::Sequence(items) => Yaml::Seq(items.iter().map(|item| texts_of(item)).collect()),
        Value::Mapping(entries) => {
            Yaml::Map(entries.iter().map(|entry| (entry.key.value.clone().into(), texts_of(&entry.value))).collect())
        }
    }
}

fn blocks_as_texts<'v>(value: &Yaml<'v>) -> Yaml<'v> {
    match value {
        Yaml::Text(text) | Yaml::Block(text) | Yaml::Verbatim(text) => Yaml::text(text.clone()),
        Yaml::Seq(items) => Yaml::Seq(items.iter().map(blocks_as_texts).collect()),
        Yaml::Map(entries) => Yaml::Map(entries.iter().map(|(k, v)| (k.clone(), blocks_as_texts(v))).collect()),
        Yaml::Commented(_, value) => blocks_as_texts(value),
    }
}

fn read_back(yaml: &str) -> Yaml<'static> {
    let node = read(SourceId(0), yaml).unwrap_or_else(|e| panic!("{e:?} in\n{yaml}"));
    texts_of(&node.expect("a document"))
}

#[test]
fn the_layout_is_the_one_people_write() {
    let value = map([
        ("kind", text("ConfigMap")),
        ("number", Yaml::verbatim("3")),
        ("on", Yaml::Seq(vec![])),
        ("data", map([("dockerfile", block("FROM a\n\nRUN b\n")), ("empty", map([]))])),
        (
            "items",
            Yaml::Seq(vec![
                map([("a", text("b")), ("c", block("  d\ne"))]),
                Yaml::Seq(vec![text("f"), Yaml::Seq(vec![text("g")])]),
                block("h\n\n"),
                text("i"),
            ]),
        ),
    ]);
    let expected = r#"
kind: ConfigMap
number: 3
"on": []
data:
  dockerfile: |
    FROM a

    RUN b
  empty: {}
items:
  - a: b
    c: |2-
        d
      e
  - - f
    - - g
  - |+
    h

  - i
"#;
    assert_eq!(emit(&value), expected[1..]);
}

#[test]
fn comments_are_above_items() {
    let items =
        || vec![map([("a", text("b"))]).commented("first"), text("c"), block("d\n\n").commented("x\ny: \u{85}z")];
    let value = map([("items", Yaml::Seq(items())), ("key", text("e").commented("lost"))]);
    let yaml = emit(&value);
    assert_eq!(yaml, "items:\n  # first\n  - a: b\n  - c\n  # xy: z\n  - |+\n    d\n\nkey: e\n",);
    assert_eq!(read_back(&yaml), blocks_as_texts(&value));
    let nested = Yaml::Seq(vec![Yaml::Seq(items()).commented("outer")]);
    assert_eq!(read_back(&emit(&nested)), blocks_as_texts(&nested));
    assert!(emit(&nested).starts_with("# outer\n- - a: b\n  - c\n  # xy: z\n"), "{}", emit(&nested));
}

#[test]
fn keys_are_plain_only_where_all_readers_agree() {
    for key in ["a", "spec", "kmm.node.kubernetes.io/version-label", "a_b-c", "yes1", "e1", "No.1"] {
        assert_eq!(emit(&map([(key, text(""))])), format!("{key}: \"\"\n"));
    }
    for key in ["", "y", "No", "TRUE", "null", "1", "1e3", "0x1", ".inf", "<<", "=", "a b", "a:", "é", "-", "_", "a\nb"]
    {
        assert!(emit(&map([(key, text(""))])).starts_with('"'), "{key:?}");
    }
}

#[test]
fn values_are_plain_only_where_all_readers_agree() {
    for value in [
        "a",
        "Module",
        "kmm.sigs.x-k8s.io/v1beta1",
        "registry.example.com:5000/kmods/a:5.14.0-427.28.1.el9_4.x86_64-0123",
        "quay.io/a@sha256:0123",
        "5.14.0-427.81.1.el9_4.x86_64+rt",
        "6.1.0-28-amd64",
        "KVER=1",
        "yes1",
        "nulls",
    ] {
        assert_eq!(emit(&map([("a", text(value))])), format!("a: {value}\n"));
    }
    for value in [
        "",
        "y",
        "No",
        "TRUE",
        "null",
        "~",
        "1",
        "1.5",
        "1e3",
        "0x1",
        "1_000",
        "12:30",
        "2001-01-01",
        ".inf",
        "<<",
        "=",
        "a:",
        "a b",
        "-a",
        "a,b",
        "[a",
        "{a",
        "#a",
        "a#b",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "@a",
        "`a",
        "%a",
        "'a",
        "é",
        "5.14.0:1",
        "1.2.3:4",
    ] {
        let quoted = format!("a: \"{value}\"\n");
        assert_eq!(emit(&map([("a", text(value))])), quoted);
    }
}

#[test]
fn blocks_that_are_not_safe_are_quoted() {
    for unsafe_text in
        ["", "a b", "\n", "\n\n", "a\r\nb", "a\u{85}\n", "a\n\u{feff}b", "\u{2028}\n", "a\n\0", "a\n\u{7f}"]
    {
        assert!(emit(&map([("a", block(unsafe_text))])).starts_with("a: \""), "{unsafe_text:?}");
    }
}

#[test]
fn escapes_stand_for_what_readers_refuse() {
    assert_eq!(
        emit(&text("\"\\\n\t\r\0\u{1b}\u{7f}\u{85}\u{2028}\u{feff}\u{ffff}\u{1fffe} é🦀")),
        "\"\\\"\\\\\\n\\t\\r\\x00\\x1b\\x7f\\x85\\u2028\\ufeff\\uffff\\U0001fffe é🦀\"\n"
    );
}

#[test]
fn long_keys_are_written_as_explicit_ones() {
    let long = "é ".repeat(3_000);
    let value = map([("a", map([(&long, text("x")), ("b", map([(&long, Yaml::Seq(vec![text("y")]))]))]))]);
    let yaml = emit(&value);
    assert!(yaml.starts_with("a:\n  ? \"é"), "{yaml}");
    assert_eq!(read_back(&yaml), value);
}

#[test]
fn every_hostile_text_comes_back() {
    for hostile in hostile::texts() {
        for value in [text(&hostile), block(&hostile), map([(&hostile, block(&hostile)), ("z z", text(&hostile))])] {
            let yaml = emit(&Yaml::Seq(vec![value.clone(), map([("after", value.clone())]), text("end")]));
            let expected = blocks_as_texts(&value);
            let after = map([("after", expected.clone())]);
            assert_eq!(read_back(&yaml), Yaml::Seq(vec![expected, after, text("end")]), "{yaml}");
        }
    }
}

proptest! {
    #[test]
    fn every_value_comes_back(value in hostile::value()) {
        let yaml = emit(&value);
        prop_assert!(yaml.ends_with('\n'));
        prop_assert_eq!(read_back(&yaml), blocks_as_texts(&value), "{}", yaml);
    }
}

/// A version of two numbers is a number to YAML's readers, and loses its zeros: `1.10` is 1.1.
#[test]
fn an_inline_text_is_quoted_if_it_can_be_a_number() {
    for plain in ["el9_4", "5.14.0", "5.14.0-427.28.1.el9_4.x86_64+rt", "1.2.3~rc1"] {
        assert_eq!(inline(plain), plain);
    }
    for quoted in ["1.10", "9", "1.2.3 ", "", "yes"] {
        assert_eq!(inline(quoted), format!("\"{quoted}\""));
    }
}
