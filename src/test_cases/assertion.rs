//! Expectations of a case, beside its snapshots.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::output_part::OutputPart;
use crate::manifest::decode::{self, Fields};
use crate::manifest::schema::{Field, Record, Shape, joined};
use crate::manifest::{Kernel, Selection};
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, Pattern, Span, quoted_list};

/// Fields of an item of `expect`: one of the first six, and the files that it is about.
pub static ASSERTION: Record = Record {
    name: "an expectation",
    fields: joined![
        &[
            Field { key: "contains", takes: Shape::Text, says: "each file contains this text" },
            Field { key: "lacks", takes: Shape::Text, says: "no file contains this text" },
            Field { key: "matches", takes: Shape::Text, says: "each file has a line that matches this pattern" },
            Field { key: "mappings", takes: Shape::Int, says: "the number of mappings" },
            Field {
                key: "unchangedSince",
                takes: Shape::Text,
                says: "the content hashes are the same as at this revision of the manifest's repository",
            },
            Field {
                key: "error",
                takes: Shape::Text,
                says: "the manifest is rejected with a message that contains this text",
            },
            Field {
                key: "in",
                takes: Shape::OneOf(OutputPart::WORDS),
                says: "the files that `contains`, `lacks` and `matches` check; default: `dockerfile`",
            },
        ],
        Selection::FIELDS,
    ],
};

/// The fields of which each item has one.
const CLAIMS: [&str; 6] = ["contains", "lacks", "matches", "mappings", "unchangedSince", "error"];

/// One item of `expect`.
#[derive(Debug, Clone)]
pub struct Assertion {
    pub claim: Claim,
    /// Of which files, where it is about texts.
    pub part: OutputPart,
    /// Kernels that it is about.
    kernels: Selection,
    pub span: Span,
}

/// Condition on the generated files.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The file contains a text.
    Contains(String),
    /// The file does not contain a text.
    Lacks(String),
    /// A line of the file matches as a whole.
    Matches(Pattern),
    /// There are so many mappings.
    Mappings(usize),
    /// The content hashes are those of a revision.
    UnchangedSince(String),
    /// The manifest is refused, and a message contains this.
    Error(String),
}

impl Assertion {
    /// Checks whether the assertion applies to a kernel.
    pub(super) fn is_about(&self, kernel: &Kernel) -> bool {
        self.kernels.selects(kernel)
    }

    /// Checks a text; returns `None` if the assertion is not about texts.
    pub(super) fn holds_of(&self, text: &str) -> Option<bool> {
        match &self.claim {
            Claim::Contains(part) => Some(text.contains(part.as_str())),
            Claim::Lacks(part) => Some(!text.contains(part.as_str())),
            Claim::Matches(pattern) => Some(text.lines().any(|line| pattern.matches(line))),
            Claim::Mappings(_) | Claim::UnchangedSince(_) | Claim::Error(_) => None,
        }
    }

    /// Describes files that break the assertion, as in "the Dockerfile of `x` …".
    pub(super) fn broken(&self) -> String {
        match &self.claim {
            Claim::Contains(text) => format!("does not contain {}", quoted(text)),
            Claim::Lacks(text) => format!("contains {}", quoted(text)),
            Claim::Matches(pattern) => format!("has no line that matches {}", quoted(pattern.as_str())),
            Claim::Mappings(_) | Claim::UnchangedSince(_) | Claim::Error(_) => "is not as expected".into(),
        }
    }
}

/// A text of a user's as part of a message: its first line, without what would steer a terminal.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.trim_end_matches('\n');
    let first = line.lines().next().unwrap_or_default();
    let cut: String = first.chars().take(LONGEST).collect();
    let more = if cut.len() < line.len() { "…" } else { "" };
    format!("`{}{more}`", cut.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>())
}

