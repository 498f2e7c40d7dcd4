//! Faults of inputs. No value of an input is in them, since any may be a secret.

use crate::vocabulary::{Diagnostic, SourceMap};

/// Fault of an input, which ends the reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}{}: {problem}", place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default())]
pub struct InputFault {
    /// Name of the input.
    pub name: String,
    /// Line and column, if they are known.
    pub place: Option<(usize, usize)>,
    pub problem: InputProblem,
}

/// Kind of a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputProblem {
    #[error("the input is empty")]
    Empty,
    #[error("this is HTML or XML")]
    Markup,
    #[error("the JSON is truncated")]
    Truncated,
    #[error("this is not JSON: {0}")]
    NotJson(String),
    #[error("{0}")]
    NotYaml(String),
    #[error("this is neither an object of Kubernetes nor a list of them")]
    NoObject,
    #[error("this is an error message of the cluster: `{0}`")]
    ClusterError(String),
    #[error("{object}: {fault}")]
    Shape { object: String, fault: String },
    #[error("no input has an object that the status is read from")]
    NothingKnown,
}

impl InputFault {
    pub(super) fn new(name: &str, problem: InputProblem) -> Self {
        Self { name: name.to_owned(), place: None, problem }
    }

    /// Fault of a serde error in a part of the text that starts at an offset.
    pub(super) fn of_json(
        name: &str,
        text: &str,
        start: usize,
        object: Option<&str>,
        error: &serde_json::Error,
    ) -> Self {
        let at = offset(text, start, error);
        let problem = match (error.classify(), object) {
            (serde_json::error::Category::Eof, _) => InputProblem::Truncated,
            (serde_json::error::Category::Data, object) => {
                let object = object.unwrap_or("an object").to_owned();
                InputProblem::Shape { object, fault: without_value(&error.to_string()) }
            }
            _ => InputProblem::NotJson(without_value(&error.to_string())),
        };
        Self { name: name.to_owned(), place: Some(position(text, at)), problem }
    }

    /// Fault of a diagnostic, with the place of its first label.
    pub(super) fn of_diagnostic(
        name: &str,
        sources: &SourceMap,
        diagnostic: &Diagnostic,
        object: Option<String>,
    ) -> Self {
        let place = diagnostic.labels.first().filter(|_| object.is_none()).and_then(|label| {
            let file = sources.get(label.span.source)?;
            Some(file.position(label.span.start))
        });
        let problem = match object {
            Some(object) => InputProblem::Shape { object, fault: diagnostic.message.clone() },
            None => InputProblem::NotYaml(diagnostic.message.clone()),
        };
        Self { name: name.to_owned(), place, problem }
    }

    /// Returns the message with advice.
    pub fn diagnostic(&self) -> Diagnostic {
        let help = match &self.problem {
            InputProblem::Empty => "the command that writes it failed or printed nothing",
            InputProblem::Markup => "a server sent a web page, for example a login page: read it",
            InputProblem::Truncated => "write it again, and check that the command succeeds",
            InputProblem::NotJson(_) | InputProblem::NotYaml(_) => "write it with `oc get ... -o json`",
            InputProblem::ClusterError(_) => "check the command and your permissions",
            InputProblem::NoObject | InputProblem::Shape { .. } => {
                "pass what `oc get ... -o json` or `-o yaml` prints, without changes"
            }
            InputProblem::NothingKnown => {
                "pass the output of `oc get nodes,modules,nmc,mic,mbsc,configmaps,pods -A -o json`"
            }
        };
        Diagnostic::error("status-input", self.to_string()).help(help)
    }
}

/// Returns the offset of an error, in bytes.
fn offset(text: &str, start: usize, error: &serde_json::Error) -> usize {
    let part = &text[start..];
    let line = part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    (start + line + error.column().saturating_sub(1)).min(text.len())
}

/// Returns line and column of an offset, both from 1; columns are characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    (before.iter().filter(|byte| **byte == b'\n').count() + 1, column)
}

/// Removes the place and the value that was found from a message of serde.
fn without_value(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    match message.split_once("expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => {
            let kind = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
            let kind = kind.split([' ', '`', ',']).next().unwrap_or_default();
            format!("expected {}, found {}", plain(expected), plain(kind))
        }
        _ => message.to_owned(),
    }
}

/// Returns the words of the documentation for types of serde.
fn plain(words: &str) -> &str {
    match words {
        "a sequence" | "sequence" => "a list",
        "string" => "a string",
        "integer" => "an integer",
        "floating" => "a number",
        "boolean" => "a boolean",
        "map" => "a map",
        "null" => "null",
        "usize" | "i64" | "u64" => "an integer",
        words if words.starts_with("struct ") => "a map",
        words => words,
    }
}
