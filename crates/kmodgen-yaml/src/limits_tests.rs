//! Tests that no text, however nested or repeated, costs the reader more than a bounded effort.

use crate::{SourceId, emit, read};

/// The codes of what is wrong with the text.
fn codes(text: &str) -> Vec<&'static str> {
    match read(SourceId(0), text) {
        Ok(_) => vec![],
        Err(problems) => {
            for (span, _) in problems.iter().flat_map(|problem| &problem.places) {
                assert!(text.get(span.start..span.end).is_some(), "{span:?}");
            }
            problems.iter().map(|problem| problem.kind.code()).collect()
        }
    }
}

/// A mapping of `levels` keys, each of which holds nine aliases of the one before.
fn billion_laughs(levels: usize) -> String {
    let mut text = "a0: &a0 lol\n".to_owned();
    for level in 1..=levels {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    text
}

#[test]
fn aliases_count_as_what_they_stand_for() {
    assert!(codes(&billion_laughs(6)).is_empty());
    assert_eq!(codes(&billion_laughs(10)), ["yaml-too-large"]);
    assert_eq!(codes(&billion_laughs(60)), ["yaml-too-large"]);
    let long_text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 1_000].join(", "));
    assert_eq!(codes(&long_text), ["yaml-too-large"]);
}

#[test]
fn depth_is_limited_with_aliases_written_out() {
    let mut text = "- &a0 x\n".to_owned();
    for level in 1..100 {
        text.push_str(&format!("- &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(codes(&text), ["yaml-too-deep"]);
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}x{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn sixty_four_levels_are_read_and_no_more() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        assert!(codes(&nested(open, close, 64)).is_empty());
        assert_eq!(codes(&nested(open, close, 65)), ["yaml-too-deep"]);
        assert_eq!(codes(&nested(open, close, 20_000)), ["yaml-too-deep"]);
    }
    assert!(codes(&format!("{}x", "- ".repeat(64))).is_empty());
    assert!(codes(&format!("{}{}", "- ".repeat(32), nested("[", "]", 32))).is_empty());
    assert_eq!(codes(&format!("{}{}", "- ".repeat(33), nested("[", "]", 33))), ["yaml-too-deep"]);
}

#[test]
fn endless_nesting_is_refused_in_every_form() {
    for opener in ["[", "{", "- ", "? ", "{a: ", "[a, ", "- [", "? - ", "!a [", "&a [", "[\n", "[ [", "[{"] {
        let text = opener.repeat(20_000);
        assert!(!codes(&text).is_empty(), "{opener}");
    }
    // The text grows with the square of the depth.
    let keys: String = (0..2_000).map(|depth| format!("{:depth$}a:\n", "")).collect();
    assert_eq!(codes(&keys), ["yaml-too-deep"]);
    let items: String = (0..2_000).map(|depth| format!("{:depth$}-\n", "")).collect();
    assert_eq!(codes(&items), ["yaml-too-deep"]);
}

#[test]
fn the_deepest_tree_can_be_converted_and_written() {
    let text = format!("{}x{}", "[".repeat(64), "]".repeat(64));
    let node = read(SourceId(0), &text).unwrap().unwrap();
    assert_eq!(emit(&node.to_yaml()), format!("{}x\n", "- ".repeat(64)));
}

#[test]
fn many_keys_are_compared_once_each() {
    let mut text: String = (0..50_000).map(|n| format!("key-{n}: x\n")).collect();
    assert!(codes(&text).is_empty());
    text.push_str("key-0: x\nkey-49999: x\n");
    assert_eq!(codes(&text), ["yaml-duplicate-key"; 2]);
}
