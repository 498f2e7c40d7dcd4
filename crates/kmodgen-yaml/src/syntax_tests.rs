//! Tests of the errors that the reader reports for invalid texts, and of the places that they point at.

use proptest::prelude::*;

use crate::{Error, SourceId, hostile, read};

fn problems(text: &str) -> Vec<Error> {
    read(SourceId(0), text).expect_err(text)
}

/// Checks the only problem of a text: its code, the text under its first label, words of its
/// message, and words of its advice.
fn check(text: &str, code: &str, label: &str, message: &str, help: &str) {
    let [problem] = &problems(text)[..] else { panic!("{text:?}: {:#?}", problems(text)) };
    let span = problem.places[0].0;
    assert_eq!((problem.kind.code(), &text[span.start..span.end]), (code, label), "{text:?}: {problem:?}");
    assert!(problem.message.contains(message), "{text:?}: {problem:?}");
    assert!(problem.help.unwrap_or_default().contains(help), "{text:?}: {problem:?}");
}

#[test]
fn tabs() {
    for text in ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n", "a:\n  - x\n\t- y\n", "é: é\nb:\n\tc: 1\n"] {
        check(text, "yaml-syntax", "\t", "a tab is used for indentation", "spaces");
    }
}

#[test]
fn quotes() {
    check("a: \"open\nb: 1\n", "yaml-syntax", "\"", "never closed", "same quote");
    check("é: 'open\nb: 1\n", "yaml-syntax", "'", "never closed", "same quote");
    check("a: 'x' y\n", "yaml-syntax", "y", "after the closing quote", "one pair of quotes");
    check(r#"a: "x\\\q""#, "yaml-syntax", r"\q", "unknown escape", "single quotes");
    check("a: \"é\\é\"", "yaml-syntax", "\\é", "unknown escape", "");
    check(r#"a: "\ud800""#, "yaml-syntax", "\"", "is not a character", "");
}

#[test]
fn colons() {
    check("a: 1\nkey:value\nb: 2\n", "yaml-syntax", ":", "no space after", "`key: value`");
    check("a:\n  - key:value\n    b: 2\n", "yaml-syntax", ":", "no space after", "`key: value`");
    check("a: foo: bar\n", "yaml-syntax", ":", "inside an unquoted string", "quote");
    check("u: see https://x: y\n", "yaml-syntax", ":", "inside an unquoted string", "quote");
    check("a: 1\n  b: 2\n", "yaml-syntax", ":", "not valid here", "indent");
    check("a:\n    b: 1\n  c: 2\n", "yaml-syntax", "c", "not valid here", "indent");
    check("a: 1\nword\nb: 1\n", "yaml-syntax", "word", "not valid here", "`: `");
}

#[test]
fn brackets_and_lists() {
    check("a: {x: 1\n", "yaml-syntax", "{", "`{` is never closed", "quote");
    check("a: [1}\n", "yaml-syntax", "[", "`[` is closed by `}`", "");
    check("a: ]\n", "yaml-syntax", "]", "unexpected closing bracket", "quote");
    check("a: - b\n", "yaml-syntax", "-", "cannot start here", "next line");
    check("- a\nb: 1\n", "yaml-syntax", "b", "not an item", "`- `");
    check("a: [- x]\n", "yaml-syntax", "-", "inside brackets", "commas");
    for text in ["a: [[x] z]\n", "a: {x: [y] z}\n"] {
        check(text, "yaml-syntax", "z", "expected a comma or closing bracket", "commas");
    }
}

#[test]
fn texts_of_several_lines() {
    for (text, label) in [("a: | x\n", "|"), ("a: >x\n", ">x"), ("a: |0\n  x\n", "|0")] {
        check(text, "yaml-syntax", label, "starts on the next line", "starts with `|` or `>`");
    }
    check("a: |\n    \n  x\n", "yaml-syntax", "x", "too little or too much", "indent");
    check("a: \"x\n---\n\"\n", "yaml-syntax", "\"", "still open at a line", "same quote");
    check("a: 1\n... x\n", "yaml-syntax", "x", "after the `...`", "");
    check("'a'\nb\n", "yaml-syntax", "b", "expected the end of the document", "indent");
}

#[test]
fn characters() {
    check("a: @x\n", "yaml-syntax", "@x", "cannot start with `@`", "quote");
    for text in ["a: & x\n", "a: * x\n"] {
        check(text, "yaml-syntax", &text[3..4], "has no name", "starts with `&` or `*`");
    }
    for tag in ["!<x", "!e!x", "!!!"] {
        check(&format!("a: {tag} 1\n"), "yaml-syntax", tag, "invalid tag", "starts with `!`");
    }
    check("\"c\"#d: 1\n", "yaml-syntax", "#", "no space before", "");
    check("é: b\0c\nd: 1\n", "yaml-syntax", "\0", "U+0000", "escape");
    check("a: 'é\u{1b}'\n", "yaml-syntax", "\u{1b}", "U+001B", "escape");
    check("# \u{ffff}\n", "yaml-syntax", "\u{ffff}", "U+FFFF", "escape");
    check("a: 1\n\u{feff}b: 1\n", "yaml-syntax", "\u{feff}b", "byte order mark", "remove");
}

#[test]
fn conflict_markers() {
    let text = "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n";
    check(text, "yaml-syntax", "<<<<<<<", "conflict", "resolve");
    check(&text[5..], "yaml-syntax", "<<<<<<<", "conflict", "resolve");
}

#[test]
fn what_is_left_out_of_yaml() {
    check("a: 1\n---\nb: 1\n", "yaml-documents", "---", "more than one document", "split");
    check("a: 1\n...\nb: 1\n", "yaml-documents", "b", "more than one document", "split");
    check("a:\n  <<: {b: 1}\n", "yaml-merge-key", "<<", "merge keys", "alias");
    check("a: !!int 3\n", "yaml-tag", "!!int", "`!!int`", "remove");
    check("a: ! 3\n", "yaml-tag", "!", "`!`", "remove");
    check("a: !vault [x]\n", "yaml-tag", "!vault", "`!vault`", "quote");
    check("a: !!str {}\n", "yaml-tag", "!!str", "", "");
    check("? [a]\n: b\n", "yaml-key", "[a]", "must be a string", "");
    check("a: {{ x }}\n", "yaml-key", "{ x }", "must be a string", "starts with `{{`");
    check(": b\n", "yaml-key", "", "missing", "\"\"");
    check("a: *b\n", "yaml-alias", "*b", "`&b`", "quote");
    check("a: &b [*b]\n", "yaml-alias", "*b", "inside its own anchor", "");
}

#[test]
fn duplicates_are_told_with_both_places() {
    let text = "é: 1\nb: {x: 1, x: 2}\n\"é\": 2\né: 3\n";
    let found: Vec<_> = problems(text)
        .iter()
        .map(|problem| {
            assert_eq!(problem.kind.code(), "yaml-duplicate-key");
            (problem.places[0].0.start, problem.places[1].0.start)
        })
        .collect();
    assert_eq!(found, [(16, 10), (22, 0), (30, 0)]);
}

#[test]
fn everything_is_reported_in_one_read() {
    let codes: Vec<_> = problems("a: !x 1\na: *y\n<<: {}\n[b]: 1\nc: \"\n").iter().map(|p| p.kind.code()).collect();
    assert_eq!(codes, ["yaml-tag", "yaml-alias", "yaml-merge-key", "yaml-key", "yaml-syntax"]);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_or_point_outside(pieces in proptest::collection::vec(hostile::text(), 0..6)) {
        let text = pieces.concat();
        if let Err(problems) = read(SourceId(0), &text) {
            for (span, _) in problems.iter().flat_map(|problem| &problem.places) {
                prop_assert!(text.get(span.start..span.end).is_some(), "{span:?}");
            }
        }
    }
}
