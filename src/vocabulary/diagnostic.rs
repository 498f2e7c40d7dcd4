//! A message to a person: what is wrong, where, and what to write instead.

use std::collections::HashSet;

use kmodgen_yaml::Span;

use super::{Invalid, Pattern, brief};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The work cannot go on.
    Error,
    /// The work goes on; someone should look.
    Warning,
    /// Nothing is wrong; an effect may not be the one that is expected.
    Note,
}

/// A place that a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    pub span: Span,
    /// Text at the place; may be empty.
    pub text: String,
    /// Set if this is the place itself, rather than context.
    pub primary: bool,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// A stable name of this kind of message, such as `unknown-key`.
    pub code: &'static str,
    pub severity: Severity,
    /// Description of the fault, a lower-case fragment.
    pub message: String,
    /// The places it is about, the first one foremost.
    pub labels: Vec<Label>,
    /// Advice: text to write instead.
    pub help: Vec<String>,
    /// Places with a secret, which no message shows.
    pub hidden: Vec<Span>,
}

impl Diagnostic {
    /// An error. Secrets in its texts are masked, and long values are cut.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: brief(message.into()),
            labels: vec![],
            help: vec![],
            hidden: vec![],
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// A note.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, message) }
    }

    /// The error of a text that is not a value of its type.
    pub fn invalid(code: &'static str, span: Span, invalid: Invalid) -> Self {
        let diagnostic = Self::error(code, invalid.message).at(span, "");
        let diagnostic = if invalid.secret { diagnostic.hide(span) } else { diagnostic };
        match invalid.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    /// Adds the place it is about.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: brief(text.into()), primary: true });
        self
    }

    /// Adds the first few of the places that it is about, each with a text, and counts the others.
    #[must_use]
    pub fn at_each(self, places: impl IntoIterator<Item = (Span, String)>) -> Self {
        let mut places = places.into_iter();
        let mut diagnostic = places.by_ref().take(PLACES).fold(self, |it, (span, text)| it.at(span, text));
        let more = places.count();
        if more > 0 {
            let places = if more == 1 { "place" } else { "places" };
            diagnostic.message = format!("{} (here, and in {more} more {places})", diagnostic.message);
        }
        diagnostic
    }

    /// Adds a place that explains.
    #[must_use]
    pub fn context(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: brief(text.into()), primary: false });
        self
    }

    /// Hides a place from all messages: there is a secret, which may not look like one.
    #[must_use]
    pub fn hide(mut self, span: Span) -> Self {
        self.hidden.push(span);
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(brief(help.into()));
        self
    }
}

impl From<kmodgen_yaml::Error> for Diagnostic {
    fn from(error: kmodgen_yaml::Error) -> Self {
        let mut diagnostic = Self::error(error.kind.code(), error.message);
        for (at, (span, label)) in error.places.into_iter().enumerate() {
            diagnostic = if at == 0 { diagnostic.at(span, label) } else { diagnostic.context(span, label) };
        }
        diagnostic.help.extend(error.help.map(|help| brief(help.to_owned())));
        diagnostic
    }
}

/// Number of places that one message shows.
const PLACES: usize = 5;

/// The most states of all patterns of one manifest or test case.
const ALL_PATTERNS: usize = 4_000_000;

/// Messages collected so far, so that one run reports them all.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    /// The size of the patterns of what is diagnosed.
    patterns: usize,
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }

    /// Adds errors in the place of those that they cause: whatever is said of the same place. Advice on what to write
    /// there is kept, and a place with a secret in it has only the error about that.
    pub fn replace_effects(&mut self, causes: Vec<Diagnostic>) {
        for mut cause in causes {
            if cause.severity == Severity::Warning {
                self.push(cause);
                continue;
            }
            let place = cause.labels.first().map(|label| label.span);
            let (effects, others): (Vec<_>, Vec<_>) =
                self.all.drain(..).partition(|d| d.labels.first().map(|label| label.span) == place);
            self.all = others;
            if effects.iter().any(|effect| !effect.hidden.is_empty()) {
                self.all.extend(effects);
                continue;
            }
            cause.help.splice(..0, effects.into_iter().next().map(|effect| effect.help).unwrap_or_default());
            self.push(cause);
        }
    }

    /// Checks whether one of this kind is about the place.
    pub fn has(&self, code: &str, place: Span) -> bool {
        self.all.iter().any(|d| d.code == code && d.labels.first().is_some_and(|label| label.span == place))
    }

    /// Checks whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.all.iter().any(|d| d.severity == Severity::Error)
    }

    /// The number of errors.
    pub fn errors(&self) -> usize {
        self.all.iter().filter(|d| d.severity == Severity::Error).count()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Counts a pattern. An error is added for the first one with which all are too large together.
    pub fn count_pattern(&mut self, pattern: &Pattern, span: Span) {
        let before = self.patterns;
        self.patterns = before.saturating_add(pattern.size());
        if before <= ALL_PATTERNS && self.patterns > ALL_PATTERNS {
            let fault = Diagnostic::error("large-patterns", "the patterns up to this one exceed the total size limit");
            self.push(fault.at(span, "").help("select kernels by labels or versions instead"));
        }
    }

    /// Returns them in the order of the places they are about, each once.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.all.sort_by_key(|d| d.labels.first().map(|l| (l.span.source, l.span.start)));
        let mut seen = HashSet::new();
        let is_new: Vec<bool> = self.all.iter().map(|diagnostic| seen.insert(diagnostic)).collect();
        let all = self.all.into_iter().zip(is_new);
        all.filter_map(|(diagnostic, is_new)| is_new.then_some(diagnostic)).collect()
    }
}

impl<D: Into<Diagnostic>> Extend<D> for Diagnostics {
    fn extend<T: IntoIterator<Item = D>>(&mut self, iter: T) {
        self.all.extend(iter.into_iter().map(Into::into));
    }
}
