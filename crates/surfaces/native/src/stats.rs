//! `GET /api/v1/stats`: how many events there are, when they happened, what they are, and where they show.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use docket_event::{Fault, Filter, Timestamp, Value};
use docket_surfaces_kit::auth::{self, BEARER};
use docket_surfaces_kit::read::{
    BUCKETS_MAX, Histogram, Stats, StatsQuery, SurfaceCount, TOP_MAX, Top,
};
use docket_surfaces_kit::{App, Asked};

use crate::access::own_organization;
use crate::error::Problem;
use crate::parameters::Parameters;
use crate::query::{filter, number};

/// Values of each top when nothing is said.
const TOP: usize = 10;
/// Widest interval, in days.
const DAYS_MAX: i64 = 36_500;
const SECOND_MICROS: i64 = 1_000_000;
/// Units of an interval, in seconds, largest first.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Statistics of the events that the parameters ask for.
pub async fn stats(State(app): State<App>, asked: Asked) -> Result<Response, Problem> {
    let caller = auth::authenticate(&app, &asked, BEARER).await?;
    own_organization(&asked, &caller)?;
    auth::scoped(Filter::default(), &caller)?;
    let mut parameters = Parameters::of(&asked)?;
    let question = question(&mut parameters);
    parameters.finish()?;
    let stats = app.stats(&caller, question).await?;
    let intervals = stats.histogram.buckets.count;
    if intervals > BUCKETS_MAX {
        let reason = format!(
            "makes {intervals} intervals of these events, and at most {BUCKETS_MAX} are given; write a wider one, \
             leave it out, or narrow `from` and `to`"
        );
        return Err(Problem::parameters(vec![Fault::new("interval", reason)]));
    }
    let text = document(&stats).to_text();
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}

fn question(parameters: &mut Parameters) -> StatsQuery {
    let filter = filter(parameters);
    let width = parameters.one("interval", interval).flatten();
    let most = parameters.one("top", |text| number(text, TOP_MAX));
    StatsQuery {
        filter,
        width,
        most: most.unwrap_or(TOP),
    }
}

/// The microseconds of `15m`, `1h`, `7d`; `None` for `auto`.
fn interval(text: &str) -> Result<Option<i64>, String> {
    if text == "auto" {
        return Ok(None);
    }
    let wrong = || {
        let shown: String = text.chars().take(40).collect();
        format!("{shown} is no interval; write 30s, 15m, 1h, 1d or auto, at most {DAYS_MAX}d")
    };
    let (digits, unit) = text
        .char_indices()
        .next_back()
        .and_then(|(at, unit)| Some((text.get(..at)?, unit)))
        .ok_or_else(wrong)?;
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, seconds) = unit.ok_or_else(wrong)?;
    let most = usize::try_from(DAYS_MAX * 86_400 / seconds).unwrap_or(usize::MAX);
    let units = number(digits, most).map_err(|_| wrong())?;
    let units = i64::try_from(units).map_err(|_| wrong())?;
    Ok(Some(units * seconds * SECOND_MICROS))
}

/// An interval as [`interval`] reads it; null without one.
fn interval_text(micros: i64) -> Value<'static> {
    let seconds = micros / SECOND_MICROS;
    let unit = UNITS
        .iter()
        .find(|(_, unit)| seconds > 0 && seconds % unit == 0);
    match unit {
        Some((name, unit)) => Value::string(format!("{}{name}", seconds / unit)),
        None => Value::Null,
    }
}

fn document(stats: &Stats) -> Value<'_> {
    Value::object([
        ("count", count(stats.count.events)),
        ("interval", interval_text(stats.histogram.buckets.width)),
        ("histogram", Value::Array(histogram(&stats.histogram))),
        ("types", top("type", &stats.types)),
        ("actors", top("id", &stats.actors)),
        ("projects", top("id", &stats.projects)),
        ("surfaces", surfaces(stats)),
        ("incomplete", incomplete(stats)),
    ])
}

