//! Says in plain words what is wrong with a text that is not YAML, and what to write instead.

use granit_parser::{ErrorKind as ScanErrorKind, ScanError};

use crate::places::{char_end, floor_char_boundary, line_from, line_starts, token_at};
use crate::{Error, ErrorKind, SourceId, Span};

/// Largest depth of nested collections, aliases included, so that code that walks the tree may recurse.
pub(crate) const MAX_DEPTH: usize = 64;

/// The message for an error of the parser.
pub(crate) fn diagnose(source: SourceId, text: &str, error: &ScanError) -> Error {
    let at = floor_char_boundary(text, error.marker().byte_offset().unwrap_or(text.len()));
    let span = token_at(source, text, at);
    if *error.kind() == ScanErrorKind::RecursionLimitExceeded {
        return too_deep(span);
    }
    if let Some(marker) = conflict_marker(text) {
        return syntax("the file contains merge conflict markers", token_at(source, text, marker))
            .help("resolve the conflict, then remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`");
    }
    match error.kind() {
        ScanErrorKind::TabNotAllowed
        | ScanErrorKind::TabInBlockIndentation
        | ScanErrorKind::TabInIndentation
        | ScanErrorKind::TabInPlainScalar
        | ScanErrorKind::TabAtBlockScalarStart => {
            let tab = indenting_tab(text, at).unwrap_or(at);
            syntax("a tab is used for indentation", token_at(source, text, tab)).help("use spaces instead of the tab")
        }
        ScanErrorKind::UnknownQuotedScalarEscape => syntax(
            "unknown escape in a double-quoted string",
            bad_escape(text, at).map_or(span, |at| Span::new(source, at, char_end(text, at + 1))),
        )
        .help(r"write `\\` for a backslash, or use single quotes"),
        ScanErrorKind::SimpleKeyExpected
        | ScanErrorKind::InvalidSimpleKey
        | ScanErrorKind::ExpectedBlockMappingKey
        | ScanErrorKind::InvalidColonPlacement
        | ScanErrorKind::MappingValueNotAllowed => misplaced_key(source, text, at, span),
        ScanErrorKind::InvalidTrailingSingleQuotedScalar | ScanErrorKind::InvalidTrailingDoubleQuotedScalar
            if opening_quote(text, at).is_some() =>
        {
            let open = opening_quote(text, at).unwrap_or(at);
            syntax(
                "this quote is not closed on its line, and the next quote ends the text",
                Span::new(source, open, open + 1),
            )
            .label("opened here")
            .context(token_at(source, text, at), "this is outside the quotes")
            .help("end the string with the same quote")
        }
        kind => {
            let (message, help) = explain(kind);
            let diagnostic = syntax(message, span);
            if help.is_empty() { diagnostic } else { diagnostic.help(help) }
        }
    }
}

/// The message for a character that may not stand in a YAML text at all.
pub(crate) fn unprintable(span: Span, c: char) -> Error {
    syntax(format!("the control character U+{:04X} is not allowed in YAML", u32::from(c)), span)
        .help("write an escape such as `\\x1b` in double quotes")
}

/// The message for collections nested beyond the limit.
pub(crate) fn too_deep(span: Span) -> Error {
    Error::new(ErrorKind::TooDeep, format!("lists and maps are nested more than {MAX_DEPTH} levels deep"), span)
        .label("this one exceeds the limit")
        .help("an alias counts as all levels of its anchor")
}

fn syntax(message: impl Into<String>, span: Span) -> Error {
    Error::new(ErrorKind::Syntax, message, span)
}

/// A `:` where no key can be, or a line that is no key where one should be. What went wrong is
/// often on this line or the one before, and is guessed from their looks.
fn misplaced_key(source: SourceId, text: &str, at: usize, span: Span) -> Error {
    let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let above = text[..line_start.saturating_sub(1)].rfind('\n').map_or(0, |end| end + 1);
    for start in [line_start, above] {
        if let Some(colon) = colon_without_space(line_from(text, start)) {
            return syntax("no space after this `:`", Span::new(source, start + colon, start + colon + 1))
                .help("write `key: value`, with a space");
        }
    }
    let before = &text[line_start..at];
    if text[at..].starts_with(':') && (before.contains(": ") || before.trim_start().starts_with("- ")) {
        return syntax("`: ` inside an unquoted string", span)
            .help("quote the whole string, or start a new line for a new key");
    }
    syntax("this line is not valid here", span).help(
        "indent all keys of a map equally, and write `: ` after each; use quotes or `|` for a string of several lines",
    )
}

/// The colon of a line such as `key:value` or `- key:value`. A URL is none.
fn colon_without_space(line: &str) -> Option<usize> {
    let key = line.trim_start_matches([' ', '-']);
    let colon = key.find(|c: char| !c.is_ascii_alphanumeric() && !"._/-".contains(c))?;
    let after = key[colon..].strip_prefix(':')?;
    let is_key = colon > 0 && !after.starts_with("//") && after.starts_with(|c: char| !c.is_whitespace());
    is_key.then_some(line.len() - key.len() + colon)
}

