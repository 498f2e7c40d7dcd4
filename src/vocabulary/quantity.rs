//! Amounts of resources.

use super::Invalid;

/// Amount of a resource, in billionths, rounded up: Kubernetes keeps no smaller part
/// (`k8s.io/apimachinery/pkg/api/resource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

const UNIT: i128 = 1_000_000_000;
/// Kubernetes caps amounts at 64 bits.
const LARGEST: i128 = i64::MAX as i128 * UNIT;

impl Quantity {
    /// Parses a quantity such as `1500m`, `0.5`, `2Gi` or `1e3`.
    ///
    /// # Errors
    /// A text that Kubernetes reads no amount from.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::of(text).ok_or_else(|| {
            let fault = Invalid::new(format!("`{}` is not a quantity", text.escape_debug()));
            // Common spellings that Kubernetes lacks.
            let fixed = text
                .replace(' ', "")
                .trim_end_matches(['B', 'b'])
                .replace("KB", "k")
                .replace('K', "k")
                .replace("ki", "Ki");
            let fixed = fixed.replace("mi", "Mi").replace("gi", "Gi").replace('g', "G");
            match Self::of(&fixed) {
                Some(_) => fault.help(format!("write `{fixed}`")),
                None => fault.help("write a number and a unit, such as `500m`, `2`, `64Mi` or `1Gi`"),
            }
        })
    }

    fn of(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if part.contains('.') || whole.len() + part.len() == 0 {
            return None;
        }
        let (base, power): (i128, i32) = match suffix {
            "" => (10, 0),
            "n" => (10, -9),
            "u" => (10, -6),
            "m" => (10, -3),
            "k" => (10, 3),
            "M" => (10, 6),
            "G" => (10, 9),
            "T" => (10, 12),
            "P" => (10, 15),
            "E" => (10, 18),
            "Ki" => (1024, 1),
            "Mi" => (1024, 2),
            "Gi" => (1024, 3),
            "Ti" => (1024, 4),
            "Pi" => (1024, 5),
            "Ei" => (1024, 6),
            _ => {
                let exponent = suffix.strip_prefix(['e', 'E'])?;
                let digits = exponent.trim_start_matches(['+', '-']);
                if digits.is_empty() || exponent.len() - digits.len() > 1 || !digits.bytes().all(|b| b.is_ascii_digit())
                {
                    return None;
                }
                (10, exponent.parse().ok()?)
            }
        };
        let amount = scaled(whole, part, base, power);
        Some(Self(if negative { -amount } else { amount }))
    }

    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Checks for a whole number.
    pub fn is_whole(self) -> bool {
        self.0 % UNIT == 0
    }

    /// Checks for a whole multiple of `other`.
    pub fn is_multiple_of(self, other: Self) -> bool {
        other.0 != 0 && self.0 % other.0 == 0
    }
}

/// The number of billionths of `whole.part` times a power of `base`, rounded up, and capped.
fn scaled(whole: &str, part: &str, base: i128, power: i32) -> i128 {
    let digits = format!("{whole}{}", part.trim_end_matches('0'));
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    let fraction = i32::try_from(part.trim_end_matches('0').len()).unwrap_or(i32::MAX);
    let (tens, binary) = if base == 10 { (power.saturating_add(9), 1) } else { (9, base.pow(power.unsigned_abs())) };
    let tens = tens.saturating_sub(fraction);
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // Far above the largest, and far below the smallest: neither needs its digits.
    if length.saturating_add(tens) > 30 {
        return LARGEST;
    }
    if length.saturating_add(tens) < -20 {
        return 1;
    }
    // Digits after the 30th say nothing but that there is more.
    let (digits, more) = digits.split_at(digits.len().min(30));
    let tens = tens.saturating_add(i32::try_from(more.len()).unwrap_or(i32::MAX));
    let mut amount: i128 = digits.parse().unwrap_or(LARGEST);
    let mut inexact = more.bytes().any(|b| b != b'0');
    amount = match amount.checked_mul(binary) {
        Some(amount) => amount,
        None => return LARGEST,
    };
    for _ in 0..tens.max(0) {
        amount = amount.saturating_mul(10);
    }
    for _ in 0..(-tens).max(0) {
        inexact |= amount % 10 != 0;
        amount /= 10;
    }
    amount.saturating_add(i128::from(inexact)).min(LARGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    #[test]
    fn amounts() {
        for (one, other) in [
            ("1", "1000m"),
            ("0.5", "500m"),
            (".5", "5e-1"),
            ("5.", "5"),
            ("1Ki", "1024"),
            ("1.5Gi", "1536Mi"),
            ("1e3", "1k"),
            ("1E3", "1k"),
            ("1E", "1e18"),
            ("0.1n", "1n"),
            ("1e-99", "1n"),
            ("1e99", "9223372036854775807"),
            ("+1", "1"),
            ("010", "10"),
            ("0.000", "0"),
        ] {
            assert_eq!(of(one), of(other), "{one} {other}");
        }
        assert!(of("1") < of("1001m") && of("1Gi") > of("1G") && of("-1").is_negative() && !of("-0").is_negative());
        assert!(of("2").is_whole() && !of("1.5").is_whole() && of("4Mi").is_multiple_of(of("2Mi")));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for bad in [
            "", "x", "1KB", "1ki", "1e", "1e1.5", "1.2.3", "1 Gi", "1GiB", "0x10", "1_000", "--1", "+", ".", "1e+-3",
            "1K", "½",
        ] {
            assert!(Quantity::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Quantity::parse("64 MiB").unwrap_err().help.unwrap(), "write `64Mi`");
        assert_eq!(Quantity::parse("10KB").unwrap_err().help.unwrap(), "write `10k`");
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "[-+]?[0-9.]{0,50}([eE][-+]?[0-9]{0,20}|[numkMGTPE]i?)?") {
            let _ = Quantity::parse(&text);
        }

        #[test]
        fn numbers_are_themselves(number in 0..i64::MAX) {
            prop_assert_eq!(of(&number.to_string()).0, i128::from(number) * UNIT);
        }
    }
}
