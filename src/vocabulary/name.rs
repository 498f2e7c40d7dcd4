//! Names of Kubernetes objects, sources and kernel modules.

use std::fmt;

use super::Invalid;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks the text.
            ///
            /// # Errors
            /// What is wrong with it, and what to write instead.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let check: fn(&str) -> Result<(), Invalid> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }

            /// The name as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type! {
    /// The name of a KMM Module: a DNS label, since a dot breaks the labels that KMM makes of it.
    ModuleName, |text| dns_label("module name", text)
}
name_type! {
    /// The name of a Kubernetes namespace: a DNS label.
    Namespace, |text| dns_label("namespace", text)
}
name_type! {
    /// The name of a source in the manifest; also a folder in the builder.
    SourceName, |text| dns_label("source name", text)
}
name_type! {
    /// The name of a cluster; also a folder of the output.
    ClusterName, |text| dns_label("cluster name", text)
}
name_type! {
    /// The name of a group of clusters that have pins of their own in the lock.
    PinGroup, |text| dns_label("group of pins", text)
}
name_type! {
    /// The name of the owner of generated files: a label value.
    OwnerName, owner_name
}
name_type! {
    /// The name of a kernel module file without `.ko`, such as `kmm_ci_a`.
    KmodName, kmod_name
}

/// A lower-case DNS label of at most 63 characters (RFC 1123).
pub(super) fn dns_label(what: &str, text: &str) -> Result<(), Invalid> {
    fn legal(c: char) -> bool {
        c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
    }
    let shown = text.escape_debug();
    let problem = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > 63 {
        format!("has {} characters; Kubernetes allows 63", text.len())
    } else if let Some(bad) = text.chars().find(|c| !legal(*c)) {
        format!("contains {bad:?}")
    } else if text.starts_with('-') || text.ends_with('-') {
        "starts or ends with `-`".to_owned()
    } else {
        return Ok(());
    };
    let invalid = Invalid::new(format!("{what} `{shown}` {problem}"));
    let suggestion: String =
        text.to_ascii_lowercase().chars().map(|c| if legal(c) { c } else { '-' }).take(63).collect();
    Err(match suggestion.trim_matches('-') {
        "" => invalid.help("write lower-case letters, digits and `-`"),
        fixed => invalid.help(format!("write lower-case letters, digits and `-`, such as `{fixed}`")),
    })
}

fn owner_name(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new("`owner` is empty").help("write a name, such as `owner: team-nic`, or remove it"));
    }
    fn legal(c: char) -> bool {
        c.is_ascii_alphanumeric() || "._-".contains(c)
    }
    let has_ends =
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.ends_with(|c: char| c.is_ascii_alphanumeric());
    if text.len() <= 63 && text.chars().all(legal) && has_ends {
        return Ok(());
    }
    let long = if text.len() > 63 { format!(" ({} characters)", text.len()) } else { String::new() };
    Err(Invalid::new(format!("`{}` is not the name of an owner{long}", super::brief(text.to_owned()).escape_debug()))
        .help("write a label value: 1 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"))
}

fn kmod_name(text: &str) -> Result<(), Invalid> {
    let shown = text.escape_debug();
    if let Some(stem) = text.strip_suffix(".ko") {
        return Err(Invalid::new(format!("kmod `{shown}` includes the file extension")).help(format!("write `{stem}`")));
    }
    fn legal(c: char) -> bool {
        c.is_ascii_alphanumeric() || c == '_' || c == '-'
    }
    if text.is_empty() || text.starts_with('-') || !text.chars().all(legal) {
        return Err(Invalid::new(format!("`{shown}` is not the name of a kernel module"))
            .help("write the file's name without `.ko`: letters, digits, `_` and `-`"));
    }
    // MODULE_NAME_LEN of include/linux/module.h is 64 bytes less a pointer, the final zero included.
    if text.len() > 55 {
        return Err(Invalid::new(format!("kmod `{shown}` is longer than the 55 characters that Linux allows")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        assert!(ModuleName::parse("kmm-ci").is_ok());
        let error = ModuleName::parse("Kmm.Ci").unwrap_err();
        assert!(error.help.unwrap().contains("`kmm-ci`"));
        for bad in ["", "-a", "a-", "a/b", "..", "a\nb", &"a".repeat(64)] {
            assert!(ModuleName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn owners() {
        for good in ["team-nic", "A_b.c", "9", &"a".repeat(63)] {
            assert!(OwnerName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a b", "a\nb", "a:b", "a/b", "\u{e4}", "${X}", &"a".repeat(64)] {
            assert!(OwnerName::parse(bad).unwrap_err().help.is_some(), "{bad}");
        }
    }

    #[test]
    fn kmods() {
        assert!(KmodName::parse("kmm_ci_a").is_ok());
        assert_eq!(KmodName::parse("a.ko").unwrap_err().help.unwrap(), "write `a`");
        for bad in ["", "-a", "a/b", "a b", "$(x)"] {
            assert!(KmodName::parse(bad).is_err(), "{bad}");
        }
    }
}
