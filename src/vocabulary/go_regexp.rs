//! Regular expressions that Go's `regexp` reads as Rust's `regex` does.
//!
//! KMM matches `regexp` mappings with Go's RE2 syntax (<https://pkg.go.dev/regexp/syntax>), kmodgen checks them
//! with Rust's. Only what means the same in both is allowed.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, ClassSet, ClassSetItem, ClassUnicodeKind, Flag, Flags, FlagsItemKind, GroupKind,
    HexLiteralKind, Literal, LiteralKind, RepetitionKind, RepetitionRange, Span, SpecialLiteralKind,
};

use regex::bytes::Regex;

use super::pattern::compile;
use super::{Invalid, Pattern};

/// Most repetitions that Go counts, those of nested counts multiplied.
const MOST: u64 = 1000;

/// A regular expression that KMM matches anywhere in a kernel release.
#[derive(Debug, Clone)]
pub struct GoRegexp(Regex);

impl GoRegexp {
    /// Compiles an expression.
    ///
    /// # Errors
    /// An expression that is none, is too large, or that Go refuses or reads as another one.
    pub fn parse(pattern: &str) -> Result<Self, Invalid> {
        Pattern::parse(pattern)?;
        check(pattern)?;
        let too_large = |_| Invalid::new(format!("`{}` exceeds the size limit of patterns", pattern.escape_debug()));
        compile(pattern).map(Self).map_err(too_large)
    }

    /// Checks whether a part of the release matches.
    pub fn is_match(&self, release: &str) -> bool {
        self.0.is_match(release.as_bytes())
    }
}

/// Returns a pattern that matches as a whole the texts in which KMM finds a match of `regexp`: lines without a line feed.
/// The text is returned as it is if Rust does not read it.
pub fn as_whole(regexp: &str) -> String {
    let Ok(ast) = Parser::new().parse(regexp) else { return regexp.to_owned() };
    let parts = match &ast {
        Ast::Concat(concat) => &concat.asts[..],
        one => std::slice::from_ref(one),
    };
    // Flags hold up to the end of their group, and an alternative is one only within a group.
    if parts.iter().any(|part| matches!(part, Ast::Flags(_) | Ast::Alternation(_) | Ast::Empty(_))) {
        return if regexp.is_empty() { ".*".to_owned() } else { format!(".*(?:{regexp}).*") };
    }
    let starts =
        parts.first().is_some_and(|part| is_anchor(part, &[AssertionKind::StartLine, AssertionKind::StartText]));
    let ends = parts.last().is_some_and(|part| is_anchor(part, &[AssertionKind::EndLine, AssertionKind::EndText]));
    let end = parts.len() - usize::from(ends && parts.len() > usize::from(starts));
    let inner = &parts[usize::from(starts)..end];
    let text = match (inner.first(), inner.last()) {
        (Some(first), Some(last)) => &regexp[first.span().start.offset..last.span().end.offset],
        _ => "",
    };
    let before = if starts || inner.first().is_some_and(is_anything) { "" } else { ".*" };
    let after = if ends || inner.last().is_some_and(is_anything) { "" } else { ".*" };
    format!("{before}{text}{after}")
}

fn is_anchor(part: &Ast, kinds: &[AssertionKind]) -> bool {
    matches!(part, Ast::Assertion(assertion) if kinds.contains(&assertion.kind))
}

/// Returns whether a part is `.*`.
fn is_anything(part: &Ast) -> bool {
    matches!(part, Ast::Repetition(repetition)
        if matches!(&*repetition.ast, Ast::Dot(_)) && matches!(repetition.op.kind, RepetitionKind::ZeroOrMore))
}

/// Checks a pattern that Rust reads.
///
/// # Errors
/// A pattern that Go refuses, or reads as another one.
pub fn check(pattern: &str) -> Result<(), Invalid> {
    let Ok(ast) = Parser::new().parse(pattern) else { return Ok(()) };
    let mut names = Vec::new();
    visit(&ast, 1, &mut names).map_err(|(span, why)| {
        let part = pattern[span.start.offset..span.end.offset].escape_debug();
        Invalid::new(format!("KMM reads `{part}` of this pattern differently: {why}"))
            .help("write it with literals, `.`, `[…]`, `(…)`, `|`, `*`, `+`, `?`, `{N}`, `\\d` and `\\w`")
    })
}

