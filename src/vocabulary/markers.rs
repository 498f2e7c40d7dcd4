//! Git's conflict markers, as git-merge(1) describes them under "conflict markers".

/// The fewest characters of a marker line. Git's default is 7, and the attribute
/// `conflict-marker-size` changes it for a file.
const SHORTEST: usize = 3;

/// Returns whether a text has a conflict of git's in it: lines of markers that open, part and close it.
pub fn has_markers(text: &[u8]) -> bool {
    first_marker(text).is_some()
}

/// Returns the start of the first conflict in a text, and its length without the line end.
pub fn first_marker(text: &[u8]) -> Option<(usize, usize)> {
    let mut start = 0;
    let mut found = None;
    let (mut parts, mut size) = (false, 0);
    for line in text.split(|byte| *byte == b'\n') {
        match (marker(line), found) {
            (Some((b'<', length)), None) => (found, size, parts) = (Some((start, trimmed(line).len())), length, false),
            (Some((b'=', length)), Some(_)) if length == size => parts = true,
            (Some((b'>', length)), Some(_)) if length == size && parts => return found,
            _ => {}
        }
        start += line.len() + 1;
    }
    None
}

/// Returns whether a line is one of git's markers.
pub fn is_marker(line: &[u8]) -> bool {
    marker(trimmed(line)).is_some()
}

/// The character of a marker line, and how often it stands there.
fn marker(line: &[u8]) -> Option<(u8, usize)> {
    let line = trimmed(line);
    let character = *line.first().filter(|byte| b"<|=>".contains(byte))?;
    let length = line.iter().take_while(|byte| **byte == character).count();
    let ends = line.get(length).is_none_or(|byte| *byte == b' ');
    (length >= SHORTEST && ends).then_some((character, length))
}

/// Returns a line without the carriage return at its end.
pub fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_whole_lines() {
        let conflict = "key: a\n<<<<<<< HEAD\nx: 1\n=======\nx: 2\n>>>>>>> other\n";
        assert_eq!(first_marker(conflict.as_bytes()), Some((7, 12)));
        assert_eq!(first_marker(conflict.replace('\n', "\r\n").as_bytes()), Some((8, 12)));
        for text in [
            "",
            "a\n=======\nb\n",
            "<<<<<<< HEAD\n",
            "  <<<<<<< HEAD\n=======\n>>>>>>> x\n",
            "<<<<<<<HEAD\n=======\n>>>>>>> x\n",
        ] {
            assert!(!has_markers(text.as_bytes()), "{text:?}");
        }
    }
}