fn count(number: u64) -> Value<'static> {
    Value::integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn histogram(histogram: &Histogram) -> Vec<Value<'_>> {
    let counts = histogram.counts.iter().enumerate();
    let counts = counts.map(|(index, number)| {
        let start = Timestamp::from_micros(histogram.buckets.start(index).max(0));
        let from = start.map_or(Value::Null, |start| Value::string(start.to_string()));
        Value::object([("from", from), ("count", count(*number))])
    });
    counts.collect()
}

fn top<'t>(name: &'t str, top: &'t Top) -> Value<'t> {
    let values = top.values.iter().map(|(value, number)| {
        let value = Value::string(value.as_str());
        Value::object([(name, value), ("count", count(*number))])
    });
    Value::Array(values.collect())
}

fn surfaces(stats: &Stats) -> Value<'_> {
    let surface = |found: &SurfaceCount| {
        let shown = found.everyone + found.cross_vendor_only;
        Value::object([
            ("surface", Value::string(found.surface.name())),
            ("shown", count(found.everyone)),
            ("cross_vendor_only", count(found.cross_vendor_only)),
            ("not_shown", count(stats.count.events.saturating_sub(shown))),
        ])
    };
    Value::Array(stats.surfaces.iter().map(surface).collect())
}

/// The members of the answer whose numbers may be too low or that may lack values.
fn incomplete(stats: &Stats) -> Value<'_> {
    let surfaces = stats.surfaces.iter().all(|surface| surface.complete);
    let names = [
        ("count", stats.count.complete),
        ("histogram", stats.histogram.complete),
        ("types", stats.types.complete),
        ("actors", stats.actors.complete),
        ("projects", stats.projects.complete),
        ("surfaces", surfaces),
    ];
    let names = names.into_iter().filter(|(_, complete)| !complete);
    Value::Array(names.map(|(name, _)| Value::string(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_come_back_in_their_largest_unit() {
        let check = |text: &str, seconds: i64, written: &str| {
            let micros = interval(text).unwrap().unwrap();
            assert_eq!(micros, seconds * SECOND_MICROS, "{text}");
            assert_eq!(interval_text(micros).as_str(), Some(written));
        };
        check("1s", 1, "1s");
        check("90m", 5_400, "90m");
        check("120m", 7_200, "2h");
        check("7d", 604_800, "7d");
        check("36500d", 3_153_600_000, "36500d");
        assert_eq!(interval("auto"), Ok(None));
        for wrong in [
            "",
            "d",
            "0d",
            "-1d",
            "1.5h",
            "1w",
            "36501d",
            "1 h",
            "ü",
            "9999999999999999999s",
        ] {
            assert!(
                interval(wrong).unwrap_err().contains("write 30s"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn filters_come_with_interval_and_top_and_nothing_else() {
        let faults = |query: &str| {
            let mut parameters = Parameters::read(query).unwrap();
            let asked = question(&mut parameters);
            let faults = parameters.faults();
            (
                asked,
                faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            )
        };
        let (asked, none) = faults("not.type=a.b&interval=1h&top=3&from=2026-11-20T00:00:00Z");
        assert_eq!((asked.width, asked.most), (Some(3_600 * SECOND_MICROS), 3));
        assert_eq!((asked.filter.groups.len(), none.len()), (1, 0));
        let (asked, _) = faults("");
        assert_eq!((asked.width, asked.most), (None, TOP));
        for (query, says) in [
            ("top=0", "top: is no number from 1 to 100"),
            ("top=101", "top: is no number from 1 to 100"),
            (
                "interval=1w",
                "interval: 1w is no interval; write 30s, 15m, 1h, 1d or auto, at most 36500d",
            ),
            ("limit=5", "limit: is no parameter here"),
            ("interval=1h&interval=2h", "interval: stands more than once"),
        ] {
            let (_, found) = faults(query);
            assert!(
                matches!(&*found, [only] if only.starts_with(says)),
                "{query}: {found:?}"
            );
        }
    }
}
