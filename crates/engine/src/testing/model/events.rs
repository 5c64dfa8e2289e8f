//! Random events whose values are few enough that filters hit.

use docket_event::{
    Actor, ActorKind, Credential, CredentialKind, Event, EventError, Json, Origin, Outcome,
    Recorded, Source, Target, Timestamp,
};

use crate::testing::random::Dice;

pub(super) const TYPES: [&str; 9] = [
    "project.created",
    "project.archived",
    "login.succeeded",
    "login.failed",
    "invite.sent",
    "user_account.created",
    "tenant.policy.created",
    "shop.opened",
    "x.openai.brand.new",
];
pub(super) const ACTORS: [&str; 5] = ["u1", "u2", "u3", "key", "bot"];
pub(super) const TARGETS: [&str; 6] = ["p1", "p2", "p3", "key", "u1", "rare"];
/// As JSON strings write them.
const WORDS: [&str; 12] = [
    "alpha",
    "ALPHA",
    "Beta",
    "gamma",
    "Größe",
    "STRASSE",
    "say \\\"so\\\"",
    "back\\\\slash",
    "tab\\tbed",
    "日本語",
    "\u{212a}elvin",
    "a,b:[c]{d}",
];
pub(super) const SURFACES: [&str; 4] = ["openai", "clarifai", "native", "calypsoai"];

/// A batch of events; some repeat what is known or what is in the batch.
pub(super) fn batch(dice: &mut Dice, now: i64, known: &[Recorded], count: usize) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::with_capacity(count);
    for _ in 0..count {
        let repeated = match dice.below(30) {
            0 => dice.pick(known).map(|recorded| recorded.event.clone()),
            1 => dice.pick(&events).cloned(),
            _ => None,
        };
        events.push(
            repeated
                .filter(|event| event.origin.is_some())
                .unwrap_or_else(|| event(dice, now)),
        );
    }
    events
}

fn event(dice: &mut Dice, now: i64) -> Event {
    let event_type = dice
        .pick(&TYPES)
        .copied()
        .unwrap_or("shop.opened")
        .to_owned();
    let failed =
        event_type == "login.failed" || (event_type != "login.succeeded" && dice.once_in(8));
    let mut event = Event {
        event_type,
        occurred_at: time(dice, now),
        outcome: if failed {
            Outcome::Failure
        } else {
            Outcome::Success
        },
        error: (failed && dice.once_in(2)).then(|| EventError {
            code: Some("no".to_owned()),
            message: Some("not so".to_owned()),
        }),
        request_id: Some(format!("req_{}", dice.below(1_000))),
        ..Event::default()
    };
    if !dice.once_in(5) {
        let id = dice.pick(&ACTORS).map(|id| (*id).to_owned());
        let email = id
            .clone()
            .map(|id| format!("{id}@Example.com"))
            .filter(|_| !dice.once_in(4));
        let kind = if dice.once_in(3) {
            ActorKind::ServiceAccount
        } else {
            ActorKind::User
        };
        event.actor = Some(Actor {
            kind,
            name: id
                .as_ref()
                .map(|id| format!("Näme of {id}"))
                .filter(|_| dice.once_in(2)),
            profile: dice.once_in(3).then(|| standing(id.as_deref())),
            id,
            email,
        });
    }
    if dice.once_in(2) {
        let id = dice.pick(&ACTORS).map(|id| (*id).to_owned());
        event.credential = Some(Credential {
            kind: CredentialKind::ApiKey,
            id,
        });
    }
    if dice.once_in(2) {
        let ip = Some(format!("203.0.113.{}", dice.below(4)));
        event.source = Some(Source {
            ip,
            ..Source::default()
        });
    }
    for _ in 0..dice.below(4) {
        let kind = dice
            .pick(&["project", "user", "api_key"])
            .copied()
            .unwrap_or("user")
            .to_owned();
        let id = dice.pick(&TARGETS).map(|id| (*id).to_owned());
        let name = dice.once_in(3).then(|| "Ünique name".to_owned());
        event.targets.push(Target {
            kind,
            id,
            name,
            data: None,
        });
    }
    event.data = data(dice);
    if dice.once_in(3) {
        event.origin = Some(Origin {
            surface: dice.pick(&SURFACES).copied().unwrap_or("openai").to_owned(),
            account: dice.once_in(2).then(|| "account".to_owned()),
            id: Some(format!("id-{}", dice.below(200))),
            ..Origin::default()
        });
    }
    event
}

/// None, always the same, or a few words of which some are rare.
fn data(dice: &mut Dice) -> Option<Json> {
    match dice.below(5) {
        0 | 1 => None,
        2 => {
            Json::read(r#"{"after":{"email":"a@b.c","n":8.533e+68},"z":[1,2,{"deep":null}]}"#).ok()
        }
        _ => {
            let words: Vec<&str> = (0..1 + dice.below(3))
                .filter_map(|_| dice.pick(&WORDS).copied())
                .collect();
            let number = dice.below(5_000);
            let text = format!(r#"{{"note":"{}","n":{number}}}"#, words.join(" "));
            Json::read(&text).ok()
        }
    }
}

/// None, about now, the same again, late, or long ago, with and without parts of a microsecond.
fn time(dice: &mut Dice, now: i64) -> Option<Timestamp> {
    let ago = match dice.below(8) {
        0..3 => return None,
        3 => 0,
        4 => i64::try_from(dice.below(20)).unwrap_or(0),
        5 => i64::try_from(dice.below(5_000_000)).unwrap_or(0),
        6 => i64::try_from(dice.below(3_600)).unwrap_or(0) * 1_000_000,
        _ => now - i64::try_from(dice.below(10)).unwrap_or(0),
    };
    let micros = now - ago;
    let cut = Timestamp::from_micros(micros)?;
    Timestamp::new(
        cut.seconds(),
        cut.nanos() + u32::try_from(dice.below(3)).unwrap_or(0) * 400,
    )
}

/// How a member of ours stood, with texts that are nowhere else in the event.
fn standing(id: Option<&str>) -> Json {
    let id = id.unwrap_or("nobody");
    let text = format!(
        r#"{{"member":{{"name":"Then \"{id}\"","email":"{id}@Then.example","role":"x"}}}}"#
    );
    Json::read(&text).expect("the text is JSON")
}
