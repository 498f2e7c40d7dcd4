//! Days.

use std::fmt;

use super::{Invalid, Timestamp};

/// A day in UTC, written as `2026-05-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(Timestamp);

/// Number of seconds of a day.
const DAY: u64 = 24 * 60 * 60;

impl Date {
    /// Returns the day of a time.
    pub fn of(time: Timestamp) -> Self {
        let start = time.seconds() / DAY * DAY;
        Self(Timestamp::from_seconds(i64::try_from(start).unwrap_or_default()))
    }

    /// Parses a day.
    ///
    /// # Errors
    /// A text of another form, or a day that no calendar has.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let time = Timestamp::parse(&format!("{text}T00:00:00Z"));
        time.map(Self).map_err(|_| {
            Invalid::new(format!("`{}` is not a date", text.escape_debug())).help("write a day such as `2026-05-01`")
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.split_once('T').map_or(&text, |(day, _)| day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_in_one_way() {
        for text in ["1970-01-01", "2024-02-29", "9999-12-31"] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "2026-5-1", "2023-02-29", "2026-05-01T00:00:00Z", "tomorrow", "2026-05-01\n", "10000-01-01"] {
            assert!(Date::parse(bad).is_err(), "{bad:?}");
        }
        let noon = Timestamp::parse("2026-05-01T12:34:56Z").unwrap();
        assert_eq!(Date::of(noon).to_string(), "2026-05-01");
        assert!(Date::of(noon) < Date::parse("2026-05-02").unwrap());
    }
}
