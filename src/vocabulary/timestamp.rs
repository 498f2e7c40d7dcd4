//! Points in time.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::Invalid;

/// A point in time, in whole seconds since 1970, written as in RFC 3339: `2026-05-01T12:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 1980-01-01, the earliest date that zip archives can hold: the date of what has none.
    pub const EARLIEST: Self = Self(315_532_800);

    /// Last second that four digits of a year can write.
    const LATEST: u64 = 253_402_300_799;

    /// Returns the time `seconds` after the beginning of 1970, or the nearest that can be written.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(u64::try_from(seconds).unwrap_or_default().min(Self::LATEST))
    }

    /// Returns the seconds since the beginning of 1970.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// Parses a time in UTC.
    ///
    /// # Errors
    /// A text of another form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let time = humantime::parse_rfc3339(text).ok();
        let seconds =
            time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()).map(|since| since.as_secs());
        seconds.map(Self).filter(|time| time.to_string() == text).ok_or_else(|| {
            Invalid::new(format!("`{}` is not a time", text.escape_debug())).help("write it as `2026-05-01T12:00:00Z`")
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(self.0)).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_one_way() {
        assert_eq!(Timestamp::EARLIEST.to_string(), "1980-01-01T00:00:00Z");
        for text in ["1970-01-01T00:00:00Z", "2026-05-01T12:00:59Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        for bad in
            ["", "2026-05-01", "2026-05-01T12:00:00+02:00", "2026-05-01T12:00:00.5Z", "1969-12-31T23:59:59Z", "x"]
        {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
        for (seconds, text) in [(i64::MIN, "1970-01-01T00:00:00Z"), (i64::MAX, "9999-12-31T23:59:59Z")] {
            assert_eq!(Timestamp::from_seconds(seconds).to_string(), text);
        }
    }
}
