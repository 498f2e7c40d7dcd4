//! Patterns over whole kernel releases.

use std::fmt;

use regex::Regex;

use super::{Invalid, KernelRelease};

/// A regular expression that must match the whole text.
///
/// KMM's own `regexp` is unanchored, and mappings that match too much are a known field mistake.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern that is no regular expression, or one too large to compile.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        // The pattern is compiled on its own first: `a)(b` is only well formed once anchored.
        Regex::new(text)
            .and_then(|_| Regex::new(&format!(r"\A(?:{text})\z")))
            .map(|regex| Self { text: text.to_owned(), regex })
            .map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
                Invalid::new(format!("`{}` is not a regular expression: {reason}", text.escape_debug()))
                    .help(r"it must match a whole release, such as `5\.14\..*`; a literal `.` or `+` is `\.` or `\+`")
            })
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
        self.regex.is_match(text)
    }

    /// Whether it selects `text` where a person names things: what is written as it is means itself.
    /// As a pattern, a release that ends in `+rt` would not match itself.
    pub fn selects(&self, text: &str) -> bool {
        self.text == text || self.matches(text)
    }
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
    fn a_pattern_cannot_escape_its_anchors() {
        assert!(Pattern::parse("a)|(b").is_err());
        assert!(Pattern::parse("*").is_err());
    }
}
