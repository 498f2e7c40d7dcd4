//! Errors in a template, with their place in the template.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::vocabulary::{Diagnostic, SourceMap, Span};

/// A failed rendering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateFault {
    /// The template as the manifest or another template calls it.
    pub name: String,
    /// Its text, where it could be read.
    pub text: Option<String>,
    /// The bytes of the text that it is about.
    pub range: Option<Range<usize>>,
    pub message: String,
    pub help: Option<String>,
    /// Rule of `kmodgen lint` that the template breaks.
    #[serde(skip)]
    pub rule: Option<&'static str>,
    /// Set if the template exceeded a limit: to render it for another mapping would take as long.
    pub limit: bool,
}

impl TemplateFault {
    /// Converts an error of the engine; `asked_for` is the template that was rendered.
    pub fn from_error(error: &minijinja::Error, asked_for: &str) -> Self {
        // The innermost error knows best: an include that fails is reported where it fails.
        let mut innermost = error;
        while let Some(inner) = std::error::Error::source(innermost).and_then(|e| e.downcast_ref::<minijinja::Error>())
        {
            innermost = inner;
        }
        let placed = if innermost.range().is_some() || innermost.line().is_some() { innermost } else { error };
        let detail = innermost.detail().unwrap_or_default();
        let message = match innermost.kind() {
            minijinja::ErrorKind::OutOfFuel => {
                "the template does not end or exceeds the limit of instructions".to_owned()
            }
            minijinja::ErrorKind::UndefinedError if detail.is_empty() => "the value is undefined".to_owned(),
            _ if !detail.is_empty() => detail.to_owned(),
            kind => kind.to_string(),
        };
        let help = match innermost.kind() {
            minijinja::ErrorKind::OutOfFuel => {
                Some("check for a loop over too many items, or a template that includes itself".to_owned())
            }
            minijinja::ErrorKind::UndefinedError => {
                Some("if a value may be missing, use `is defined` or `default`".to_owned())
            }
            _ => None,
        };
        let text = placed.template_source().map(str::to_owned);
        let range = placed.range().or_else(|| {
            let text = text.as_deref()?;
            let start = text.split_inclusive('\n').take(placed.line()?.checked_sub(1)?).map(str::len).sum();
            let length = text.get(start..)?.lines().next().map_or(0, str::len);
            Some(start..start + length)
        });
        let limit = innermost.kind() == minijinja::ErrorKind::OutOfFuel;
        Self { name: placed.name().unwrap_or(asked_for).to_owned(), text, range, message, help, rule: None, limit }
    }

    /// A template that exceeds a limit on its resources.
    pub fn over_limit(template: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), Some(help.into()));
        Self { name: template.to_owned(), text: None, range: None, message, help, rule: None, limit: true }
    }

    /// The message; the template's text joins `sources`. `during` says for which mapping.
    pub fn into_diagnostic(self, sources: &mut SourceMap, during: &str, named_at: Option<Span>) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.rule.unwrap_or("template"), self.message);
        if let (Some(text), Some(range)) = (self.text, self.range) {
            let end = range.end.min(text.len());
            let source = sources.add(self.name, text);
            diagnostic = diagnostic.at(Span::new(source, range.start.min(end), end), "");
        } else if let Some(span) = named_at {
            diagnostic = diagnostic.at(span, "");
        }
        if let Some(help) = self.help {
            diagnostic = diagnostic.help(help);
        }
        diagnostic.help(format!("rendered for {during}"))
    }
}
