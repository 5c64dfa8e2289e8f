//! Instants between 1970 and 9999, to the nanosecond, as RFC 3339 writes them.

mod calendar;

use std::fmt;

use calendar::{Date, SECONDS_PER_DAY};

const MICROS_PER_SECOND: i64 = 1_000_000;
/// 10000-01-01T00:00:00Z, the first second that is too late.
const SECONDS_END: i64 = 253_402_300_800;
/// Characters of the longest form, `2026-11-20T00:00:00.123456789Z`.
const CHARS_MAX: usize = 30;

/// An instant, 1970-01-01T00:00:00Z or later and before the year 10000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// An instant from Unix seconds and nanoseconds; `None` when out of range.
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        let fits = (0..SECONDS_END).contains(&seconds) && nanos < 1_000_000_000;
        fits.then_some(Timestamp { seconds, nanos })
    }

    /// An instant from Unix microseconds; `None` when out of range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        let nanos = u32::try_from(micros.rem_euclid(MICROS_PER_SECOND)).ok()? * 1_000;
        Timestamp::new(micros.div_euclid(MICROS_PER_SECOND), nanos)
    }

    /// Unix seconds, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    pub fn nanos(self) -> u32 {
        self.nanos
    }

    /// Unix microseconds, cut: what order and filters see of an event.
    pub fn micros(self) -> i64 {
        self.seconds * MICROS_PER_SECOND + i64::from(self.nanos / 1_000)
    }

    /// Unix microseconds, rounded up: what a lower bound means.
    pub fn micros_up(self) -> i64 {
        self.seconds * MICROS_PER_SECOND + i64::from(self.nanos.div_ceil(1_000))
    }

    /// Reads RFC 3339 with a time zone and at most nine fraction digits.
    ///
    /// # Errors
    /// Words that say what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{} is not an RFC 3339 time; write 2026-11-20T00:00:00Z",
                shown(text)
            )
        };
        let bytes = text.as_bytes();
        if bytes.len() < 19 || !text.is_ascii() || !shaped(bytes) {
            return Err(wrong());
        }
        let rest = text.get(19..).unwrap_or_default();
        if rest.bytes().skip(1).take_while(u8::is_ascii_digit).count() > 9 {
            return Err(format!(
                "{} has more than nine fraction digits; cut it to nine",
                shown(text)
            ));
        }
        let (nanos, zone) = fraction(rest).ok_or_else(wrong)?;
        if zone.is_empty() {
            return Err(format!("{text} has no time zone; write {text}Z"));
        }
        let [year, month, day, hour, minute, second] = FIELDS.map(|field| number(bytes, field));
        if second == 60 {
            return Err(format!(
                "{text} has a second of 60, which no clock here counts; write 59"
            ));
        }
        let days = Date { year, month, day }.days().ok_or_else(wrong)?;
        if hour > 23 || minute > 59 || second > 59 {
            return Err(wrong());
        }
        let offset = zone_seconds(zone).ok_or_else(wrong)?;
        let clock = i64::from(hour * 3_600 + minute * 60 + second);
        Timestamp::new(days * SECONDS_PER_DAY + clock - offset, nanos)
            .ok_or_else(|| format!("{text} is outside the years 1970 to 9999"))
    }
}

impl fmt::Display for Timestamp {
    /// UTC with `Z` and 0, 3, 6 or 9 fraction digits, as many groups as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl Timestamp {
    /// Calls `take` with what [`Timestamp::to_string`] gives, at the cost of no allocation.
    pub(crate) fn with_text<T>(self, take: impl FnOnce(&str) -> T) -> T {
        let date = Date::of(self.seconds.div_euclid(SECONDS_PER_DAY));
        let clock = u32::try_from(self.seconds.rem_euclid(SECONDS_PER_DAY)).unwrap_or_default();
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let values = [
            date.year,
            date.month,
            date.day,
            clock / 3_600,
            clock / 60 % 60,
            clock % 60,
        ];
        for (field, value) in FIELDS.into_iter().zip(values) {
            put(&mut text, field, value);
        }
        let (digits, value) = match self.nanos {
            0 => (0, 0),
            nanos if nanos % 1_000_000 == 0 => (3, nanos / 1_000_000),
            nanos if nanos % 1_000 == 0 => (6, nanos / 1_000),
            nanos => (9, nanos),
        };
        put(&mut text, (20, 20 + digits), value);
        let end = if digits == 0 { 19 } else { 20 + digits };
        if let Some(zone) = text.get_mut(end) {
            *zone = b'Z';
        }
        let text = text.get(..=end).unwrap_or_default();
        take(std::str::from_utf8(text).expect("digits and signs are ASCII"))
    }
}

/// Where year, month, day, hour, minute and second stand in `2026-11-20T00:00:00`.
const FIELDS: [(usize, usize); 6] = [(0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)];

/// The number of the digits in a field.
fn number(bytes: &[u8], (from, to): (usize, usize)) -> u32 {
    let digits = bytes.get(from..to).unwrap_or_default();
    digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u32::from(*digit & 0x0f))
}

