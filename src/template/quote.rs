//! The only ways by which a value reaches a Dockerfile.
//!
//! A value is printed as it is only where every character is inert in a Dockerfile and a shell.
//! Everything else goes through a filter that quotes it, and none of them lets a line break
//! through: no value can start an instruction.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

use crate::vocabulary::ImageRef;
use crate::vocabulary::{Piece, pieces, written_out};

/// Checks whether a text needs no quotes in a Dockerfile and in a shell.
pub fn is_inert(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+/:@,=~%".contains(c))
        && !text.starts_with('~')
}

/// Checks whether a text is an image in a registry with an IPv6 address, whose brackets are all that is not inert
/// in it: a Dockerfile takes them as they are, and a shell too, unless a file is called so.
fn is_at_address(text: &str) -> bool {
    text.starts_with('[') && ImageRef::parse(text).is_ok()
}

/// One word of a shell that means `text`. The text has no line break or NUL.
pub fn shell_word(text: &str) -> String {
    // A bare `NAME=value` in front of a command would be an assignment.
    if is_inert(text) && !text.contains('=') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The filter `sh`: one word of a shell.
pub(super) fn sh(text: String) -> Result<Value, Error> {
    one_line(&text)?;
    Ok(Value::from_safe_string(shell_word(&text)))
}

/// The filter `expand`: one word of a shell in which the build's own variables expand.
pub(super) fn expand(text: String) -> Result<Value, Error> {
    one_line(&text)?;
    Ok(Value::from_safe_string(expanding_word(&text)))
}

/// The filter `paths`: the paths that match a shell pattern, in which the build's own variables expand.
/// `*`, `?` and `[…]` stay outside of quotes; a text without them is one word.
pub(super) fn paths(text: String) -> Result<Value, Error> {
    one_line(&text)?;
    let mut words = String::new();
    let (mut plain, mut rest) = ("", text.as_str());
    while let Some(at) = rest[plain.len()..].find(['*', '?', '[']).map(|at| plain.len() + at) {
        let pattern = pattern_length(&rest[at..]);
        plain = &rest[..at + usize::from(pattern == 0)];
        if pattern > 0 {
            words.extend([quoted_part(plain).as_str(), &rest[at..at + pattern]]);
            (plain, rest) = ("", &rest[at + pattern..]);
        }
    }
    words.push_str(&quoted_part(rest));
    Ok(Value::from_safe_string(words))
}

/// The length of the `*`, `?` or `[…]` that a text begins with; 0 for a bracket that is not closed, or that
/// holds more than a shell reads as it is.
fn pattern_length(text: &str) -> usize {
    match text.strip_prefix('[') {
        None => 1,
        Some(rest) => match rest.find(']') {
            Some(end) if is_inert(&rest[..end]) => end + 2,
            _ => 0,
        },
    }
}

fn quoted_part(text: &str) -> String {
    if text.is_empty() { String::new() } else { expanding_word(text) }
}

/// One word of a shell that means `text`, but for the build's own variables, which expand.
fn expanding_word(text: &str) -> String {
    let pieces = pieces(text);
    if !pieces.iter().any(|piece| matches!(piece, Piece::Release(_))) {
        return shell_word(&written_out(text, ""));
    }
    let mut word = String::from('"');
    for piece in pieces {
        match piece {
            Piece::Release(reference) => word.push_str(reference),
            Piece::Text(text) => {
                for c in text.chars() {
                    if "\\\"`$".contains(c) {
                        word.push('\\');
                    }
                    word.push(c);
                }
            }
        }
    }
    word.push('"');
    word
}

/// The filter `arg`: one word of a Dockerfile instruction, as in `ARG NAME=word`.
pub(super) fn arg(text: String) -> Result<Value, Error> {
    one_line(&text)?;
    if is_inert(&text) {
        return Ok(Value::from_safe_string(text));
    }
    let mut word = String::from('"');
    for c in text.chars() {
        if "\\\"$".contains(c) {
            word.push('\\');
        }
        word.push(c);
    }
    word.push('"');
    Ok(Value::from_safe_string(word))
}

fn one_line(text: &str) -> Result<(), Error> {
    match text.chars().find(|c| c.is_control() && *c != '\t') {
        Some(bad) => {
            Err(Error::new(ErrorKind::InvalidOperation, format!("the value contains {bad:?}, which cannot be quoted")))
        }
        None => Ok(()),
    }
}

/// Prints a value, or refuses to.
pub(super) fn print(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return Ok(out.write_str(value.as_str().unwrap_or_default())?);
    }
    let why = match value.kind() {
        ValueKind::Number => return Ok(write!(out, "{value}")?),
        ValueKind::String => match value.as_str().unwrap_or_default() {
            text if is_inert(text) || is_at_address(text) => return Ok(out.write_str(text)?),
            text => format!(
                "the value `{}` is not safe to print as it is: write `{{{{ … | sh }}}}` in a RUN, or `{{{{ … | arg }}}}` elsewhere",
                text.escape_debug()
            ),
        },
        kind => format!("a value of kind {kind} cannot be printed"),
    };
    Err(Error::new(ErrorKind::BadEscape, why))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: Result<Value, Error>) -> String {
        value.unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn words_read_well() {
        assert_eq!(text(sh("v1.2+rt".into())), "v1.2+rt");
        assert_eq!(text(sh("it's".into())), r"'it'\''s'");
        assert_eq!(text(sh(String::new())), "''");
        assert_eq!(
            text(expand("/lib/modules/${KERNEL_VERSION}/build".into())),
            r#""/lib/modules/${KERNEL_VERSION}/build""#
        );
        assert_eq!(text(expand("$(pwd) ${KERNEL_VERSION}".into())), r#""\$(pwd) ${KERNEL_VERSION}""#);
        assert_eq!(text(arg("a \"b\" $c".into())), r#""a \"b\" \$c""#);
        assert!(sh("a\nb".into()).is_err());
    }

    #[test]
    fn patterns_stay_outside_of_quotes() {
        for (path, words) in [
            ("fw/a.bin", "fw/a.bin"),
            ("fw/*.bin", "fw/*.bin"),
            ("my fw/*/?[0-9].bin", "'my fw/'*/?[0-9].bin"),
            ("fw/$x*", "'fw/$x'*"),
            ("${KERNEL_VERSION}/*", "\"${KERNEL_VERSION}/\"*"),
            ("a[1 2]b", "'a[1 2]b'"),
            ("a[b*", "'a[b'*"),
        ] {
            assert_eq!(text(paths(path.into())), words, "{path}");
        }
    }

    proptest! {
        /// A real shell gives back exactly the text.
        #[test]
        #[expect(clippy::disallowed_methods, reason = "the property is about a real shell")]
        fn a_shell_reads_back_what_was_quoted(texts in proptest::collection::vec("[^\\p{Cc}]{0,20}", 1..30)) {
            let script = texts.iter().map(|t| format!(
                "printf '%s\\n' {} {}\n", text(sh(t.clone())), text(expand(format!("{t}${{KERNEL_VERSION}}")))
            )).collect::<String>();
            let out = std::process::Command::new("sh").args(["-c", &script]).env("KERNEL_VERSION", "R").output().unwrap();
            let expected = texts
                .iter()
                .map(|t| format!("{t}\n{}\n", written_out(&format!("{t}${{KERNEL_VERSION}}"), "R")))
                .collect::<String>();
            prop_assert_eq!(String::from_utf8_lossy(&out.stdout), expected);
        }
    }
}
