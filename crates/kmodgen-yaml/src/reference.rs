//! Shell references, `${NAME}`, where YAML has no place for them.
//!
//! Between braces or brackets YAML ends an unquoted text at `{`, so that
//! `{dir: /lib/${KERNEL_VERSION}}` is no YAML although it can be read in one way only. Manifests
//! are full of such values, so a text that fails to parse is parsed once more with its references
//! disguised. Every byte stays in its place, and so do the places of messages.

/// Marks that YAML takes inside of an unquoted text; the first that the text has nowhere is used.
const MARKS: [char; 6] = ['^', ';', '|', '~', '<', '?'];

/// A text whose references are disguised.
pub(crate) struct Disguised {
    /// Text with the references disguised, as long as the original, byte by byte.
    pub(crate) text: String,
    mark: char,
}

/// Disguises the references of a text; `None` where it has none, or no mark is free.
pub(crate) fn disguise(text: &str) -> Option<Disguised> {
    let mark = MARKS.into_iter().find(|mark| !text.contains(*mark))?;
    let mut disguised = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        disguised.push_str(before);
        let name = &reference[2..];
        let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if length > 0 && name[length..].starts_with('}') {
            disguised.extend(['$', mark]);
            disguised.push_str(&name[..length]);
            disguised.push(mark);
            rest = &name[length + 1..];
        } else {
            disguised.push_str("${");
            rest = name;
        }
    }
    disguised.push_str(rest);
    disguised.contains(mark).then_some(Disguised { text: disguised, mark })
}

impl Disguised {
    /// A scalar of the disguised text as it was written.
    pub(crate) fn reveal(&self, scalar: &str) -> String {
        let mut revealed = String::with_capacity(scalar.len());
        let mut opened = false;
        for c in scalar.chars() {
            if c == self.mark {
                revealed.push(if opened { '}' } else { '{' });
                opened = !opened;
            } else {
                revealed.push(c);
            }
        }
        revealed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_back_as_they_were() {
        let text = "{a: /lib/${KERNEL_VERSION}/${X}, b: ${not one}, c: $(make), d: ${}}";
        let disguised = disguise(text).unwrap();
        assert_eq!(disguised.text, "{a: /lib/$^KERNEL_VERSION^/$^X^, b: ${not one}, c: $(make), d: ${}}");
        assert_eq!(disguised.reveal(&disguised.text), text);
    }

    #[test]
    fn a_text_without_references_is_left_alone() {
        assert!(disguise("{a: b}").is_none());
        assert!(disguise("${X} ^;|~<?").is_none());
    }
}
