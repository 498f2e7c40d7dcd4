//! Patterns over whole kernel releases.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, OnceLock, PoisonError};

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::{Invalid, KernelRelease};

/// A regular expression that must match the whole text.
///
/// KMM's own `regexp` is unanchored, and mappings that match too much are a known field mistake. Releases and names are
/// ASCII, and so are `\d`, `\w` and `\b`, as in Go.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    size: usize,
    /// A part of each text that matches; empty if none is known.
    part: Box<[u8]>,
    /// Compiled when it is first asked for: most patterns of a run that has little to do never are.
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern that is no regular expression, or one too large to compile.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        // The pattern is parsed on its own: `a)(b` is only well formed once anchored.
        let parsed = parse(text).map_err(|reason| {
            Invalid::new(format!("`{}` is not a regular expression: {reason}", text.escape_debug()))
                .help(r"it must match a whole release, such as `5\.14\..*`; a literal `.` or `+` is `\.` or `\+`")
        })?;
        let size = size_of(&parsed);
        if size > LARGEST {
            return Err(Invalid::new(format!("`{}` exceeds the size limit of patterns", text.escape_debug()))
                .help("use fewer repetitions"));
        }
        Ok(Self { text: text.to_owned(), size, part: part_of(&parsed).into(), regex: OnceLock::new() })
    }

    /// The number of states that the pattern compiles to, at most.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The patterns of a text that is a pattern, or a release as it is: as a pattern, `…+rt` would not
    /// match itself.
    pub fn of_release(text: &str) -> Vec<Result<Self, Invalid>> {
        let literal = KernelRelease::parse(text).ok().map(|_| Self::parse(&regex::escape(text)));
        std::iter::once(Self::parse(text)).chain(literal).collect()
    }

    /// Finds the pattern that was meant by one which matches none of `releases`: as a release, as a glob, or
    /// as a part of a release; `None` if none of these matches one either.
    pub fn meant(&self, releases: &[&str]) -> Option<String> {
        let text = self.text.as_str();
        let is_escaped = text.contains('\\');
        let as_glob = if is_escaped { text.to_owned() } else { glob(text) };
        let forms = [
            as_glob.clone(),
            format!("{as_glob}.*"),
            format!(".*{as_glob}.*"),
            format!("{text}.*"),
            format!(".*{text}.*"),
        ];
        forms
            .into_iter()
            .find(|form| Self::parse(form).is_ok_and(|pattern| releases.iter().any(|r| pattern.matches(r))))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Checks whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        // To find a few bytes takes a tenth of the time.
        if memmem::find(text.as_bytes(), &self.part).is_none() {
            return false;
        }
        let regex = self.regex.get_or_init(|| anchored(&self.text).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text.as_bytes()))
    }

    /// Checks whether the pattern selects a name in a list; a text that is written as a name selects itself.
    /// As a pattern, a release that ends in `+rt` would not match itself.
    pub fn selects(&self, text: &str) -> bool {
        self.text == text || self.matches(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// The most states of a pattern.
const LARGEST: usize = 100_000;

/// The most bytes of a compiled pattern, which [`LARGEST`] states never reach.
const COMPILED_SIZE: usize = 32 << 20;

/// The most bytes that matching one keeps; what needs more is matched without.
const CACHED: usize = 32 << 10;

/// Parses an expression for bytes, which needs no tables of Unicode.
///
/// # Errors
/// What is wrong with it.
fn parse(text: &str) -> Result<Hir, String> {
    let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(text).map_err(|error| {
        let text = error.to_string();
        text.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned()
    })?;
    match parsed.properties().look_set().contains_word_unicode() {
        true => Err("`(?u)` is not supported".to_owned()),
        false => Ok(parsed),
    }
}

/// Compiles an expression for bytes.
///
/// # Errors
/// An expression that is none, or is too large.
pub(super) fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(false).size_limit(COMPILED_SIZE).dfa_size_limit(CACHED).build()
}

/// Bounds the states that a pattern compiles to. It is not compiled for that: a large one takes long.
fn size_of(pattern: &Hir) -> usize {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        // A range of characters is at most a handful of ranges of bytes.
        HirKind::Class(Class::Unicode(class)) => class.ranges().len() * 4,
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Repetition(repeat) => {
            let times = repeat.max.unwrap_or(repeat.min.saturating_add(1)).max(1);
            size_of(&repeat.sub).saturating_add(1).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => size_of(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(parts.len(), |sum, part| sum.saturating_add(size_of(part)))
        }
    }
}

/// Returns the longest run of bytes that each text has which matches; empty if none is known.
fn part_of(pattern: &Hir) -> &[u8] {
    match pattern.kind() {
        HirKind::Literal(literal) => &literal.0,
        HirKind::Capture(capture) => part_of(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(part_of).max_by_key(|part| part.len()).unwrap_or_default(),
        _ => &[],
    }
}

/// Translates a glob: `*` and `?` are wildcards, and everything else stands for itself.
fn glob(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        match c {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            '.' | '+' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => pattern.extend(['\\', c]),
            _ => pattern.push(c),
        }
    }
    pattern
}

/// Compiles a pattern for whole texts. Many modules ask for the same kernels, and to compile takes
/// longer than to match: each pattern is compiled once.
fn anchored(text: &str) -> Result<Regex, regex::Error> {
    static COMPILED: Mutex<Option<HashMap<String, Regex>>> = Mutex::new(None);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = compiled.get_or_insert_default();
    if let Some(regex) = compiled.get(text) {
        return Ok(regex.clone());
    }
    let regex = compile(&format!(r"\A(?:{text})\z"))?;
    compiled.insert(text.to_owned(), regex.clone());
    Ok(regex)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        let pattern = Pattern::parse(r"5\.14|6\.12").unwrap();
        assert!(pattern.matches("5.14"));
        assert!(!pattern.matches("5.14.0"));
        assert!(!pattern.matches("x6.12"));
        assert!(!Pattern::parse("a").unwrap().matches("a\n"));
    }

    #[test]
    fn texts_that_match_have_the_part() {
        for (pattern, part) in [
            (r".*\+rt", "+rt"),
            (r".*\.lab(0|1)\..*", ".lab"),
            (r"(5\.14\.0-(427|570).*)", "5.14.0-"),
            (r"(?i)el9.*x86_64", "86_64"),
            (r"a?b+|c", ""),
            (r"(ab)*c", "c"),
            ("", ""),
        ] {
            let parsed = parse(pattern).unwrap();
            assert_eq!(String::from_utf8_lossy(part_of(&parsed)), part, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_part_refuses_no_text_that_matches(pattern in "[ab.*+?|()]{1,8}", text in "[ab]{0,6}") {
            let Ok(pattern) = Pattern::parse(&pattern) else { return Ok(()) };
            prop_assert_eq!(pattern.matches(&text), anchored(&pattern.text).unwrap().is_match(text.as_bytes()));
        }
    }

    #[test]
    fn what_is_written_as_it_is_means_itself() {
        let pattern = Pattern::parse("5.14.0-1.x86_64+rt").unwrap();
        assert!(!pattern.matches("5.14.0-1.x86_64+rt"));
        assert!(pattern.selects("5.14.0-1.x86_64+rt"));
        assert!(!pattern.selects("5.14.0-1.x86_64+rt.1"));
    }

    #[test]
    fn what_was_meant_matches_a_release() {
        let releases = ["5.14.0-427.28.1.el9_4.x86_64", "5.14.0-427.81.1.el9_4.x86_64+rt"];
        for (text, meant) in [
            ("5.14*", Some(r"5\.14.*")),
            ("5.14.*el9_5", None),
            ("5.14.0-427.28.1.*.x86_64+rt", None),
            ("5.14.0-427.81.1.el9_4.x86_64+rt", Some(r"5\.14\.0-427\.81\.1\.el9_4\.x86_64\+rt")),
            ("5.1?.0-427*+rt", Some(r"5\.1.\.0-427.*\+rt")),
            ("5.14", Some(r"5\.14.*")),
            ("el9_4", Some(".*el9_4.*")),
            (r"5\.14\.", Some(r"5\.14\..*")),
            (r"el9_[45]", Some(".*el9_[45].*")),
            ("6.12", None),
        ] {
            assert_eq!(Pattern::parse(text).unwrap().meant(&releases).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn what_is_too_large_to_compile_is_refused() {
        for text in
            [r"\w{1000}{1000}", r"(a{999}){999}", r"((.{9}){99}){99}", r"((?i)\W{999}){99}", r"([[:alpha:]]|\d){99999}"]
        {
            let error = Pattern::parse(text).unwrap_err();
            assert!(error.message.contains("size limit") && error.help.is_some(), "{}", error.message);
        }
    }

    #[test]
    fn what_is_not_refused_compiles() {
        for part in [
            r"\w",
            r"\W",
            r"(?i)\w",
            "[[:alpha:]]*",
            "[^a]",
            "é",
            ".",
            "a",
            "(?i)k",
            "x{7}|y{0,5}",
            "(?:)",
            "(a|b|c)*?",
            r"\d+\b",
        ] {
            let mut repeated = (1..2000).rev().map(|times| format!("(?:{part}){{{times}}}"));
            let text = repeated.find(|text| Pattern::parse(text).is_ok()).unwrap();
            assert!(anchored(&text).is_ok(), "{text}");
        }
        let deep = "(?:".repeat(200) + &")".repeat(200);
        assert!(Pattern::parse(&deep).is_ok() && anchored(&deep).is_ok());
    }

    #[test]
    fn a_pattern_cannot_escape_its_anchors() {
        assert!(Pattern::parse("a)|(b").is_err());
        assert!(Pattern::parse("*").is_err());
    }

    #[test]
    fn patterns_are_for_ascii() {
        assert!(Pattern::parse(r"(?i)EL\d_\w+\b.*").unwrap().matches("el9_4.x86_64"));
        assert!(!Pattern::parse(r"\d").unwrap().matches("٣"));
        for text in [r"(?u)a\b", r"\pL", "[é]"] {
            let error = Pattern::parse(text).unwrap_err();
            assert!(error.message.contains("is not a regular expression"), "{}", error.message);
        }
    }
}
