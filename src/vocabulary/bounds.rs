//! Bounds on versions: `>=5.14.0-427, <6`.

use std::cmp::Ordering;

use super::Invalid;
use super::version::{Parts, VersionPart};

/// A range of versions: every one of its comparisons must hold.
///
/// Each compares only as far as its own version goes, so that `<6` has nothing of 6.1 in it, `=5.14`
/// is any 5.14, and `<=5.14.0-427` still takes `5.14.0-427.28.1.el9_4.x86_64`. Parts are ordered as
/// rpm orders them: numbers by value, a number after a word, `~` before everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Bounds(Vec<Bound>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Bound {
    comparison: Comparison,
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    Not,
    AtLeast,
    Greater,
}

/// Operators as they are written; one that begins with another comes before it.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("!=", Comparison::Not),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("=", Comparison::Equal),
];

impl Bounds {
    /// Reads comparisons with commas between them.
    ///
    /// # Errors
    /// One that has no operator, or no version.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.split(',').map(|part| Bound::parse(part.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// A floor: nothing older than `version`.
    ///
    /// # Errors
    /// What is no version.
    pub fn at_least(text: &str) -> Result<Self, Invalid> {
        Ok(Self(vec![Bound { comparison: Comparison::AtLeast, version: version(text)? }]))
    }

    /// A ceiling: nothing newer than `version`, which what begins with it is not.
    ///
    /// # Errors
    /// What is no version.
    pub fn at_most(text: &str) -> Result<Self, Invalid> {
        Ok(Self(vec![Bound { comparison: Comparison::AtMost, version: version(text)? }]))
    }

    /// Nothing but what is newer than `version`, which what begins with it is not.
    ///
    /// # Errors
    /// What is no version.
    pub fn newer_than(text: &str) -> Result<Self, Invalid> {
        Ok(Self(vec![Bound { comparison: Comparison::Greater, version: version(text)? }]))
    }

    /// Narrows the range to what is within `others` as well.
    pub fn narrow(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Checks whether `version` is within the bounds.
    pub fn hold(&self, version: &str) -> bool {
        self.0.iter().all(|bound| bound.holds(version))
    }
}

impl Bound {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let found = COMPARISONS.iter().find_map(|(sign, comparison)| Some((text.strip_prefix(sign)?, *comparison)));
        let Some((rest, comparison)) = found else {
            return Err(Invalid::new(format!("`{}` has no comparison operator", text.escape_debug()))
                .help("write `>=5.14`, `<6`, or both with a comma in between; the operators are `<`, `<=`, `=`, `!=`, `>=`, `>`"));
        };
        Ok(Self { comparison, version: version(rest.trim())? })
    }

    fn holds(&self, version: &str) -> bool {
        let order = compare_up_to(version, &self.version);
        match self.comparison {
            Comparison::Less => order.is_lt(),
            Comparison::AtMost => order.is_le(),
            Comparison::Equal => order.is_eq(),
            Comparison::Not => order.is_ne(),
            Comparison::AtLeast => order.is_ge(),
            Comparison::Greater => order.is_gt(),
        }
    }
}

fn version(text: &str) -> Result<String, Invalid> {
    fn legal(c: char) -> bool {
        c.is_ascii_alphanumeric() || "._-+~".contains(c)
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(legal) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(format!("`{}` is not a version", text.escape_debug()))
        .help("a version starts with a digit, such as `5.14` or `5.14.0-427.28.1`"))
}

/// The order of `version` and `bound`, of which nothing counts that is beyond the bound's last part.
fn compare_up_to(version: &str, bound: &str) -> Ordering {
    let mut parts = Parts(version);
    for wanted in Parts(bound) {
        let order = match parts.next() {
            Some(part) => part.cmp(&wanted),
            None if wanted == VersionPart::Tilde => Ordering::Greater,
            None => Ordering::Less,
        };
        if order.is_ne() {
            return order;
        }
    }
    // What comes before a release of this version is not that version.
    if parts.next() == Some(VersionPart::Tilde) { Ordering::Less } else { Ordering::Equal }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(bounds: &str, version: &str) -> bool {
        Bounds::parse(bounds).unwrap().hold(version)
    }

    #[test]
    fn a_bound_reaches_as_far_as_it_is_written() {
        let release = "5.14.0-427.28.1.el9_4.x86_64";
        for (bounds, expected) in [
            ("<6", true),
            ("<5.14", false),
            ("<=5.14", true),
            ("=5.14", true),
            ("!=5.14", false),
            (">5.14", false),
            (">=5.14.0-427", true),
            (">=5.14.0-427.28.2", false),
            (">=5.14.0-427.28.1.el9_2", true),
            ("=5.14.0-427.28.1.el9_4.x86_64", true),
            (">=5, <6", true),
            (">=5, <5.9", false),
            (">=5.14.0-427.28.1.el9_4.x86_64.1", false),
        ] {
            assert_eq!(holds(bounds, release), expected, "{bounds}");
        }
    }

    #[test]
    fn parts_are_ordered_as_rpm_orders_them() {
        // Each is older than the next.
        for pair in
            ["6.1~rc1", "6.1", "6.1.el9", "6.1.0", "6.1.9", "6.1.10", "6.1.99999999999999999999999", "6.2"].windows(2)
        {
            assert!(holds(&format!("<{}", pair[1]), pair[0]), "{pair:?}");
            assert!(!holds(&format!("<{}", pair[0]), pair[1]), "{pair:?}");
        }
        assert!(holds("=6.01", "6.1"));
    }

    #[test]
    fn what_is_no_bound_is_told_what_to_write() {
        for (text, said) in [
            ("5.14", "has no comparison operator"),
            ("", "has no comparison operator"),
            (">=5,", "has no comparison operator"),
            ("~5", "has no comparison operator"),
            (">=", "is not a version"),
            (">=v5", "is not a version"),
            ("==5", "is not a version"),
            ("<5 6", "is not a version"),
        ] {
            let error = Bounds::parse(text).unwrap_err();
            assert!(error.message.contains(said) && error.help.is_some(), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_order_holds(version in "[0-9a-c.~+_-]{1,12}", bound in "[0-9][0-9a-c.~+_-]{0,9}") {
            let held = ["<", "=", ">"].iter().filter(|sign| holds(&format!("{sign}{bound}"), &version)).count();
            prop_assert_eq!(held, 1);
            prop_assert_eq!(holds(&format!("<={bound}"), &version), !holds(&format!(">{bound}"), &version));
            prop_assert_eq!(holds(&format!(">={bound}"), &version), !holds(&format!("<{bound}"), &version));
        }

        #[test]
        fn a_version_is_equal_to_its_own_beginnings(version in "[0-9]{1,3}(\\.[0-9]{1,3}){2}-[0-9]{1,4}") {
            for (at, _) in version.match_indices(['.', '-']) {
                let bound = format!("={}", &version[..at]);
                prop_assert!(holds(&bound, &version));
            }
        }
    }
}
