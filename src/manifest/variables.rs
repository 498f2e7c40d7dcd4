//! Variables that KMM writes a kernel's release for, in the few fields where it does.
//!
//! Anything else of the form is a mistake: in an image or a path KMM puts nothing in its place, and elsewhere
//! it stays as it is.

use super::decode::has_only;
use crate::vocabulary::{Invalid, nearest};

/// Variables that KMM expands in `unsignedImage` and `filesToSign`.
pub(crate) const KERNEL: &[&str] =
    &["KERNEL_FULL_VERSION", "KERNEL_VERSION", "KERNEL_XYZ", "KERNEL_X", "KERNEL_Y", "KERNEL_Z"];

/// Variables that KMM expands in `containerImage`.
pub(crate) const IMAGE: &[&str] = &[
    "KERNEL_FULL_VERSION",
    "KERNEL_VERSION",
    "KERNEL_XYZ",
    "KERNEL_X",
    "KERNEL_Y",
    "KERNEL_Z",
    "MOD_NAME",
    "MOD_NAMESPACE",
];

/// A variable of a text, `${NAME}` or `$NAME`, with its place.
struct Variable<'t> {
    start: usize,
    end: usize,
    name: &'t str,
}

/// The variables of a text; `Err` for a `$` that starts none.
fn find(text: &str) -> Result<Vec<Variable<'_>>, Invalid> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('$') {
        let start = from + at;
        let rest = &text[start + 1..];
        let (name, length) = match rest.strip_prefix('{') {
            Some(inner) => {
                let end = inner
                    .find('}')
                    .ok_or_else(|| Invalid::new(format!("`{}` has a `${{` without `}}`", text.escape_debug())))?;
                (&inner[..end], end + 3)
            }
            None => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                (&rest[..end], end + 1)
            }
        };
        if name.is_empty() || !has_only(name, "_") || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Invalid::new(format!("`{}` has a `$` without a variable", text.escape_debug())));
        }
        found.push(Variable { start, end: start + length, name });
        from = start + length;
    }
    Ok(found)
}

/// The text with a letter in the place of each variable, all of which KMM must expand there.
pub(crate) fn expand(text: &str, known: &[&str]) -> Result<String, Invalid> {
    for Variable { start, end, name } in find(text)? {
        if !known.contains(&name) {
            let fault = Invalid::new(format!("KMM does not expand `{}` here", text[start..end].escape_debug()));
            return Err(match nearest(name, known.iter().copied()) {
                Some(near) => fault.help(format!("did you mean `${{{near}}}`?")),
                None => fault.help("write `${KERNEL_FULL_VERSION}`, or the value"),
            });
        }
    }
    replace(text, |_| "r".into())
}

/// The text with the variables of a kernel's release written out, as KMM would do it.
pub(crate) fn written_out(text: &str, release: &str) -> String {
    replace(text, |name| value(name, release)).unwrap_or_else(|_| text.to_owned())
}

/// The value that KMM gives a variable on a kernel.
pub(crate) fn value(name: &str, release: &str) -> String {
    let mut parts = release.split(['.', ',', '-']);
    let [x, y, z] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    match name {
        "KERNEL_XYZ" => format!("{x}.{y}.{z}"),
        "KERNEL_X" => x.to_owned(),
        "KERNEL_Y" => y.to_owned(),
        "KERNEL_Z" => z.to_owned(),
        _ => release.to_owned(),
    }
}

/// The text with values in the place of its variables; an error for a `$` that starts none.
pub(crate) fn replace(text: &str, value: impl Fn(&str) -> String) -> Result<String, Invalid> {
    let mut replaced = String::new();
    let mut from = 0;
    for Variable { start, end, name } in find(text)? {
        replaced.push_str(&text[from..start]);
        replaced.push_str(&value(name));
        from = end;
    }
    replaced.push_str(&text[from..]);
    Ok(replaced)
}

/// Refuses a variable where KMM and modprobe take a text as it is.
pub(crate) fn refuse(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new("this string is empty").help("write a value, or remove it"));
    }
    match text.find('$') {
        Some(at) => Err(Invalid::new(format!("`{}` is not expanded here", text[at..].escape_debug()))
            .help("write the literal value: variables do not expand here")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_variables_are_expanded() {
        assert_eq!(expand("a:${KERNEL_FULL_VERSION}-$KERNEL_X", IMAGE).unwrap(), "a:r-r");
        assert_eq!(expand("a", IMAGE).unwrap(), "a");
        for bad in [
            "${KERNEL}",
            "$KERNEL",
            "${MOD_NAME}",
            "$(KERNEL_VERSION)",
            "${KERNEL_VERSION",
            "$",
            "$1",
            "${}",
            "$KERNEL_VERSIONS",
        ] {
            assert!(expand(bad, KERNEL).is_err(), "{bad}");
        }
        let fault = expand("a:${KERNEL_FULL_VERSON}", KERNEL).unwrap_err();
        assert_eq!(fault.help.unwrap(), "did you mean `${KERNEL_FULL_VERSION}`?");
    }

    #[test]
    fn releases_are_written_out() {
        let release = "5.14.0-1.el9.x86_64_rt";
        assert_eq!(written_out("a:${KERNEL_FULL_VERSION}", release), format!("a:{release}"));
        assert_eq!(
            written_out("$KERNEL_VERSION/${KERNEL_XYZ}/${KERNEL_X}$KERNEL_Y.$KERNEL_Z", release),
            format!("{release}/5.14.0/514.0")
        );
    }

    #[test]
    fn variables_are_refused_where_nothing_expands_them() {
        assert!(refuse("a=b").is_ok() && refuse("a=${X}").is_err() && refuse("$X").is_err());
    }
}
