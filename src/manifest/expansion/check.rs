//! Texts that look as if something expanded them.

use super::Expands;
use super::names::{is_alias, is_command, is_folder, is_make_function};
use crate::vocabulary::{EXPANDING, Invalid, nearest};

/// Something that does not expand: the text as far as it, itself, and the rest.
struct Found<'t> {
    before: &'t str,
    it: &'t str,
    after: &'t str,
}

impl<'t> Found<'t> {
    /// A part of `text`, from `start` on.
    fn at(text: &'t str, start: usize, length: usize) -> Self {
        let (before, rest) = text.split_at(start);
        let (it, after) = rest.split_at(length);
        Self { before, it, after }
    }

    /// The fault, with a text to write in its place.
    fn fault(&self, why: &str, instead: &str) -> Invalid {
        let whole = format!("{}{instead}{}", self.before, self.after);
        Invalid::new(format!("`{}` {why}", self.it.escape_debug())).help(format!("write `{}`", whole.escape_debug()))
    }

    fn refuse(&self, why: &str, help: impl Into<String>) -> Invalid {
        Invalid::new(format!("`{}` {why}", self.it.escape_debug())).help(help)
    }
}

/// Checks a text; the first thing in it that would arrive unexpanded is an error.
pub(super) fn check(text: &str, expands: Expands) -> Result<(), Invalid> {
    let mut at = 0;
    while let Some(next) = text[at..].find(['$', '`', '%', '~', '{']).map(|next| at + next) {
        let rest = &text[next..];
        at = next + 1;
        if rest.starts_with("$$") {
            at = next + 2;
        } else if rest.starts_with("${") {
            let Some(end) = rest.find('}') else {
                return Err(Found::at(text, next, rest.len())
                    .refuse("is not closed", "close it with `}`, or write `$$` for a `$`"));
            };
            reference(&Found::at(text, next, end + 1), &rest[2..end], expands)?;
            at = next + end + 1;
        } else if rest.starts_with("$(") {
            let length = bracketed(rest);
            command(&Found::at(text, next, length), rest[2..length].trim_end_matches(')').trim(), expands)?;
        } else if let Some(name) = rest.strip_prefix('$').map(name).filter(|name| !name.is_empty()) {
            variable(&Found::at(text, next, 1 + name.len()), name, expands)?;
        } else if let Some(quoted) = rest.strip_prefix('`') {
            let Some(end) = quoted.find('`') else { continue };
            if expands != Expands::Prose || is_command(first_word(&quoted[..end])) {
                command(
                    &Found::at(text, next, end + 2),
                    &quoted[..end],
                    if expands == Expands::Make { Expands::Release } else { expands },
                )?;
            }
            at = next + end + 2;
        } else if rest.starts_with("%k") && is_word(&text[..next], &rest[2..]) {
            release(&Found::at(text, next, 2), "does not expand", expands)?;
        } else if rest.starts_with('~') && is_home(&text[..next], &rest[1..]) {
            return Err(Found::at(text, next, 1).refuse(
                "does not expand to a home folder here",
                "write an absolute path, or a path relative to the source",
            ));
        } else if let Some((inner, _)) = rest.strip_prefix("{{").and_then(|rest| rest.split_once("}}"))
            && inner.to_ascii_lowercase().contains("kernel")
        {
            release(
                &Found::at(text, next, inner.len() + 4),
                "is for templates and does not expand in values",
                expands,
            )?;
        }
    }
    Ok(())
}

/// A `${NAME}`.
fn reference(found: &Found<'_>, name: &str, expands: Expands) -> Result<(), Invalid> {
    if EXPANDING.contains(&name) {
        return match expands {
            Expands::Nothing => release(found, "does not expand here", expands),
            _ => Ok(()),
        };
    }
    let near = nearest(name, EXPANDING).filter(|_| expands != Expands::Nothing);
    match near {
        _ if is_folder(name) => folder(found, expands),
        _ if is_alias(name) => release(found, "is not a build variable", expands),
        Some(near) => Err(found.fault("is not a build variable", &format!("${{{near}}}"))),
        None if expands == Expands::Make && !name.is_empty() && self::name(name) == name => {
            Err(found
                .fault("is not a build variable; write make's own variables in round brackets", &format!("$({name})")))
        }
        None => Err(found.refuse(
            "is not a build variable",
            format!(
                "write `${{KERNEL_VERSION}}` for the release, or `${}` for the literal text",
                found.it.escape_debug()
            ),
        )),
    }
}