/// Decodes an item.
pub(super) fn decode(node: &Arc<Node>, faults: &mut Diagnostics) -> Option<Assertion> {
    let mut fields = Fields::open(&ASSERTION, node, faults)?;
    let mut claims = Vec::new();
    for key in CLAIMS {
        if let Some(value) = fields.take(key, faults) {
            claims.push((key, claim(key, value, faults)));
        }
    }
    let part = fields.take("in", faults);
    let kernels = Selection::take(&mut fields, faults)?;
    let decoded = part.and_then(|node| OutputPart::decode(node, faults));
    let known =
        node.as_mapping().is_some_and(|entries| entries.iter().all(|e| ASSERTION.field(&e.key.value).is_some()));
    fields.finish(faults);
    let [(key, claim)] =
        <[_; 1]>::try_from(claims).map_err(|claims| refuse_number(&claims, node, known, faults)).ok()?;
    if let Some(part) = part.filter(|_| !matches!(key, "contains" | "lacks" | "matches")) {
        let fault = Diagnostic::error("not-about-files", format!("`in` has no effect, because `{key}` checks no file"));
        faults.push(fault.at(part.span, "").help("remove `in`"));
    }
    let is_of_module = decoded == Some(OutputPart::Module);
    let condition = node.get("when").or_else(|| node.get("unless"));
    if let Some(condition) = condition.filter(|_| key == "error" || is_of_module) {
        let why = if is_of_module { "a Module is for all its kernels" } else { "an error is about the whole manifest" };
        let fault = Diagnostic::error("not-about-kernels", format!("{why}, so a condition has no effect"));
        faults.push(fault.at(condition.span, "").help("remove it, and select fewer `releases` in the case"));
    }
    Some(Assertion { claim: claim?, part: decoded.unwrap_or(OutputPart::Dockerfile), kernels, span: node.span })
}

/// Says that an item has not exactly one claim. One with a key that is unknown was told of already.
fn refuse_number(claims: &[(&str, Option<Claim>)], node: &Node, known: bool, faults: &mut Diagnostics) {
    let fault = match claims {
        [] if !known => return,
        // A key without a value was told of.
        [] if node.as_mapping().is_some_and(|e| e.iter().any(|e| CLAIMS.contains(&e.key.value.as_str()))) => return,
        [] => Diagnostic::error("no-claim", "this expectation is empty"),
        _ => Diagnostic::error("several-claims", "this expectation has several checks"),
    };
    let help = match claims {
        [] => format!("write one of {}", quoted_list(&CLAIMS)),
        several => {
            let keys: Vec<&str> = several.iter().map(|(key, _)| *key).collect();
            format!("write separate items for {}", quoted_list(&keys))
        }
    };
    faults.push(fault.at(node.span, "").help(help));
}

fn claim(key: &str, node: &Node, faults: &mut Diagnostics) -> Option<Claim> {
    let what = format!("`{key}`");
    let of_text = match key {
        "contains" => Claim::Contains,
        "lacks" => Claim::Lacks,
        "error" => Claim::Error,
        "unchangedSince" => Claim::UnchangedSince,
        "matches" => {
            return decode::pattern(node, &what, faults, line_pattern).map(|pattern| Claim::Matches(pattern.value));
        }
        _ => return decode::text(node, &what, faults, count).map(|count| Claim::Mappings(count.value)),
    };
    decode::text(node, &what, faults, |text| some_text(key, text)).map(|text| of_text(text.value))
}

/// An empty text is in every text.
fn some_text(key: &str, text: &str) -> Result<String, Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(format!("`{key}` is an empty string")).help("write the text to find"));
    }
    Ok(text.to_owned())
}

fn line_pattern(text: &str) -> Result<Pattern, Invalid> {
    Pattern::parse(text).map_err(|invalid| {
        Invalid::new(invalid.message).help(r"it must match a whole line, such as `FROM .*:9\.4 AS builder`")
    })
}

fn count(text: &str) -> Result<usize, Invalid> {
    text.parse().map_err(|_| Invalid::new(format!("`{}` is not a number of mappings", text.escape_debug())))
}
