//! Instants as requests may name them: also those before 1970, when nothing of ours happened.

use docket_event::Timestamp;

use crate::protobuf::varint;

/// 0001-01-01T00:00:00Z, the first second that the vendor's `Timestamp` has.
const FIRST: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z, the last one.
const LAST: i64 = 253_402_300_799;
/// Years after which the calendar repeats itself, a few times over, and the seconds in them.
const CYCLE_YEARS: u32 = 2_000;
const CYCLE_SECONDS: i64 = 730_485 * 86_400;
const MICROS: i64 = 1_000_000;

/// An instant from year 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    seconds: i64,
    nanos: u32,
}

impl Moment {
    /// From Unix seconds and nanoseconds; `None` when out of range.
    pub fn new(seconds: i64, nanos: i32) -> Option<Self> {
        let nanos = u32::try_from(nanos).ok()?;
        let fits = (FIRST..=LAST).contains(&seconds) && nanos < 1_000_000_000;
        fits.then_some(Moment { seconds, nanos })
    }

    /// Reads RFC 3339 with a time zone and at most nine fraction digits.
    ///
    /// # Errors
    /// Words that say what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error = match Timestamp::parse(text) {
            Ok(time) => {
                return Ok(Moment {
                    seconds: time.seconds(),
                    nanos: time.nanos(),
                });
            }
            Err(error) => error,
        };
        // Before 1970 the calendar is read some cycles later.
        let year = text.get(..4).and_then(|year| year.parse::<u32>().ok());
        let year = year.filter(|year| *year <= 1_970).ok_or(&error);
        let later = format!(
            "{:04}{}",
            year? + CYCLE_YEARS,
            text.get(4..).unwrap_or_default()
        );
        let time = Timestamp::parse(&later).map_err(|_| error.as_str())?;
        let seconds = time.seconds() - CYCLE_SECONDS;
        let nanos = i32::try_from(time.nanos()).unwrap_or_default();
        Moment::new(seconds, nanos).ok_or_else(|| format!("{text} is outside the years 1 to 9999"))
    }

    /// Unix microseconds, rounded up: what a lower bound means.
    pub fn micros_up(self) -> i64 {
        self.seconds * MICROS + i64::from(self.nanos.div_ceil(1_000))
    }

    /// Unix microseconds, rounded down: what an upper bound means.
    pub fn micros(self) -> i64 {
        self.seconds * MICROS + i64::from(self.nanos / 1_000)
    }

    /// The protobuf message.
    pub fn to_message(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16);
        if self.seconds != 0 {
            varint(1, self.seconds.cast_unsigned(), &mut out);
        }
        if self.nanos != 0 {
            varint(2, self.nanos.into(), &mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_years_of_the_vendors_calendar_are_read() {
        let check = |text: &str, expected: Option<(i64, u32)>| {
            let found = Moment::parse(text).ok();
            assert_eq!(
                found.map(|moment| (moment.seconds, moment.nanos)),
                expected,
                "{text}"
            );
        };
        check("1970-01-01T00:00:00Z", Some((0, 0)));
        check("1969-12-31T23:59:59.999999999Z", Some((-1, 999_999_999)));
        check("1970-01-01T00:00:00+01:00", Some((-3_600, 0)));
        check("0001-01-01T00:00:00Z", Some((FIRST, 0)));
        check("0001-01-01T00:00:00+00:01", None);
        check("0000-12-31T23:59:59Z", None);
        check("1900-02-29T00:00:00Z", None);
        check("1600-02-29T00:00:00Z", Some((-11_670_998_400, 0)));
        check("9999-12-31T23:59:59Z", Some((LAST, 0)));
        check("10000-01-01T00:00:00Z", None);
        for bad in [
            "",
            "2024",
            "2024-05-01",
            "2024-05-01T00:00:00",
            "1960-13-01T00:00:00Z",
            "ab",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn bounds_are_compared_at_microseconds() {
        let moment = Moment::new(5, 1_500).unwrap();
        assert_eq!(
            (moment.micros_up(), moment.micros()),
            (5_000_002, 5_000_001)
        );
        let before = Moment::new(-1, 1).unwrap();
        assert_eq!(
            (before.micros_up(), before.micros()),
            (-999_999, -1_000_000)
        );
        assert_eq!(Moment::new(0, -1), None);
        assert_eq!(Moment::new(0, 1_000_000_000), None);
        assert_eq!(Moment::new(LAST + 1, 0), None);
    }
}
