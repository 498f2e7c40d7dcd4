//! Expansion of words.

use crate::expand::{ExpandError, Lookup, expand};

fn lookup(name: &str) -> Lookup<'static> {
    match name {
        "x" => Lookup::Set("foobarbaz"),
        "e" => Lookup::Set(""),
        "u" => Lookup::Unset,
        _ => Lookup::Undeclared,
    }
}

fn value(word: &str) -> String {
    expand(word, '\\', &lookup).unwrap_or_else(|error| panic!("{word}: {error}")).value
}

#[test]
fn words_have_the_values_that_buildkit_gives_them() {
    let cases = [
        ("a$x", "afoobarbaz"),
        ("${x}y", "foobarbazy"),
        ("'$x'", "$x"),
        ("\"$x'\"", "foobarbaz'"),
        ("\\$x", "$x"),
        ("\"\\$x\\a\"", "$x\\a"),
        ("$", "$"),
        ("$1", ""),
        ("${e:-d}", "d"),
        ("${e-d}", ""),
        ("${n:-a${x}}", "afoobarbaz"),
        ("${x:+y}", "y"),
        ("${n:+y}", ""),
        ("${x#foo}", "barbaz"),
        ("${x#*ba}", "rbaz"),
        ("${x##*ba}", "z"),
        ("${x%ba*}", "foobar"),
        ("${x%%ba*}", "foo"),
        ("${x%z}", "foobarba"),
        ("${x/ba/X}", "fooXrbaz"),
        ("${x//ba/X}", "fooXrXz"),
        ("${x//?a/X}", "fooXrXz"),
        ("${x#nothing}", "foobarbaz"),
    ];
    for (word, expected) in cases {
        assert_eq!(value(word), expected, "{word}");
    }
    assert_eq!(expand("a`$x", '`', &lookup).unwrap().value, "a$x");
}

#[test]
fn names_without_a_value_are_reported() {
    let expanded = expand("$n ${u} ${n:-x} \"$m\"", '\\', &lookup).unwrap();
    assert_eq!(expanded.undeclared, [("n".into(), 0..2), ("m".into(), 17..19)]);
    assert_eq!(expanded.unset, [("u".into(), 3..7)]);
}

#[test]
fn bad_words_are_errors() {
    let required = ExpandError::Required { name: "n".into(), message: "no n".into() };
    let cases = [
        ("\"a", ExpandError::Unterminated('"')),
        ("'a", ExpandError::Unterminated('\'')),
        ("${x", ExpandError::Unterminated('}')),
        ("${x:-a", ExpandError::Unterminated('}')),
        ("${}", ExpandError::BadSubstitution),
        ("${x^}", ExpandError::BadSubstitution),
        ("${n:?no n}", required),
    ];
    for (word, expected) in cases {
        assert_eq!(expand(word, '\\', &lookup).unwrap_err(), expected, "{word}");
    }
    assert_eq!(expand(&"${x:-".repeat(1_000_000), '\\', &lookup).unwrap_err(), ExpandError::TooDeep);
}
