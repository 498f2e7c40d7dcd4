//! Writes YAML in the small part of the language that every reader takes the same way.
//!
//! Values are quoted unless they are words, names, image references or versions that all readers take for text.
//! Readers differ on others: YAML 1.1 takes `on`, `y`, `1_000` and `12:30` for something else. Escapes stand for
//! every character that a reader may refuse or take for a line break, so any text survives, even NUL and
//! non-characters.
//!
//! kubectl and PyYAML read all of it, and so does kustomize. But what kustomize writes in turn is
//! wrong for U+007F to U+009F, U+FFFE and U+FFFF, on which it fails (U+0085 becomes a space), and
//! for U+2028 and U+2029, which only readers of YAML 1.1 get back from it;
//! it drops the key `<<` even in quotes, and cannot read its own copy of a very long key.

use std::borrow::Cow;
use std::fmt::Write as _;

use memchr::memchr_iter;

use crate::characters::{is_plain_lines, is_plain_text};

/// A value to be written.
///
/// [`emit`] calls itself once per level of nesting, as dropping a value does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Yaml<'v> {
    /// A text on one line, in double quotes unless no reader takes it for anything else.
    Text(Cow<'v, str>),
    /// A text that is easier to read line by line; quoted where that would not be safe.
    Block(Cow<'v, str>),
    /// An integer, `true`, `false` or `null`, written as it is and known to be one by the caller.
    Verbatim(Cow<'v, str>),
    /// A list.
    Seq(Vec<Yaml<'v>>),
    /// Keys and their values, written in this order.
    Map(Vec<Pair<'v>>),
    /// A comment of one line, without `#`, and the item of a list that it is written above. A value elsewhere loses its
    /// comment, as does the first item of a list in a list.
    Commented(Cow<'v, str>, Box<Yaml<'v>>),
}

/// A key and its value.
pub type Pair<'v> = (Cow<'v, str>, Yaml<'v>);

impl<'v> Yaml<'v> {
    /// [`Yaml::Text`].
    pub fn text(text: impl Into<Cow<'v, str>>) -> Self {
        Self::Text(text.into())
    }

    /// [`Yaml::Block`].
    pub fn block(text: impl Into<Cow<'v, str>>) -> Self {
        Self::Block(text.into())
    }

    /// [`Yaml::Verbatim`].
    pub fn verbatim(text: impl Into<Cow<'v, str>>) -> Self {
        Self::Verbatim(text.into())
    }

    /// [`Yaml::Commented`].
    #[must_use]
    pub fn commented(self, comment: impl Into<Cow<'v, str>>) -> Self {
        Self::Commented(comment.into(), Box::new(self))
    }
}

/// The value as a document of its own, without `---`.
///
/// It ends in one line feed, unless its last value is a block that itself ends in more.
pub fn emit(value: &Yaml<'_>) -> String {
    let mut out = String::with_capacity(16 << 10);
    write_value(&mut out, value, 0, Place::Document);
    out
}

/// A text as a value on its line, or within braces: without quotes where no reader takes it for anything
/// but this text, as with names and versions of more than two numbers.
pub fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    if is_plain_key(text) || is_version(text) {
        out.push_str(text);
    } else {
        write_quoted(&mut out, text);
    }
    out
}

/// Checks whether a text is a version of more than two numbers, which no reader takes for a number.
fn is_version(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_digit)
        && bytes.iter().filter(|byte| **byte == b'.').count() > 1
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'~'))
}

/// Scalar within brackets or braces: unquoted if `plain` is set and no reader takes its characters for
/// YAML syntax there, else as [`inline`] writes it. Dashes alone are syntax, dashes before a word are not.
pub fn flow(text: &str, plain: bool) -> String {
    if plain && (text.is_empty() || is_plain_in_flow(text)) { text.to_owned() } else { inline(text) }
}

fn is_plain_in_flow(text: &str) -> bool {
    text.trim_start_matches('-').starts_with(|c: char| c.is_alphanumeric() || "./_~$(^+".contains(c))
        && text.chars().all(|c| c.is_alphanumeric() || "._-+/=~:@$%^()!<>*;|&".contains(c))
        && !text.ends_with(':')
}

/// Number of spaces that a nested value is indented by.
const STEP: usize = 2;

/// The longest key, in bytes as written, that stands before its colon without `? `. The YAML
/// standard lets readers give up after 1024 characters, and they do.
const SIMPLE_KEY_LIMIT: usize = 1000;

/// Text before a value on its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing: the value is the document.
    Document,
    /// `key:`
    Key,
    /// `-`
    Dash,
}

/// Writes a value that starts after `place`, and the line feed after it. Where it takes further
/// lines, those are indented by `indent`, which is [`STEP`] more than what holds the value.
fn write_value(out: &mut String, value: &Yaml<'_>, indent: usize, place: Place) {
    match value {
        Yaml::Seq(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                start_item(out, indent, place, at);
                if let Yaml::Commented(comment, _) = item
                    && !(place == Place::Dash && at == 0)
                {
                    write_comment(out, comment);
                    pad(out, indent);
                }
                out.push('-');
                write_value(out, item, indent + STEP, Place::Dash);
            }
        }
        Yaml::Map(entries) if !entries.is_empty() => {
            for (at, (key, value)) in entries.iter().enumerate() {
                start_item(out, indent, place, at);
                write_key(out, key, indent);
                write_value(out, value, indent + STEP, Place::Key);
            }
        }
        Yaml::Commented(_, value) => write_value(out, value, indent, place),
        _ => {
            if place != Place::Document {
                out.push(' ');
            }
            write_leaf(out, value, indent, place);
        }
    }
}