/// Fills a field with the digits of a number.
fn put(text: &mut [u8; CHARS_MAX], (from, to): (usize, usize), mut value: u32) {
    for place in text.get_mut(from..to).unwrap_or_default().iter_mut().rev() {
        *place = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
    }
}

/// Whether the first 19 bytes look like `2026-11-20T00:00:00`.
fn shaped(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .take(19)
        .enumerate()
        .all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            10 => matches!(byte, b'T' | b't'),
            13 | 16 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
}

/// Splits `.123Z` into nanoseconds and the zone.
fn fraction(rest: &str) -> Option<(u32, &str)> {
    let Some(tail) = rest.strip_prefix('.') else {
        return Some((0, rest));
    };
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let (number, zone) = tail.split_at(digits);
    let scale = 10_u32.pow(u32::try_from(9 - digits).ok()?);
    Some((number.parse::<u32>().ok()? * scale, zone))
}

/// Seconds east of UTC of `Z`, `+02:00`, `-05:30`.
fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = zone
        .strip_prefix('+')
        .map(|rest| (1, rest))
        .or_else(|| zone.strip_prefix('-').map(|rest| (-1, rest)))?;
    let (hours, minutes) = rest.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// At most 40 characters of what was sent, for a message.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, seconds: i64, nanos: u32, written: &str) {
        let time = Timestamp::parse(text).unwrap();
        assert_eq!(
            (time.seconds(), time.nanos(), time.to_string().as_str()),
            (seconds, nanos, written)
        );
    }

    #[test]
    fn rfc_3339_in_and_out() {
        reads("1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z");
        reads(
            "2026-11-20t02:00:00.5+02:00",
            1_795_132_800,
            500_000_000,
            "2026-11-20T00:00:00.500Z",
        );
        reads(
            "2024-02-29T23:59:59.123456789z",
            1_709_251_199,
            123_456_789,
            "2024-02-29T23:59:59.123456789Z",
        );
        reads(
            "9999-12-31T23:59:59.999999Z",
            253_402_300_799,
            999_999_000,
            "9999-12-31T23:59:59.999999Z",
        );
    }

    #[test]
    fn refusals_say_what_to_write() {
        for (text, says) in [
            (
                "2026-11-20T00:00:00",
                "has no time zone; write 2026-11-20T00:00:00Z",
            ),
            ("2026-11-20", "is not an RFC 3339 time"),
            ("2026-11-20 00:00:00Z", "is not an RFC 3339 time"),
            ("2026-02-30T00:00:00Z", "is not an RFC 3339 time"),
            ("2026-11-20T24:00:00Z", "is not an RFC 3339 time"),
            ("2026-11-20T00:00:60Z", "second of 60"),
            ("2026-11-20T00:00:61Z", "is not an RFC 3339 time"),
            ("2026-11-20T00:00:00.Z", "is not an RFC 3339 time"),
            (
                "2026-11-20T00:00:00.1234567890Z",
                "more than nine fraction digits",
            ),
            ("2026-11-20T00:00:00+2:00", "is not an RFC 3339 time"),
            ("1969-12-31T23:59:59Z", "outside the years"),
            ("9999-12-31T23:59:59-01:00", "outside the years"),
            ("-001-01-01T00:00:00Z", "is not an RFC 3339 time"),
            ("２026-11-20T00:00:00Z", "is not an RFC 3339 time"),
        ] {
            let error = Timestamp::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_independent_calendar_agrees(seconds in 0..SECONDS_END, nanos in 0..1_000_000_000_u32, cut in 0..10_u32) {
            let nanos = nanos - nanos % 10_u32.pow(cut.min(9));
            let time = Timestamp::new(seconds, nanos).unwrap();
            let text = time.to_string();
            proptest::prop_assert_eq!(Timestamp::parse(&text), Ok(time));
            // It ends a day before the year 10000, for the sake of zones.
            if let Ok(theirs) = jiff::Timestamp::new(seconds, i32::try_from(nanos).unwrap()) {
                proptest::prop_assert_eq!(text.parse::<jiff::Timestamp>().unwrap(), theirs);
            }
        }

        #[test]
        fn dates_that_do_not_exist_are_refused(year in 1970..10_000_i16, month in 0..14_i8, day in 0..33_i8) {
            let text = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
            let exists = jiff::civil::Date::new(year, month, day).is_ok();
            proptest::prop_assert_eq!(Timestamp::parse(&text).is_ok(), exists, "{}", text);
        }
    }

    #[test]
    fn bounds_round_outwards_and_events_are_cut() {
        let time = Timestamp::parse("1970-01-01T00:00:00.000001001Z").unwrap();
        assert_eq!((time.micros(), time.micros_up()), (1, 2));
        assert_eq!(Timestamp::from_micros(-1), None);
        assert_eq!(
            Timestamp::from_micros(1_500_000),
            Timestamp::new(1, 500_000_000)
        );
    }
}
