//! References to the kernel release in texts.

/// Names of the build arguments that expand in values; every KMM build has them.
pub const EXPANDING: [&str; 2] = ["KERNEL_VERSION", "KERNEL_FULL_VERSION"];

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Text without references.
    Text(&'t str),
    /// A reference to the release, such as `${KERNEL_VERSION}`.
    Release(&'t str),
}

/// Splits a text into references and what is between them, which may be empty. A `$$` stands for `$`.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let reference = EXPANDING.into_iter().find_map(|name| {
            let after = rest[at..].strip_prefix("${")?.strip_prefix(name)?.strip_prefix('}')?;
            Some(rest.len() - at - after.len())
        });
        let (end, next) = match reference {
            Some(length) => (at, at + length),
            None if rest[at..].starts_with("$$") => (at + 1, at + 2),
            None => (at + 1, at + 1),
        };
        pieces.push(Piece::Text(&rest[..end]));
        if reference.is_some() {
            pieces.push(Piece::Release(&rest[at..next]));
        }
        rest = &rest[next..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The text for a kernel, with its release written out.
pub fn written_out(text: &str, release: &str) -> String {
    pieces(text).into_iter().map(|piece| if let Piece::Text(text) = piece { text } else { release }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_written_out() {
        for (text, out) in [
            ("", ""),
            ("a-${KERNEL_VERSION}/${KERNEL_FULL_VERSION}b", "a-R/Rb"),
            ("$$x $${KERNEL_VERSION} ^a$ $1 $$", "$x ${KERNEL_VERSION} ^a$ $1 $"),
            ("$$${KERNEL_VERSION}", "$R"),
            ("$$$", "$$"),
        ] {
            assert_eq!(written_out(text, "R"), out, "{text}");
        }
    }
}
