//! Variables in KMM's fields.

/// The names of the variables of a text, `${NAME}` or `$NAME`.
pub fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter_map(|rest| {
        let name = match rest.strip_prefix('{') {
            Some(inner) => inner.split_once('}')?.0,
            None => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                &rest[..end]
            }
        };
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty();
        is_name.then_some(name)
    })
}
