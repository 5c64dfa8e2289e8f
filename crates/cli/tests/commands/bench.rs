//! The self-test of the machine.

use crate::place::Place;

#[test]
fn figures_are_printed_and_nothing_is_left() {
    let place = Place::with_acme();
    let before = place.types();
    let figures = place.json("bench --events 2500 --json");
    assert_eq!(figures["events"], 2_500);
    assert!(figures["events_per_s"].as_f64().unwrap() > 0.0, "{figures}");
    let bytes = figures["json_bytes_per_event"].as_u64().unwrap();
    assert!((300..1_000).contains(&bytes), "{figures}");
    assert!(figures["disk_bytes_per_event"].as_u64().unwrap() > 0);
    let queries = figures["queries"].as_array().unwrap();
    assert_eq!(queries.len(), 6);
    for times in queries.iter().chain([&figures["group"]]) {
        let (p50, p99) = (times["p50_ms"].as_f64(), times["p99_ms"].as_f64());
        assert!(p50.unwrap() > 0.0 && p50 <= p99, "{figures}");
    }
    let table = place.text("bench --events 10");
    assert!(
        table.contains("events/s") && table.contains("by request id"),
        "{table}"
    );
    let left = |folder: &str| {
        let names = std::fs::read_dir(place.path(folder)).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("docket-bench-"))
            .count()
    };
    assert_eq!((left("."), left("data")), (0, 0));
    // Its own store is another one; this one has a note of the first look at it.
    assert_eq!(place.types().len(), before.len() + 1);
    // A folder that is not there is not made.
    place.text("bench --events 10 --data no/such");
    assert!(!place.path("no").exists());
    place.fails("bench --events 0", 2);
}
