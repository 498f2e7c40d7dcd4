//! Characters with a meaning in shell text.

/// Checks whether a byte may start a variable's name.
pub(super) fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// The length of the variable's name at the start of a text; 0 if there is none.
pub(super) fn name_length(text: &[u8]) -> usize {
    if !text.first().copied().is_some_and(starts_name) {
        return 0;
    }
    text.iter().take_while(|byte| starts_name(**byte) || byte.is_ascii_digit()).count()
}

/// Checks whether a byte ends a word.
pub(super) fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}

/// Words that end a list of commands where a command could start.
pub(super) const CLOSERS: &[&str] = &["then", "elif", "else", "fi", "do", "done", "esac", "}"];
