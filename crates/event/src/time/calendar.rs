//! The Gregorian calendar: days since 1970-01-01 from a date, and back.
//!
//! A year is counted from March here, so that the day which some years lack is its last one.

/// Seconds of a day; leap seconds are not counted.
pub(super) const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH: i64 = 719_468;
const DAYS_PER_YEAR: i64 = 365;
const DAYS_PER_4_YEARS: i64 = 4 * DAYS_PER_YEAR + 1;
const DAYS_PER_100_YEARS: i64 = 25 * DAYS_PER_4_YEARS - 1;
const DAYS_PER_400_YEARS: i64 = 4 * DAYS_PER_100_YEARS + 1;
/// Days of the months from March on; five months always have 153.
const DAYS_PER_5_MONTHS: i64 = 153;

/// A date of the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub year: u32,
    pub month: u32,
    pub day: u32,
}

impl Date {
    /// Days since 1970-01-01; `None` for a date that does not exist.
    pub fn days(self) -> Option<i64> {
        let leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let last = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if !(1..=last).contains(&self.day) {
            return None;
        }
        let (year, month) = match self.month {
            early @ 1..=2 => (i64::from(self.year) - 1, i64::from(early) + 9),
            late => (i64::from(self.year), i64::from(late) - 3),
        };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let months = (DAYS_PER_5_MONTHS * month + 2) / 5;
        Some(year * DAYS_PER_YEAR + leap_days + months + i64::from(self.day) - 1 - EPOCH)
    }

    /// The date that lies `days` after 1970-01-01, at most in the year 9999.
    pub fn of(days: i64) -> Self {
        let days = days + EPOCH;
        let (cycle, day) = (days / DAYS_PER_400_YEARS, days % DAYS_PER_400_YEARS);
        // The last day of 4, of 100 and of 400 years is one more than their years have otherwise.
        let before = day / (DAYS_PER_4_YEARS - 1) - day / DAYS_PER_100_YEARS
            + day / (DAYS_PER_400_YEARS - 1);
        let year = (day - before) / DAYS_PER_YEAR;
        let day = day - (year * DAYS_PER_YEAR + year / 4 - year / 100);
        let month = (5 * day + 2) / DAYS_PER_5_MONTHS;
        let day = day - (DAYS_PER_5_MONTHS * month + 2) / 5 + 1;
        let (year, month) = match month {
            0..=9 => (cycle * 400 + year, month + 3),
            _ => (cycle * 400 + year + 1, month - 9),
        };
        let narrow = |number: i64| u32::try_from(number).unwrap_or_default();
        Date {
            year: narrow(year),
            month: narrow(month),
            day: narrow(day),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_follows_the_one_before() {
        let mut days = Date {
            year: 0,
            month: 1,
            day: 1,
        }
        .days()
        .unwrap();
        for year in 0..10_000 {
            for month in 1..=12 {
                for day in 1..=31 {
                    let date = Date { year, month, day };
                    if let Some(found) = date.days() {
                        assert_eq!(found, days, "{date:?}");
                        assert!(year < 1970 || Date::of(days) == date, "{date:?}");
                        days += 1;
                    }
                }
            }
        }
    }
}