/// The message and the advice for the errors that need no second look at the text.
fn explain(kind: &ScanErrorKind) -> (String, &'static str) {
    let (message, help) = match kind {
        ScanErrorKind::UnclosedQuotedScalar => ("this quote is never closed", "end the string with the same quote"),
        ScanErrorKind::DocumentIndicatorInQuotedScalar => {
            ("this quote is still open at a line that starts with `---` or `...`", "end the string with the same quote")
        }
        ScanErrorKind::InvalidTrailingSingleQuotedScalar | ScanErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("unexpected text after the closing quote", "put the whole string in one pair of quotes")
        }
        ScanErrorKind::UnclosedFlowCollection { open } => {
            return (format!("this `{open}` is never closed"), "quote a string that starts with a bracket");
        }
        ScanErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("this `{open}` is closed by `{close}`"), "");
        }
        ScanErrorKind::MisplacedFlowCollectionEnd => {
            ("unexpected closing bracket", "quote a string that starts with a bracket")
        }
        ScanErrorKind::UnexpectedCharacter { character } => {
            return (format!("a string cannot start with `{}`", character.escape_debug()), "quote the string");
        }
        ScanErrorKind::BomInsideDocument => {
            ("there is a byte order mark inside the file", "remove the invisible character")
        }
        ScanErrorKind::CommentNotSeparated => {
            ("no space before this `#`", "write a space before a comment, or quote the string")
        }
        ScanErrorKind::CommentInterceptedScalar => {
            ("there is a comment inside a string of several lines", "quote the string, or remove the comment")
        }
        ScanErrorKind::BlockSequenceEntryNotAllowed => {
            ("a list cannot start here", "start the list on the next line; quote a string that starts with `- `")
        }
        ScanErrorKind::BlockEntryInFlowCollection => {
            ("`- ` is not allowed inside brackets", "separate the items with commas")
        }
        ScanErrorKind::ExpectedBlockSequenceEntry => {
            ("this line is not an item of the list", "start it with `- `, or indent it differently")
        }
        ScanErrorKind::ExpectedFlowSequenceSeparator | ScanErrorKind::ExpectedFlowMappingSeparator => {
            ("expected a comma or closing bracket here", "separate the items with commas")
        }
        ScanErrorKind::ZeroBlockScalarIndent | ScanErrorKind::InvalidBlockScalarHeader => (
            "unexpected text after `|` or `>`: the string starts on the next line",
            "quote a string that starts with `|` or `>`",
        ),
        ScanErrorKind::InvalidIndentation
        | ScanErrorKind::InvalidBlockScalarIndent
        | ScanErrorKind::InvalidQuotedScalarIndent
        | ScanErrorKind::InvalidFlowScalarIndent => {
            ("this line is indented too little or too much", "indent it differently")
        }
        ScanErrorKind::InvalidQuotedScalarHexEscape
        | ScanErrorKind::InvalidLowSurrogateHexEscape
        | ScanErrorKind::InvalidLowSurrogate
        | ScanErrorKind::MissingLowSurrogate
        | ScanErrorKind::UnpairedLowSurrogate
        | ScanErrorKind::InvalidUnicodeEscape => ("an escape in this string is not a character", ""),
        ScanErrorKind::MissingAnchorOrAliasName => {
            ("an anchor or alias has no name", "quote a string that starts with `&` or `*`")
        }
        ScanErrorKind::InvalidDocumentEnd => ("unexpected text after the `...`", ""),
        ScanErrorKind::InvalidMappingValueWhitespace | ScanErrorKind::FlowMappingValueAdjacentCollection => {
            ("no space after this `:`", "write `key: value`, with a space")
        }
        ScanErrorKind::ExpectedDocumentStart => {
            ("expected the end of the document here", "indent this line like the others")
        }
        ScanErrorKind::ExpectedTagBang
        | ScanErrorKind::InvalidTagTerminator
        | ScanErrorKind::MissingTagUri
        | ScanErrorKind::UndeclaredTagHandle
        | ScanErrorKind::UnclosedVerbatimTag => ("invalid tag", "quote a string that starts with `!`"),
        _ => ("this is not YAML", ""),
    };
    (message.to_owned(), help)
}

/// Returns the start of the text in quotes that ends before `at`, if that start is on an earlier line.
fn opening_quote(text: &str, at: usize) -> Option<usize> {
    let closing = text[..at].rfind(['"', '\''])?;
    let quote = &text[closing..=closing];
    let open = text[..closing].rfind(quote)?;
    text[open..closing].contains('\n').then_some(open)
}

/// The first line that git wrote to mark a conflict.
fn conflict_marker(text: &str) -> Option<usize> {
    line_starts(text).find(|start| ["<<<<<<<", ">>>>>>>"].iter().any(|marker| text[*start..].starts_with(marker)))
}

/// The first tab that indents a line, from the line of `at` on.
fn indenting_tab(text: &str, at: usize) -> Option<usize> {
    let from = text[..at].rfind('\n').map_or(0, |end| end + 1);
    line_starts(&text[from..]).map(|start| from + start).find_map(|start| {
        let line = line_from(text, start);
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        indent.find('\t').map(|tab| start + tab)
    })
}

/// The first backslash after the quote at `quote` that starts no escape.
fn bad_escape(text: &str, quote: usize) -> Option<usize> {
    let mut chars = text[quote..].char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && !chars.next().is_some_and(|(_, next)| "0abt\tnvfre \"/\\N_LPxuU\n\r".contains(next)) {
            return Some(quote + at);
        }
    }
    None
}
