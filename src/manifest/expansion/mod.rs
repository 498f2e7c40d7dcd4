//! Expansion of the kernel release in the texts of a manifest.
//!
//! Every text that reaches a build belongs to a field that expands the same few things: nothing but
//! `${KERNEL_VERSION}` and `${KERNEL_FULL_VERSION}`, and in variables of make what make expands itself. All
//! else that a shell would expand arrives as it is written and cannot work, so it is refused.

mod check;
mod names;

use super::decode;
use crate::vocabulary::{Invalid, RelPath};

/// References that a field expands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expands {
    /// Nothing: the text is used as it is written.
    Nothing,
    /// The release.
    Release,
    /// The release, in prose: code between backticks is no command.
    Prose,
    /// The release, and what make expands itself.
    Make,
}

impl Expands {
    /// Checks a line of text for the field. A `$$` in it stands for `$`.
    ///
    /// # Errors
    /// What would arrive unexpanded, with the text to write instead.
    pub(super) fn line(self, text: &str) -> Result<String, Invalid> {
        check::check(text, self)?;
        let text = decode::line(text)?;
        // make reads a `$$` as `$`, after the shell has read it.
        Ok(if self == Self::Make { text.replace("$$", "$$$$") } else { text })
    }

    /// Checks the path of one file or folder for the field.
    ///
    /// # Errors
    /// Those of [`Self::line`] and of [`RelPath::parse`], and a shell pattern.
    pub(super) fn path(self, text: &str) -> Result<RelPath, Invalid> {
        let path = self.pattern(text)?;
        match text.chars().find(|c| "*?[".contains(*c)) {
            None => Ok(path),
            Some(sign) => Err(Invalid::new(format!(
                "path `{}` has a `{sign}`, but patterns are not supported here",
                text.escape_debug()
            ))
            .help("write one path")),
        }
    }

    /// Checks a shell pattern of paths for the field.
    ///
    /// # Errors
    /// Those of [`Self::line`] and of [`RelPath::parse`], and what a POSIX shell does not expand in a pattern.
    pub(super) fn pattern(self, text: &str) -> Result<RelPath, Invalid> {
        let shown = text.escape_debug();
        let path = RelPath::parse(text)?;
        self.line(text)?;
        if text.contains("**") {
            return Err(Invalid::new(format!("path `{shown}` has a `**`, which a shell treats like `*`"))
                .help("write the folder to include its contents, or write one pattern for each depth"));
        }
        let braces = text.replace("${", "");
        if let Some((_, rest)) = braces.split_once('{')
            && rest.split_once('}').is_some_and(|(inner, _)| inner.contains(','))
        {
            return Err(Invalid::new(format!("path `{shown}` has braces, which a POSIX shell does not expand"))
                .help("write an item of the list for each"));
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::written_out;

    #[test]
    fn a_dollar_of_make_is_doubled() {
        assert_eq!(written_out(&Expands::Make.line("-Wl,$$ORIGIN $(X)").unwrap(), "R"), "-Wl,$$ORIGIN $(X)");
    }

    #[test]
    fn patterns_are_those_of_a_shell() {
        assert!(Expands::Release.pattern("fw/${KERNEL_VERSION}/*.bin").is_ok());
        for bad in ["fw/**/a", "fw/{a,b}.bin", "/fw", "a/../b", "fw/$X"] {
            assert!(Expands::Release.pattern(bad).is_err(), "{bad}");
        }
        assert!(Expands::Release.path("fw/*.bin").is_err());
    }
}
