//! Which characters YAML lets stand in a text as they are.

/// Returns whether a YAML stream may hold the character at all (`c-printable`, YAML 1.2.2 §5.1).
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// The first character of a text that a YAML stream may not hold, and where it stands.
pub(crate) fn first_unprintable(text: &str) -> Option<(usize, char)> {
    if is_plain_ascii(text) {
        return None;
    }
    text.char_indices().find(|(_, c)| !is_printable(*c))
}

/// Returns whether every reader takes the character as it stands in a line of text.
///
/// Beyond what YAML refuses, this leaves out what some take for a line break (YAML 1.1 has
/// U+0085, U+2028 and U+2029), a byte order mark, and Unicode's non-characters. A line feed is
/// left out too, since it ends the line.
pub(crate) fn is_plain_text(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, '\t' | ' '..='~');
    }
    let breaks = matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let non_character = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    is_printable(c) && !breaks && !non_character && c != '\u{feff}'
}

/// Returns whether [`is_plain_text`] holds for every character of a text but its line feeds.
pub(crate) fn is_plain_lines(text: &str) -> bool {
    is_plain_ascii(text) || text.chars().all(|c| c == '\n' || is_plain_text(c))
}

/// Returns whether a text is lines of ASCII without control characters, as nearly every text is. A
/// loop over bytes without a branch is far faster than one over characters.
fn is_plain_ascii(text: &str) -> bool {
    text.bytes().fold(true, |plain, b| plain & matches!(b, b'\t' | b'\n' | b' '..=b'~'))
}
