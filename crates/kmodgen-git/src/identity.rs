//! Author, committer and time of a commit: from git's variables and settings, by git's rules.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::commit_error::CommitError;
use super::config::GitConfig;
use super::environment::GitEnvironment;

/// A person at a time, as a commit names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name, without characters that a commit cannot have.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Time of the commit.
    pub when: Moment,
}

/// A time, and the zone that its clock was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// A person's part in a commit.
struct Role {
    variables: [&'static str; 3],
    settings: [&'static str; 2],
}

const AUTHOR: Role = Role {
    variables: ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"],
    settings: ["author.name", "author.email"],
};

const COMMITTER: Role = Role {
    variables: ["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"],
    settings: ["committer.name", "committer.email"],
};

impl Person {
    /// The author and the committer of a commit that is made now.
    pub fn both(environment: &GitEnvironment, config: &GitConfig) -> Result<[Self; 2], CommitError> {
        let now = Moment::now();
        Ok([Self::of(&AUTHOR, environment, config, now)?, Self::of(&COMMITTER, environment, config, now)?])
    }

    fn of(role: &Role, environment: &GitEnvironment, config: &GitConfig, now: Moment) -> Result<Self, CommitError> {
        let [name, email, date] = role.variables;
        let [name_setting, email_setting] = role.settings;
        let name = environment.get(name).or_else(|| config.get(name_setting)).or_else(|| config.get("user.name"));
        let email = environment.get(email).or_else(|| config.get(email_setting)).or_else(|| config.get("user.email"));
        let when = match environment.get(date) {
            None => now,
            Some(text) => Moment::parse(text, now.offset)
                .ok_or_else(|| CommitError::BadDate { variable: date, date: text.escape_debug().to_string() })?,
        };
        Ok(Self {
            name: cleaned(name).ok_or(CommitError::NoIdentity { what: "user.name" })?,
            email: cleaned(email)
                .or_else(|| cleaned(environment.get("EMAIL")))
                .ok_or(CommitError::NoIdentity { what: "user.email" })?,
            when,
        })
    }

    /// Name and address, without the time.
    pub fn address(&self) -> String {
        format!("{} <{}>", self.name, self.email)
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Moment { seconds, offset } = self.when;
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs());
        write!(f, "{} {seconds} {sign}{:02}{:02}", self.address(), minutes / 60, minutes % 60)
    }
}

/// A name or address without what a commit's line cannot have, and without what git cuts off at both ends.
/// `None` if nothing is left.
fn cleaned(text: Option<&str>) -> Option<String> {
    let text = text?.trim_matches(is_cut_off);
    let cleaned: String = text.chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect();
    (!cleaned.is_empty()).then_some(cleaned)
}

fn is_cut_off(c: char) -> bool {
    c.is_control() || c.is_whitespace() || ".,:;<>\"\\'".contains(c)
}

impl Moment {
    /// Now, by this machine's clock and zone.
    fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let offset = git2::Signature::now("x", "x").map_or(0, |signature| signature.when().offset_minutes());
        Self { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), offset }
    }

    /// Reads git's own form, RFC 3339 and RFC 2822; `here` is the zone where none is written.
    fn parse(text: &str, here: i32) -> Option<Self> {
        let words: Vec<&str> = text.trim().split([' ', 'T']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [seconds, zone] if !seconds.contains('-') => {
                let seconds = seconds.strip_prefix('@').unwrap_or(seconds).parse().ok()?;
                Some(Self { seconds, offset: offset(zone)? })
            }
            [seconds] if seconds.starts_with('@') => Some(Self { seconds: seconds[1..].parse().ok()?, offset: here }),
            [date, time, rest @ ..] if date.contains('-') && rest.len() < 2 => {
                let mut parts = date.splitn(3, '-').map(str::parse);
                let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
                let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
                let zone = rest.first().copied().or(Some(&time[at..]).filter(|zone| !zone.is_empty()));
                Self::at(year, month, day, &time[..at], zone, here)
            }
            // RFC 2822, where the day of the week may be left out. A `T` in it splits a word.
            _ => Self::parse_mail(text, here),
        }
    }

    fn parse_mail(text: &str, here: i32) -> Option<Self> {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let text = text.split_once(',').map_or(text, |(_, rest)| rest);
        let words: Vec<&str> = text.split_whitespace().collect();
        let [day, month, year, time, rest @ ..] = words.as_slice() else { return None };
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
        Self::at(year.parse().ok()?, month as i64 + 1, day.parse().ok()?, time, rest.first().copied(), here)
    }

    fn at(year: i64, month: i64, day: i64, time: &str, zone: Option<&str>, here: i32) -> Option<Self> {
        let whole = time.split('.').next()?;
        let numbers: Vec<i64> = whole.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
        let (hour, minute, second) = match numbers.as_slice() {
            [hour, minute] => (*hour, *minute, 0),
            [hour, minute, second] => (*hour, *minute, *second),
            _ => return None,
        };
        let fits = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..=60).contains(&second);
        let offset = zone.map_or(Some(here), offset)?;
        let local = (days_since_1970(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
        fits.then(|| Self { seconds: local - i64::from(offset) * 60, offset })
    }
}