type Refused = (Span, &'static str);

fn visit(ast: &Ast, times: u64, names: &mut Vec<String>) -> Result<(), Refused> {
    match ast {
        Ast::Empty(_) | Ast::Dot(_) => Ok(()),
        Ast::Flags(set) => flags(&set.flags),
        Ast::Literal(literal) => self::literal(literal),
        Ast::Assertion(assertion) => self::assertion(assertion),
        Ast::ClassUnicode(class) => unicode(class.span, &class.kind),
        Ast::ClassPerl(_) => Ok(()),
        Ast::ClassBracketed(class) => self::class(&class.kind),
        Ast::Repetition(repetition) => {
            let mut times = times;
            if let RepetitionKind::Range(range) = &repetition.op.kind {
                let most = match range {
                    RepetitionRange::Exactly(most)
                    | RepetitionRange::AtLeast(most)
                    | RepetitionRange::Bounded(_, most) => *most,
                };
                times = times.saturating_mul(u64::from(most).max(1));
                if times > MOST {
                    return Err((repetition.op.span, "Go repeats at most 1000 times"));
                }
                let text_length = repetition.op.span.end.offset - repetition.op.span.start.offset;
                if text_length > canonical_length(range) + usize::from(!repetition.greedy) {
                    return Err((repetition.op.span, "Go reads a count with spaces or leading zeros as text"));
                }
            }
            if matches!(&*repetition.ast, Ast::Repetition(_)) {
                return Err((repetition.span, "Go rejects a repetition of a repetition: write a group"));
            }
            if matches!(&*repetition.ast, Ast::Flags(_) | Ast::Empty(_)) {
                return Err((repetition.span, "there is nothing to repeat"));
            }
            visit(&repetition.ast, times, names)
        }
        Ast::Group(group) => {
            match &group.kind {
                GroupKind::CaptureIndex(_) => {}
                GroupKind::CaptureName { name, .. } => {
                    fn legal(c: char) -> bool {
                        c.is_ascii_alphanumeric() || c == '_'
                    }
                    if !name.name.chars().all(legal) {
                        return Err((name.span, "Go allows only letters, digits and `_` in the name of a group"));
                    }
                    // `(?<name>…)` came with Go 1.22 only.
                    if group.span.start.offset + 3 == name.span.start.offset {
                        return Err((group.span, "older KMM versions require `(?P<name>…)`"));
                    }
                    names.push(name.name.clone());
                }
                GroupKind::NonCapturing(set) => flags(set)?,
            }
            visit(&group.ast, times, names)
        }
        Ast::Alternation(alternation) => alternation.asts.iter().try_for_each(|ast| visit(ast, times, names)),
        Ast::Concat(concat) => concat.asts.iter().try_for_each(|ast| visit(ast, times, names)),
    }
}

/// The length of a count as Go reads it.
fn canonical_length(range: &RepetitionRange) -> usize {
    match range {
        RepetitionRange::Exactly(n) => format!("{{{n}}}").len(),
        RepetitionRange::AtLeast(n) => format!("{{{n},}}").len(),
        RepetitionRange::Bounded(least, most) => format!("{{{least},{most}}}").len(),
    }
}

fn flags(set: &Flags) -> Result<(), Refused> {
    for item in &set.items {
        match item.kind {
            FlagsItemKind::Negation
            | FlagsItemKind::Flag(
                Flag::CaseInsensitive | Flag::MultiLine | Flag::DotMatchesNewLine | Flag::SwapGreed,
            ) => {}
            FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF | Flag::IgnoreWhitespace) => {
                return Err((item.span, "Go has no such flag"));
            }
        }
    }
    Ok(())
}

fn literal(literal: &Literal) -> Result<(), Refused> {
    let why = match &literal.kind {
        // A release is ASCII: of anything else, case and classes differ.
        LiteralKind::Verbatim | LiteralKind::Meta | LiteralKind::Superfluous if !literal.c.is_ascii() => {
            "a kernel release is ASCII"
        }
        LiteralKind::Verbatim | LiteralKind::Meta => return Ok(()),
        LiteralKind::Superfluous if literal.c.is_ascii_punctuation() => return Ok(()),
        LiteralKind::Superfluous => "Go has no such escape",
        LiteralKind::Octal => "Go reads octal escapes differently",
        LiteralKind::HexFixed(HexLiteralKind::X) | LiteralKind::HexBrace(HexLiteralKind::X) => return Ok(()),
        LiteralKind::HexFixed(_) | LiteralKind::HexBrace(_) => "Go has only `\\x{…}`",
        LiteralKind::Special(SpecialLiteralKind::Space) => "Go has no such escape",
        LiteralKind::Special(_) => return Ok(()),
    };
    Err((literal.span, why))
}

fn assertion(assertion: &Assertion) -> Result<(), Refused> {
    match assertion.kind {
        AssertionKind::StartLine
        | AssertionKind::EndLine
        | AssertionKind::StartText
        | AssertionKind::EndText
        | AssertionKind::WordBoundary
        | AssertionKind::NotWordBoundary => Ok(()),
        _ => Err((assertion.span, "Go has no such boundary")),
    }
}

