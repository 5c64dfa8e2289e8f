//! Random questions: every field, negation, spans, both orders and directions, cursors of every kind.

use docket_event::{
    Direction, Field, Filter, Group, Needle, Order, Place, Query, Recorded, Span, Test, each_text,
    each_value,
};

use super::events::{ACTORS, SURFACES, TARGETS, TYPES};
use crate::testing::random::Dice;

pub(super) fn question(dice: &mut Dice, events: &[Recorded]) -> Query {
    let mut filter = Filter::default();
    for _ in 0..dice.below(4) {
        filter.groups.push(group(dice, events));
    }
    if dice.once_in(4) {
        filter.occurred = span(dice, events, Recorded::micros);
    }
    if dice.once_in(5) {
        filter.recorded = span(dice, events, |event| event.recorded_micros);
    }
    let limit = [1, 2, 3, 7, 20, 100, 1_000]
        .get(dice.below(7))
        .copied()
        .unwrap_or(1);
    Query {
        filter,
        order: if dice.once_in(2) {
            Order::Recorded
        } else {
            Order::Occurred
        },
        direction: if dice.once_in(2) {
            Direction::Ascending
        } else {
            Direction::Descending
        },
        after: dice.once_in(3).then(|| place(dice, events)),
        before: dice.once_in(3).then(|| place(dice, events)),
        limit,
    }
}

fn group(dice: &mut Dice, events: &[Recorded]) -> Group {
    let any = (0..dice.below(4)).map(|_| test(dice, events)).collect();
    Group {
        any,
        negated: dice.once_in(4),
    }
}

fn test(dice: &mut Dice, events: &[Recorded]) -> Test {
    let text = |value: Option<&&str>| value.map_or_else(String::new, |value| (*value).to_owned());
    match dice.below(12) {
        9 => Test::TypeContains(needle(dice, events)),
        10 | 11 => Test::Contains(needle(dice, events)),
        0 => Test::Is(Field::Type, text(dice.pick(&TYPES))),
        1 => Test::TypeStartsWith(text(dice.pick(&[
            "project.",
            "login.",
            "tenant.",
            "x.",
            "",
            "shop.opened",
        ]))),
        2 => Test::Is(Field::ActorId, text(dice.pick(&ACTORS))),
        3 => Test::Is(Field::TargetId, text(dice.pick(&TARGETS))),
        4 => Test::Is(
            Field::ShownOn,
            text(dice.pick(&["openai", "clarifai", "openai+", "calypsoai"])),
        ),
        5 => Test::Is(Field::Origin, text(dice.pick(&SURFACES))),
        6 => Test::Is(Field::Outcome, text(dice.pick(&["success", "failure"]))),
        _ => of_some_event(dice, events),
    }
}

/// A value that an event really has, in any field.
fn of_some_event(dice: &mut Dice, events: &[Recorded]) -> Test {
    let field = dice.pick(&Field::ALL).copied().unwrap_or(Field::Type);
    let mut values = Vec::new();
    if let Some(event) = dice.pick(events) {
        each_value(&event.event, field, |value| values.push(value.to_owned()));
    }
    Test::Is(
        field,
        dice.pick(&values)
            .cloned()
            .unwrap_or_else(|| "nothing".to_owned()),
    )
}

/// Whether a text must be found for an event to be wanted.
pub(super) fn searches(question: &Query) -> bool {
    let groups = question.filter.groups.iter();
    let mut positive = groups.filter(|group| !group.negated && !group.any.is_empty());
    positive.any(|group| {
        let mut tests = group.any.iter();
        tests.all(|test| matches!(test, Test::Contains(_)))
    })
}

/// A part of a text that some event has, or of one that none has.
fn needle(dice: &mut Dice, events: &[Recorded]) -> Needle {
    let mut texts = vec!["project.".to_owned(), "Nowhere at ALL".to_owned()];
    if let Some(recorded) = dice.pick(events) {
        texts.extend([recorded.id.to_string(), recorded.event.event_type.clone()]);
        each_text(&recorded.event, |text| texts.push(text.to_owned()));
    }
    let text: Vec<char> = dice
        .pick(&texts)
        .cloned()
        .unwrap_or_default()
        .chars()
        .collect();
    let length = [1, 2, 3, 4, 6, 9, 30]
        .get(dice.below(7))
        .copied()
        .unwrap_or(3);
    let from = dice.below(text.len().saturating_sub(length) + 1);
    let part = text.into_iter().skip(from).take(length);
    let part: String = match dice.once_in(3) {
        true => part.map(|char| char.to_ascii_uppercase()).collect(),
        false => part.collect(),
    };
    Needle::new(&part).unwrap_or_else(|_| Needle::new("e").expect("it is short"))
}

fn span(dice: &mut Dice, events: &[Recorded], micros: impl Fn(&Recorded) -> i64) -> Span {
    let mut end = || {
        let near = i64::try_from(dice.below(3)).unwrap_or(0) - 1;
        let some = dice.pick(events).map(|event| micros(event) + near);
        some.filter(|_| !dice.once_in(3))
    };
    Span {
        from: end(),
        to: end(),
    }
}

/// The place of an event, or one where there is none.
fn place(dice: &mut Dice, events: &[Recorded]) -> Place {
    let shift = i64::try_from(dice.below(3)).unwrap_or(0) - 1;
    match dice.pick(events) {
        Some(event) if dice.once_in(5) => Place {
            micros: event.micros() + shift,
            position: dice.roll() % 500,
        },
        Some(event) => Place::of(event),
        None => Place {
            micros: 5,
            position: 3,
        },
    }
}