/// `Z`, `+hhmm` or `+hh:mm`, in minutes.
fn offset(zone: &str) -> Option<i32> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits.replace(':', "")),
        ("-", digits) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Days of the Gregorian calendar; a year is taken to begin in March, so that a leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(variables: &[(&str, &str)], settings: &[(&str, &str)]) -> Result<String, CommitError> {
        let numbered = settings.iter().enumerate().flat_map(|(number, (key, value))| {
            [
                (format!("GIT_CONFIG_KEY_{number}"), (*key).to_owned()),
                (format!("GIT_CONFIG_VALUE_{number}"), (*value).to_owned()),
            ]
        });
        let fixed = [
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
            ("GIT_CONFIG_GLOBAL".to_owned(), String::new()),
            ("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string()),
            ("GIT_AUTHOR_DATE".to_owned(), "1767225600 +0130".to_owned()),
        ];
        let given = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = GitEnvironment::new(fixed.into_iter().chain(numbered).chain(given));
        let config = GitConfig::load(&environment).unwrap();
        Ok(Person::both(&environment, &config)?[0].to_string())
    }

    #[test]
    fn variables_come_before_settings() {
        let settings = [("user.name", "User"), ("user.email", "u@example.com"), ("author.name", "Author")];
        assert_eq!(person(&[], &settings).unwrap(), "Author <u@example.com> 1767225600 +0130");
        assert_eq!(
            person(&[("GIT_AUTHOR_NAME", " <Ann\n>, "), ("GIT_AUTHOR_EMAIL", "a@b")], &settings).unwrap(),
            "Ann <a@b> 1767225600 +0130"
        );
        assert_eq!(person(&[("EMAIL", "e@b")], &settings[..1]).unwrap(), "User <e@b> 1767225600 +0130");
        for (variables, settings, message) in [
            (&[][..], &settings[..1], "no git identity: user.email is not set"),
            (&[], &[], "no git identity: user.name is not set"),
            (&[("GIT_COMMITTER_DATE", "noon")], &settings, "cannot parse the date `noon` in GIT_COMMITTER_DATE"),
        ] {
            assert_eq!(person(variables, settings).unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn any_date_is_read_or_refused(text in ".*", digits in "[0-9TZ:+@, -]{0,30}") {
            let _ = (Moment::parse(&text, 0), Moment::parse(&digits, 0));
        }
    }

    #[test]
    fn dates_are_read_as_git_reads_them() {
        // `TZ=UTC git log --format=%at` of commits with these dates.
        for (text, expected) in [
            ("1112911993 -0700", (1_112_911_993, -420)),
            ("@1112911993 +0000", (1_112_911_993, 0)),
            ("2005-04-07T22:13:13Z", (1_112_911_993, 0)),
            ("2005-04-07T22:13:13.5+02:00", (1_112_904_793, 120)),
            ("2005-04-07 22:13:13 +0200", (1_112_904_793, 120)),
            ("2005-04-07 22:13:13", (1_112_908_393, 60)),
            ("Thu, 07 Apr 2005 22:13:13 +0200", (1_112_904_793, 120)),
            ("2024-02-29T00:00:00Z", (1_709_164_800, 0)),
        ] {
            let moment = Moment::parse(text, 60).unwrap();
            assert_eq!((moment.seconds, moment.offset), expected, "{text}");
        }
        for text in ["", "noon", "2005-13-07T00:00:00Z", "2005-04-07", "1 +9999", "2005-04-07T25:00:00Z", "é"] {
            assert!(Moment::parse(text, 60).is_none(), "{text}");
        }
    }
}