/// A `$NAME`.
fn variable(found: &Found<'_>, name: &str, expands: Expands) -> Result<(), Invalid> {
    if EXPANDING.contains(&name) && expands != Expands::Nothing {
        return Err(found.fault("expands only in braces", &format!("${{{name}}}")));
    }
    if is_folder(name) {
        return folder(found, expands);
    }
    if is_alias(name) || EXPANDING.contains(&name) {
        return release(found, "is not a build variable", expands);
    }
    if expands == Expands::Make {
        let (letter, rest) = name.split_at(1);
        return Err(found.fault(&format!("means `$({letter}){rest}` to make"), &format!("$({name})")));
    }
    Err(found.refuse("does not expand: it is used literally", format!("if this is intended, write `$${name}`")))
}

/// A `$(…)` or what stands between backticks.
fn command(found: &Found<'_>, inner: &str, expands: Expands) -> Result<(), Invalid> {
    let first = first_word(inner);
    if inner.contains("uname -r")
        || EXPANDING.contains(&inner) && expands != Expands::Make
        || is_alias(inner) && expands != Expands::Make
    {
        return release(found, "does not expand here, and would be the kernel of the build machine", expands);
    }
    if is_folder(inner) && expands != Expands::Make {
        return folder(found, expands);
    }
    if inner.starts_with('(') {
        return Err(found.refuse("is not evaluated", "write the result"));
    }
    let is_make = match inner.split_once(char::is_whitespace) {
        Some((function, _)) => is_make_function(function) || function.contains(':') || function.contains('$'),
        None => !is_command(inner),
    };
    if expands == Expands::Make && is_make {
        return Ok(());
    }
    if first == "nproc" {
        return Err(found.refuse("is not expanded by a shell", "write `jobs: all` for one job for each processor"));
    }
    if expands == Expands::Make {
        return Err(found.fault("is a variable to make, not a command", &format!("$(shell {inner})")));
    }
    Err(found.refuse(
        "is not expanded by a shell: it is used literally",
        "write the value, or call the command in a script (`run: {script: …}`); write `$$` for a literal `$`",
    ))
}

/// Something that means the release.
fn release(found: &Found<'_>, why: &str, expands: Expands) -> Result<(), Invalid> {
    if expands == Expands::Nothing {
        return Err(found.refuse(why, "write the value for each kernel in `overrides`, with `when: {kernel: …}`"));
    }
    let full = found.it.to_ascii_uppercase().contains("KERNEL_FULL_VERSION");
    Err(found.fault(why, if full { "${KERNEL_FULL_VERSION}" } else { "${KERNEL_VERSION}" }))
}