/// Goes to where item number `at` of a collection starts: the first one after a dash stays on its
/// line, as in `- - a` and `- key: a`.
fn start_item(out: &mut String, indent: usize, place: Place, at: usize) {
    match place {
        Place::Dash if at == 0 => out.push(' '),
        Place::Key if at == 0 => {
            out.push('\n');
            pad(out, indent);
        }
        _ => pad(out, indent),
    }
}

fn write_leaf(out: &mut String, value: &Yaml<'_>, indent: usize, place: Place) {
    match value {
        // Readers disagree on how an indentation indicator counts at the top of a document.
        Yaml::Block(text) if place != Place::Document && Literal::fits(text) => {
            Literal::of(text).write(out, text, indent);
            return;
        }
        Yaml::Text(text) | Yaml::Block(text) => write_text(out, text),
        Yaml::Verbatim(text) => out.push_str(text),
        Yaml::Seq(_) => out.push_str("[]"),
        Yaml::Map(_) => out.push_str("{}"),
        Yaml::Commented(_, value) => return write_leaf(out, value, indent, place),
    }
    out.push('\n');
}

/// Writes a comment, of whose characters only those of ASCII that print are kept: readers differ on what ends a line.
fn write_comment(out: &mut String, comment: &str) {
    out.push_str("# ");
    out.extend(comment.chars().filter(|c| matches!(c, ' '..='~')));
    out.push('\n');
}

fn pad(out: &mut String, indent: usize) {
    const SPACES: &str = "                                ";
    match SPACES.get(..indent) {
        Some(spaces) => out.push_str(spaces),
        None => out.extend(std::iter::repeat_n(' ', indent)),
    }
}

/// Writes a key and its colon.
fn write_key(out: &mut String, key: &str, indent: usize) {
    let start = out.len();
    if is_plain_key(key) {
        out.push_str(key);
    } else {
        write_quoted(out, key);
    }
    if out.len() - start > SIMPLE_KEY_LIMIT {
        out.insert_str(start, "? ");
        out.push('\n');
        pad(out, indent);
    }
    out.push(':');
}

/// Returns whether every reader of YAML 1.1 and 1.2 takes the key, unquoted, for exactly its text.
fn is_plain_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-'))
        && (key.len() > LONGEST_WORD || !is_word(key))
}

/// Length of the longest word that some reader takes for a truth value or for nothing.
const LONGEST_WORD: usize = 5;

/// Returns whether some reader takes a text for a truth value or for nothing.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Bytes of words, names, image references and versions.
const IS_PLAIN: [bool; 256] = {
    let mut is_plain = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        is_plain[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'/' | b'-' | b'+' | b':' | b'@' | b'=' | b'~' | b'%');
        byte += 1;
    }
    is_plain
};

/// Returns whether every reader takes a value, unquoted and outside of brackets and braces, for exactly its text.
fn is_plain_value(text: &str) -> bool {
    if !text.bytes().all(|byte| IS_PLAIN[usize::from(byte)]) || text.ends_with(':') {
        return false;
    }
    match text.bytes().next() {
        Some(first) if first.is_ascii_alphabetic() => text.len() > LONGEST_WORD || !is_word(text),
        _ => is_version(text),
    }
}

fn write_text(out: &mut String, text: &str) {
    if is_plain_value(text) {
        out.push_str(text);
    } else {
        write_quoted(out, text);
    }
}

fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    // All bytes whatever comes first: many are looked at in one go then.
    if text.bytes().fold(true, |plain, b| plain & matches!(b, b' '..=b'~') & (b != b'"') & (b != b'\\')) {
        // What needs no escape, as names and images do not.
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_plain_text(c) => out.push(c),
            c => write_escape(out, c),
        }
    }
    out.push('"');
}

fn write_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    // Writing to a `String` cannot fail.
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Form of a text as a literal block, which has no escapes.
struct Literal {
    /// Set if the block has to state the indentation, because the first line does not show it.
    indented: bool,
    /// Indicator for the line feeds at the end: `-` keeps none, nothing keeps one, `+` keeps all of them.
    chomping: &'static str,
}

impl Literal {
    /// Returns whether the text has lines, and only characters that stand for themselves in them.
    ///
    /// A tab may not come first: kustomize reads such a block, but cannot read its own copy of it.
    fn fits(text: &str) -> bool {
        let first = text.trim_start_matches('\n');
        text.contains('\n') && !first.is_empty() && !first.starts_with('\t') && is_plain_lines(text)
    }

    fn of(text: &str) -> Self {
        let first = text.trim_start_matches('\n');
        let indented = first.len() < text.len() || first.starts_with(' ');
        let chomping = match text.len() - text.trim_end_matches('\n').len() {
            0 => "-",
            1 => "",
            _ => "+",
        };
        Self { indented, chomping }
    }

    fn write(&self, out: &mut String, text: &str, indent: usize) {
        out.push('|');
        if self.indented {
            // It counts from what holds the value.
            let _ = write!(out, "{STEP}");
        }
        out.push_str(self.chomping);
        out.push('\n');
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut start = 0;
        for end in memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            if start < end {
                pad(out, indent);
                out.push_str(&text[start..end]);
            }
            out.push('\n');
            start = end + 1;
        }
    }
}
