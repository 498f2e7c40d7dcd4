//! Words of messages about hostile data.

use std::io;

/// Returns a string from outside as part of a message: on one line, unprintable characters escaped, and
/// cut after 200 characters.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown = String::new();
    for c in line.chars().take(LONGEST) {
        if matches!(c, '\'' | '"') { shown.push(c) } else { shown.extend(c.escape_debug()) }
    }
    if line.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Describes an error of reading hostile data, as part of a message.
pub(super) fn broken(error: &io::Error) -> String {
    if error.raw_os_error().is_some() {
        return system(error);
    }
    let said = error.to_string();
    // The tar crate has words of its own for a stream that ends early.
    let is_cut = ["unexpected EOF", "failed to read entire block"].iter().any(|words| said.contains(words));
    if is_cut || error.kind() == io::ErrorKind::UnexpectedEof {
        "it is truncated".into()
    } else if said.starts_with("it ") {
        said
    } else {
        format!("it is damaged: {}", shown(&said))
    }
}

/// Returns a number of bytes in words.
pub(super) fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(bits, _)| bytes >> bits > 0);
    unit.map_or_else(|| format!("{bytes} bytes"), |(bits, unit)| format!("{} {unit}", bytes >> bits))
}

/// Describes an error of the system, without its number.
pub(super) fn system(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