/// Something that means the folder with the kernel's headers.
fn folder(found: &Found<'_>, expands: Expands) -> Result<(), Invalid> {
    if expands == Expands::Nothing {
        return release(found, "is not a build variable", expands);
    }
    Err(found.fault("is not a build variable", "/lib/modules/${KERNEL_VERSION}/build"))
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return "";
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// The length of a text in round brackets, the `$` before them included; all of it if they do not close.
fn bracketed(text: &str) -> usize {
    let mut open = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' if open == 1 => return at + 1,
            ')' => open -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Checks whether the text between the two is a word of its own, as in `/lib/modules/%k/build`.
fn is_word(before: &str, after: &str) -> bool {
    (before.is_empty() || before.ends_with(['/', '-', '=', ':', ' ', '_']))
        && (after.is_empty() || after.starts_with(['/', '-', '.', ':', ' ', '_']))
}

/// Checks whether a shell expands a `~` between the two to a home folder.
fn is_home(before: &str, after: &str) -> bool {
    (before.is_empty() || before.ends_with(['=', ':', ' '])) && (after.is_empty() || after.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(text: &str, expands: Expands) -> String {
        let invalid = check(text, expands).expect_err(text);
        invalid.help.unwrap_or_default()
    }

    #[test]
    fn what_a_shell_would_expand_is_refused_with_the_text_to_write() {
        for (text, corrected) in [
            ("--kernelver=$KERNEL_VERSION", "--kernelver=${KERNEL_VERSION}"),
            ("$KERNEL_FULL_VERSION", "${KERNEL_FULL_VERSION}"),
            ("/usr/src/kernels/$(uname -r)", "/usr/src/kernels/${KERNEL_VERSION}"),
            ("/lib/modules/$(uname -r)/(x)", "/lib/modules/${KERNEL_VERSION}/(x)"),
            ("$(basename $(uname -r))/x", "${KERNEL_VERSION}/x"),
            ("/lib/modules/`uname -r`/build", "/lib/modules/${KERNEL_VERSION}/build"),
            ("/lib/modules/%k/build", "/lib/modules/${KERNEL_VERSION}/build"),
            ("${kernelver}", "${KERNEL_VERSION}"),
            ("$KVER/x", "${KERNEL_VERSION}/x"),
            ("a{{ kernel.release }}", "a${KERNEL_VERSION}"),
            ("$(KERNEL_VERSION)", "${KERNEL_VERSION}"),
            ("${KERNEL_VERSON}", "${KERNEL_VERSION}"),
            ("--with-linux=${KDIR}", "--with-linux=/lib/modules/${KERNEL_VERSION}/build"),
            ("--with-linux=$(KDIR)", "--with-linux=/lib/modules/${KERNEL_VERSION}/build"),
            ("$KERNEL_SRC/include", "/lib/modules/${KERNEL_VERSION}/build/include"),
            ("${kernel_source_dir}", "/lib/modules/${KERNEL_VERSION}/build"),
        ] {
            assert_eq!(help(text, Expands::Release), format!("write `{corrected}`"), "{text}");
        }
        for text in [
            "$HOME",
            "${FOO}",
            "${KERNEL_VERSION",
            "${KERNEL_VERSION%%-*}",
            "$(date)",
            "$((1+1))",
            "`id`",
            "~/x",
            "--prefix=~/x",
            "$(nproc)",
        ] {
            assert!(!help(text, Expands::Release).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_means_itself_is_taken() {
        for text in [
            "",
            "a",
            "^a$",
            "$",
            "$1 $@ $?",
            "$$HOME",
            "$${prefix}/lib",
            "$$(id)",
            "100 %",
            "%{?dist}",
            "1.0~rc1",
            "a~/b",
            "`",
            "{{ x }}",
            "${KERNEL_VERSION}-${KERNEL_FULL_VERSION}",
            "kmod-*",
            "%kernel",
        ] {
            for expands in [Expands::Release, Expands::Prose, Expands::Make] {
                assert!(check(text, expands).is_ok(), "{text}: {:?}", check(text, expands));
            }
        }
        assert!(check("The `driver` of `boards`", Expands::Prose).is_ok());
        assert!(check("built at `date`", Expands::Prose).is_err());
    }

    #[test]
    fn make_expands_its_own() {
        for text in
            ["$(CURDIR)/x", "$(shell pwd)", "$(SRC:.c=.o)", "$(filter a b,$(X))", "$(KERNEL_VERSION)", "$(KDIR)", "$@"]
        {
            assert!(check(text, Expands::Make).is_ok(), "{text}: {:?}", check(text, Expands::Make));
        }
        for (text, corrected) in [
            ("${SRC}", "$(SRC)"),
            ("$ORIGIN/x", "$(ORIGIN)/x"),
            ("$(date)", "$(shell date)"),
            ("$(filter a,$(X))/$(date)/(x)", "$(filter a,$(X))/$(shell date)/(x)"),
            ("$(git describe)", "$(shell git describe)"),
            ("$(shell uname -r)", "${KERNEL_VERSION}"),
            ("${KDIR}", "/lib/modules/${KERNEL_VERSION}/build"),
            ("$KERNELDIR", "/lib/modules/${KERNEL_VERSION}/build"),
        ] {
            assert_eq!(help(text, Expands::Make), format!("write `{corrected}`"), "{text}");
        }
        assert!(help("-j$(nproc)", Expands::Make).contains("jobs: all"));
    }

    #[test]
    fn where_nothing_expands_the_kernels_are_told_apart() {
        for text in ["${KERNEL_VERSION}", "$KERNEL_VERSION", "$(uname -r)", "%k"] {
            assert!(help(text, Expands::Nothing).contains("overrides"), "{text}");
        }
    }
}
