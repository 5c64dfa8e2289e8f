//! Events that look like those of a platform, the same every time.

use docket_event::Timestamp;

/// Time between two events.
const STEP_MICROS: i64 = 1_000_000;
const TYPES: [&str; 8] = [
    "api_key.created",
    "login.succeeded",
    "project.updated",
    "user_account.created",
    "api_key.deleted",
    "project.created",
    "login.failed",
    "project.archived",
];
const ACTORS: u64 = 2_000;
const PROJECTS: u64 = 100;
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Numbers that look random and belong to `number` alone (SplitMix64).
pub fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One of the types, the first ones most often.
pub fn event_type(number: u64) -> &'static str {
    let index = skewed(mix(number), TYPES.len() as u64);
    let index = usize::try_from(index).unwrap_or_default();
    TYPES.get(index).copied().unwrap_or("login.succeeded")
}

/// The actor's id.
pub fn actor(number: u64) -> String {
    format!("user-{:06}", skewed(mix(number ^ 0xac70), ACTORS))
}

/// Id of the target: three in ten are nobody else's.
pub fn target(number: u64) -> String {
    match mix(number ^ 0x7a6e) {
        draw if draw % 10 < 3 => format!("key_{number:012x}"),
        draw => format!("key_{:012x}", skewed(draw, 20_000)),
    }
}

/// Id of the request, of every event its own.
pub fn request(number: u64) -> String {
    format!("req_{:016x}", mix(number))
}

/// The event as it would be posted; the one before `count` happened at `now_micros`.
pub fn event(number: u64, count: u64, now_micros: i64) -> String {
    let ago = i64::try_from(count.saturating_sub(number)).unwrap_or_default();
    let time = Timestamp::from_micros(now_micros - ago.saturating_mul(STEP_MICROS));
    let time = time.map(|time| time.to_string()).unwrap_or_default();
    let (draw, actor) = (mix(number ^ 0x50), actor(number));
    let outcome = match event_type(number) {
        "login.failed" => {
            r#","outcome":"failure","error":{"code":"401","message":"wrong password"}"#
        }
        _ => "",
    };
    format!(
        r#"{{"type":"{}","occurred_at":"{time}","actor":{{"kind":"user","id":"{actor}","email":"{actor}@example.com"}},"credential":{{"kind":"api_key","id":"key-{:08x}"}},"source":{{"ip":"203.0.113.{}","user_agent":"{AGENT}"}},"project":{{"id":"proj_{:04}"}},"targets":[{{"kind":"api_key","id":"{}"}}]{outcome},"request_id":"{}","data":{{"before":{{"name":"n{:04x}","limit":{}}},"after":{{"name":"n{:04x}","limit":{}}}}}}}"#,
        event_type(number),
        draw & 0xffff,
        draw % 256,
        draw % PROJECTS,
        target(number),
        request(number),
        draw & 0xffff,
        draw % 1_000,
        (draw >> 16) & 0xffff,
        (draw >> 16) % 1_000,
    )
}

/// A number below `end`, small ones more often.
fn skewed(draw: u64, end: u64) -> u64 {
    let (a, b) = (draw & 0xffff_ffff, draw >> 32);
    ((a * b) >> 32).saturating_mul(end) >> 32
}

#[cfg(test)]
mod tests {
    use docket_event::{Writer, check_event, read_event};

    use super::*;

    #[test]
    fn events_are_good_and_the_same_every_time() {
        let now = 1_795_236_371_000_000;
        for number in 0..1_000 {
            let text = event(number, 1_000, now);
            let event = read_event(&text).unwrap();
            check_event(&event, Writer::Client, now).unwrap();
            assert_eq!(event.request_id, Some(request(number)));
            assert_eq!(event.targets[0].id, Some(target(number)));
        }
        assert_eq!(event(7, 1_000, now), event(7, 1_000, now));
    }
}
