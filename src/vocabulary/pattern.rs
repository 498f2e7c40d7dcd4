//! Patterns over whole kernel releases.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use regex::Regex;

use super::{Invalid, KernelRelease};

/// A regular expression that must match the whole text.
///
/// KMM's own `regexp` is unanchored, and mappings that match too much are a known field mistake.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// Compiled when it is first asked for: most patterns of a run that has little to do never are.
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern that is no regular expression, or one too large to compile.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = |error: &dyn fmt::Display| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            Invalid::new(format!("`{}` is not a regular expression: {reason}", text.escape_debug()))
                .help(r"it must match a whole release, such as `5\.14\..*`; a literal `.` or `+` is `\.` or `\+`")
        };
        // The pattern is parsed on its own: `a)(b` is only well formed once anchored.
        regex_syntax::parse(text).map_err(|error| refuse(&error))?;
        let regex = OnceLock::new();
        if !is_small(text) {
            let compiled = anchored(text).map_err(|error| refuse(&error))?;
            regex.get_or_init(|| Some(compiled));
        }
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The patterns of a text that is a pattern, or a release as it is: as a pattern, `…+rt` would not
    /// match itself.
    pub fn of_release(text: &str) -> Vec<Result<Self, Invalid>> {
        let literal = KernelRelease::parse(text).ok().map(|_| Self::parse(&regex::escape(text)));
        std::iter::once(Self::parse(text)).chain(literal).collect()
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        let regex = self.regex.get_or_init(|| anchored(&self.text).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Whether it selects `text` where a person names things: what is written as it is means itself.
    /// As a pattern, a release that ends in `+rt` would not match itself.
    pub fn selects(&self, text: &str) -> bool {
        self.text == text || self.matches(text)
    }
}

/// Whether a pattern is sure not to be too large to compile: without a counted repetition, no character
/// stands for more than a class of all letters does.
fn is_small(text: &str) -> bool {
    text.len() <= 100 && !text.contains('{')
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
    let regex = Regex::new(&format!(r"\A(?:{text})\z"))?;
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
    fn what_is_written_as_it_is_means_itself() {
        let pattern = Pattern::parse("5.14.0-1.x86_64+rt").unwrap();
        assert!(!pattern.matches("5.14.0-1.x86_64+rt"));
        assert!(pattern.selects("5.14.0-1.x86_64+rt"));
        assert!(!pattern.selects("5.14.0-1.x86_64+rt.1"));
    }

    #[test]
    fn what_is_too_large_to_compile_is_refused() {
        let error = Pattern::parse(r"\w{1000}{1000}").unwrap_err();
        assert!(error.message.contains("size limit"), "{}", error.message);
        let largest =
            [r"\w".repeat(50), r"(?i)\W*".to_owned() + &r"\W*".repeat(31), "(?:".repeat(25) + &")".repeat(25)];
        for text in largest {
            assert!(is_small(&text), "{text}");
            assert!(Pattern::parse(&text).is_ok() && anchored(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_pattern_cannot_escape_its_anchors() {
        assert!(Pattern::parse("a)|(b").is_err());
        assert!(Pattern::parse("*").is_err());
    }
}
