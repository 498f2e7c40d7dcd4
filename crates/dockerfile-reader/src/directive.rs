//! Parser directives: `# escape=` and others at the top of a file.

use std::collections::BTreeSet;

use crate::problem::{Problem, ProblemKind};
use crate::span::Span;

/// Names of directives, as in BuildKit's `parser/directives.go`.
const NAMES: &[&str] = &["syntax", "escape", "check"];

/// A parser directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive<'t> {
    /// Name in lower case: `syntax`, `escape` or `check`.
    pub name: String,
    /// Value after `=`.
    pub value: &'t str,
    /// Place from `#` to the end of the value.
    pub span: Span,
}

/// Reads directives until a line is none.
pub(crate) struct Directives<'t> {
    pub(crate) found: Vec<Directive<'t>>,
    pub(crate) escape: char,
    seen: BTreeSet<String>,
    is_done: bool,
}

impl<'t> Directives<'t> {
    pub(crate) fn new() -> Self {
        Self { found: Vec::new(), escape: '\\', seen: BTreeSet::new(), is_done: false }
    }

    /// Reads a line that starts at `start`; returns whether it is a directive.
    pub(crate) fn read(&mut self, line: &'t str, start: usize, problems: &mut Vec<Problem>) -> bool {
        if self.is_done {
            return false;
        }
        let Some((name, value)) = parse(line) else {
            self.is_done = true;
            return false;
        };
        let span = Span::new(start, start + line.trim_end().len());
        if !self.seen.insert(name.clone()) {
            problems.push(Problem { kind: ProblemKind::DuplicateDirective(name.clone()), span });
        } else if name == "escape" {
            match value {
                "\\" => self.escape = '\\',
                "`" => self.escape = '`',
                _ => problems.push(Problem { kind: ProblemKind::InvalidEscape(value.to_owned()), span }),
            }
        }
        self.found.push(Directive { name, value, span });
        true
    }
}

fn parse(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    (NAMES.contains(&name.as_str()) && !value.is_empty()).then_some((name, value))
}
