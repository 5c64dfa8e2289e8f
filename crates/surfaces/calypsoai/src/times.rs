//! Times as the vendor writes and reads them.

use docket_event::{Span, Timestamp};

use crate::wire::Parsed;

/// The Gregorian calendar repeats after so many years.
const CYCLE_YEARS: u32 = 400;
/// The first microsecond behind the year 9999: no event is that late.
const MICROS_END: i64 = 253_402_300_800_000_000;

/// An instant that events are compared with, in the microseconds that they print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The last microsecond that is not after it.
    last: i64,
    /// The first microsecond that is not before it.
    first: i64,
}

impl Bound {
    /// Reads a date-time; without a zone it is in UTC.
    ///
    /// # Errors
    /// What is no date-time.
    pub fn parse(text: &str) -> Parsed<Self> {
        if let Ok(time) = instant(text) {
            return Ok(Bound {
                last: time.micros(),
                first: time.micros_up(),
            });
        }
        // Dates that no event can have are still dates.
        let outside = |micros: i64| Bound {
            last: micros,
            first: micros,
        };
        match year(text) {
            Some(year) if year <= 1970 && shifted(text, year, year + 5 * CYCLE_YEARS) => {
                Ok(outside(-1))
            }
            Some(9999) if shifted(text, 9999, 9999 - CYCLE_YEARS) => Ok(outside(MICROS_END)),
            Some(_) | None => Err((
                "datetime_parsing",
                "Input should be a valid datetime, such as 2026-11-20T00:00:00Z".to_owned(),
            )),
        }
    }

    /// The span of all times before it.
    pub fn before(self) -> Span {
        Span {
            from: None,
            to: Some(self.first.max(0)),
        }
    }

    /// The span of all times after it.
    pub fn after(self) -> Span {
        Span {
            from: Some(self.last + 1),
            to: None,
        }
    }
}

/// Reads a date-time between 1970 and 9999; without a zone it is in UTC.
///
/// # Errors
/// Words that say what to write instead.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    let mut usual = text.to_owned();
    // Programs print times with a space, too.
    if text.is_ascii() && text.as_bytes().get(10) == Some(&b' ') {
        usual.replace_range(10..11, "T");
    }
    let clock = usual.get(11..).unwrap_or_default();
    if !clock.ends_with(['Z', 'z']) && !clock.contains(['+', '-']) {
        usual.push('Z');
    }
    Timestamp::parse(&usual)
}

/// A time with six digits and `Z`, as the vendor prints it.
pub fn printed(time: Timestamp) -> String {
    let whole = Timestamp::new(time.seconds(), 0)
        .unwrap_or(time)
        .to_string();
    format!(
        "{}.{:06}Z",
        whole.trim_end_matches('Z'),
        time.nanos() / 1_000
    )
}

fn year(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|year| all && *year > 0)
}

/// Whether the text would be a date-time in that other year.
fn shifted(text: &str, from: u32, to: u32) -> bool {
    let rest = text.strip_prefix(&format!("{from:04}"));
    rest.is_some_and(|rest| instant(&format!("{to:04}{rest}")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_exclude_their_instant() {
        let check = |text: &str, to: i64, from: i64| {
            let bound = Bound::parse(text).unwrap();
            assert_eq!(bound.before().to, Some(to), "{text}");
            assert_eq!(bound.after().from, Some(from), "{text}");
        };
        check("1970-01-01T00:00:05Z", 5_000_000, 5_000_001);
        check("1970-01-01T00:00:05", 5_000_000, 5_000_001);
        check("1970-01-01 00:00:05+00:00", 5_000_000, 5_000_001);
        check("1970-01-01t02:00:05.000001+02:00", 5_000_001, 5_000_002);
        check("1970-01-01T00:00:00.000001001Z", 2, 2);
        check("1969-12-31T23:59:59Z", 0, 0);
        check("0001-01-01T00:00:00", 0, 0);
        check("1970-01-01T00:00:00+14:00", 0, 0);
        let end = MICROS_END;
        check("9999-12-31T23:59:59-01:00", end, end + 1);
    }

    #[test]
    fn what_is_no_date_time_is_refused() {
        for text in [
            "",
            "now",
            "2026-11-20",
            "1700000000",
            "2026-11-20T00:00",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T00:00:00 02:00",
            "2026-11-20T00:00:00.1234567890Z",
            "0000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "+026-01-01T00:00:00Z",
            "２026-11-20T00:00:00Z",
            "9999-13-31T23:59:59-01:00",
        ] {
            assert_eq!(
                Bound::parse(text).unwrap_err().0,
                "datetime_parsing",
                "{text}"
            );
        }
    }

    #[test]
    fn times_are_printed_with_six_digits() {
        let check = |text: &str, expected: &str| {
            assert_eq!(printed(Timestamp::parse(text).unwrap()), expected);
        };
        check("2026-11-20T00:00:00Z", "2026-11-20T00:00:00.000000Z");
        check("2026-11-20T00:00:00.5Z", "2026-11-20T00:00:00.500000Z");
        check(
            "2026-11-20T02:00:00.000001999+02:00",
            "2026-11-20T00:00:00.000001Z",
        );
    }
}