fn unicode(span: Span, kind: &ClassUnicodeKind) -> Result<(), Refused> {
    const CATEGORIES: [&str; 30] = [
        "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf",
        "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zs", "Cc",
    ];
    let name = match kind {
        ClassUnicodeKind::OneLetter(letter) => letter.to_string(),
        ClassUnicodeKind::Named(name) => name.clone(),
        ClassUnicodeKind::NamedValue { .. } => return Err((span, "Go has no `\\p{name=value}`")),
    };
    if CATEGORIES.contains(&name.as_str()) {
        return Ok(());
    }
    Err((span, "Go has classes such as `\\p{Lu}`, by their short names"))
}

fn class(set: &ClassSet) -> Result<(), Refused> {
    match set {
        ClassSet::BinaryOp(op) => Err((op.span, "Go has no `&&`, `--` and `~~` in a class")),
        ClassSet::Item(item) => class_item(item),
    }
}

fn class_item(item: &ClassSetItem) -> Result<(), Refused> {
    match item {
        ClassSetItem::Empty(_) | ClassSetItem::Ascii(_) | ClassSetItem::Perl(_) => Ok(()),
        ClassSetItem::Literal(literal) => self::literal(literal),
        ClassSetItem::Range(range) => literal(&range.start).and_then(|()| literal(&range.end)),
        ClassSetItem::Unicode(class) => unicode(class.span, &class.kind),
        ClassSetItem::Bracketed(class) => Err((class.span, "Go has no class in a class")),
        ClassSetItem::Union(union) => union.items.iter().try_for_each(class_item),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn anchors_and_their_absence_are_kept() {
        for (regexp, whole) in [
            ("^.+$", ".+"),
            (".*", ".*"),
            ("^.*\\.x86_64$", ".*\\.x86_64"),
            ("el9_4", ".*el9_4.*"),
            ("^5\\.14", "5\\.14.*"),
            ("rt$", ".*rt"),
            ("^a|b$", ".*(?:^a|b$).*"),
            ("(?i)^A", ".*(?:(?i)^A).*"),
            ("^(a|b)$", "(a|b)"),
            ("", ".*"),
            ("^", ".*"),
            ("$", ".*"),
            ("^$", ""),
            ("a", ".*a.*"),
        ] {
            assert_eq!(as_whole(regexp), whole, "{regexp}");
        }
    }

    proptest! {
        #[test]
        fn a_whole_pattern_matches_the_same_texts(
            regexp in r"\^?([ab.]|[ab]\*|\.\*|\(a\|b\)|\[ab\]|\(\?i\)|\||\\b|\$|\^|A){0,6}\$?",
            text in "[abA.]{0,6}",
        ) {
            let Ok(compiled) = GoRegexp::parse(&regexp) else { return Ok(()) };
            let whole = Pattern::parse(&as_whole(&regexp)).unwrap();
            prop_assert_eq!(whole.matches(&text), compiled.is_match(&text), "{} as {}", regexp, whole);
        }
    }

    #[test]
    fn what_means_the_same_is_taken() {
        for pattern in [
            r"5\.14\..*",
            r"[0-9]+\.el9_\d\.x86_64",
            r"(?i)a|b",
            "(?:a)",
            "(?P<x>a)",
            "a{1,1000}",
            "a{2}?",
            "a*?",
            r"\x41\x{42}",
            r"[[:alpha:]\d_.+-]",
            r"[^a-z]",
            r"\bA\B",
            r"\Aa\z",
            "(?s:.)",
            "(?m)^a$",
            "(?U)a+",
            "",
            "a|",
            r"\-\+\.\~\!",
            r"\pL\p{Lu}\PN",
            "(a{30}){30}",
            r"\t",
        ] {
            assert!(regex_syntax::parse(pattern).is_ok(), "{pattern}");
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn what_go_refuses_or_reads_otherwise_is_refused() {
        for pattern in [
            r"(?x) 5\.14",
            "(?x: a)",
            "(?u)a",
            "(?-u)a",
            "(?R)a",
            "a{1,2000}",
            "a{1001}",
            "(a{100}){100}",
            "a**",
            "a+*",
            "a{2}{3}",
            "[a&&b]",
            "[a--b]",
            "[a~~b]",
            "[a[b]]",
            r"\u0034",
            r"\u{34}",
            r"\U00000034",
            r"\b{start}",
            r"\b{end}",
            r"\b{start-half}",
            r"\<a",
            r"a\>",
            r"\p{Greek}",
            r"\p{gc=Lu}",
            r"\p{Letter}",
            r"\p{Cyrillic}",
            r"\p{sc=Greek}",
            "(?<x>a)",
            r"\ä",
            "ä",
            "[ä-ü]",
            "(?P<x.y>a)",
            "a{ 2 }",
            "a{02}",
            "a{1, 2}",
        ] {
            // What Rust refuses is told by the pattern's own check.
            if regex_syntax::parse(pattern).is_ok() || pattern.contains('p') {
                assert!(check(pattern).is_err(), "{pattern}");
            }
        }
    }
}
