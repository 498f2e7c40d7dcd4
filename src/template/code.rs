//! Limits on a template's code. The engine parses with one stack frame per operator, so code
//! without end would end the process; text between the tags costs nothing.

/// The most code that a template may have, in bytes; kmodgen's own largest has a tenth of it.
pub(super) const MOST: usize = 32 << 10;

/// The stack that a thread needs to parse the most code that is read, where it is the costliest:
/// one level takes a byte or two, and a frame up to 2 KiB without optimisation.
pub const STACK: usize = 64 << 20;

/// The bytes of a template that are inside of tags. An open tag reaches to the end.
pub(super) fn length(template: &str) -> usize {
    let mut rest = template.as_bytes();
    let mut length = 0;
    while let Some(at) = rest.windows(2).position(|pair| matches!(pair, b"{{" | b"{%" | b"{#")) {
        let (kind, tag) = (rest[at + 1], &rest[at + 2..]);
        let end = if kind == b'#' { find(tag, b"#}") } else { code_end(tag, kind) };
        if kind != b'#' {
            length += end;
        }
        rest = tag.get(end + 2..).unwrap_or_default();
    }
    length
}

fn find(text: &[u8], pair: &[u8]) -> usize {
    text.windows(2).position(|window| window == pair).unwrap_or(text.len())
}

/// Finds the end of a tag, by the engine's rules: not inside of a string or of brackets.
fn code_end(tag: &[u8], kind: u8) -> usize {
    let end = if kind == b'%' { b"%}" } else { b"}}" };
    let (mut at, mut open) = (0, 0_isize);
    while at < tag.len() {
        match tag[at] {
            _ if open == 0 && tag[at..].starts_with(end) => return at,
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < tag.len() && tag[at] != quote {
                    at += if tag[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    tag.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_inside_of_tags_counts() {
        for (template, code) in [
            ("FROM a\n", 0),
            ("{{ a }}{% b %}", 6),
            ("{# a comment #}{{a}}", 1),
            ("{{ '}}' ~ \"\\\"}}\" }}text", 15),
            ("{{ {'a': {}} }}text", 11),
            ("{% if '%}' %}text", 9),
            ("{{ a", 2),
            ("{", 0),
            ("{{ 'a\\", 4),
        ] {
            assert_eq!(length(template), code, "{template}");
        }
    }
}
