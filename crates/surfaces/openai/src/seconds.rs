//! Decimal numbers of any size as whole seconds, without the rounding of floating point.

/// Beyond every instant, and still far from the ends of `i64` when counted in microseconds.
const FAR: i64 = 1_000_000_000_000;
/// Digits of [`FAR`].
const FAR_DIGITS: i64 = 13;

/// A decimal number as whole seconds see it. What lies further out than ±[`FAR`] is drawn in to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds {
    floor: i64,
    whole: bool,
}

impl Seconds {
    /// Reads digits with an optional minus, fraction and exponent, as JSON and programs write numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
            None => (rest, 0),
        };
        let (integer, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let decimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if integer.is_empty() || !decimal(integer) || !decimal(fraction) {
            return None;
        }
        Some(Seconds::of(negative, integer, fraction, exponent))
    }

    fn of(negative: bool, integer: &str, fraction: &str, exponent: i64) -> Self {
        let digits: String = [integer, fraction].concat();
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Seconds {
                floor: 0,
                whole: true,
            };
        }
        // The value is 0.significant × 10^point.
        let zeros = signed(digits.len()) - signed(significant.len());
        let point = (signed(integer.len()) - zeros).saturating_add(exponent);
        let (size, whole) = if point >= FAR_DIGITS {
            (FAR, true)
        } else {
            let kept = usize::try_from(point).unwrap_or(0);
            let (before, behind) = significant
                .split_at_checked(kept)
                .unwrap_or((significant, ""));
            let size = before
                .bytes()
                .fold(0_i64, |sum, byte| sum * 10 + i64::from(byte - b'0'));
            let missing = u32::try_from(kept - before.len()).unwrap_or(0);
            (
                size * 10_i64.pow(missing),
                behind.bytes().all(|byte| byte == b'0'),
            )
        };
        let floor = match (negative, whole) {
            (false, _) => size,
            (true, true) => -size,
            (true, false) => -size - 1,
        };
        Seconds { floor, whole }
    }

    /// The number itself, if it has no fraction.
    pub fn whole(self) -> Option<i64> {
        self.whole.then_some(self.floor)
    }

    /// The first whole second that is not less than the number.
    pub fn at_least(self) -> i64 {
        self.floor + i64::from(!self.whole)
    }

    /// The first whole second that is greater than the number.
    pub fn greater(self) -> i64 {
        self.floor + 1
    }
}

/// An exponent; one that no integer holds is as good as a very large one.
fn exponent_of(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(
        sign * digits
            .parse::<i64>()
            .unwrap_or(i64::MAX / 4)
            .min(i64::MAX / 4),
    )
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        for (text, floor, whole) in [
            ("0", 0, true),
            ("-0", 0, true),
            ("0.000", 0, true),
            ("007", 7, true),
            ("5.0", 5, true),
            ("5.5", 5, false),
            ("-5.5", -6, false),
            ("-5", -5, true),
            ("1.722461446e9", 1_722_461_446, true),
            ("17224614460E-1", 1_722_461_446, true),
            ("1.7224614465e+9", 1_722_461_446, false),
            ("0.00000000000000000000000000000000000001", 0, false),
            ("1e-99999999999999999999", 0, false),
            ("-1e-99999999999999999999", -1, false),
            ("1e99999999999999999999", FAR, true),
            ("-8.533e+68", -FAR, true),
            ("0e99999999999999999999", 0, true),
            ("999999999999", 999_999_999_999, true),
            ("1000000000000", FAR, true),
            ("99999999999999999999999.5", FAR, true),
            ("12e2", 1_200, true),
            ("0.012e2", 1, false),
        ] {
            assert_eq!(
                Seconds::parse(text),
                Some(Seconds { floor, whole }),
                "{text}"
            );
        }
        for text in [
            "",
            "-",
            "+5",
            "5.",
            ".5",
            "1e",
            "1e+",
            "1e1.5",
            "0x10",
            "NaN",
            "inf",
            "-Infinity",
            "1_000",
            " 5",
            "5 ",
            "٥",
            "1,5",
            "--5",
            "1e--5",
        ] {
            assert_eq!(Seconds::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bounds_fall_on_whole_seconds() {
        for (text, at_least, greater) in
            [("5", 5, 6), ("5.5", 6, 6), ("-5.5", -5, -5), ("-1", -1, 0)]
        {
            let seconds = Seconds::parse(text).unwrap();
            assert_eq!(
                (seconds.at_least(), seconds.greater()),
                (at_least, greater),
                "{text}"
            );
        }
    }
}
