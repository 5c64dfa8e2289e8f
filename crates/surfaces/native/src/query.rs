//! From the parameters of a listing to the question that they ask.

use docket_event::{
    Cursor, Direction, Field, Filter, Group, IdKey, LIMIT_MAX, Needle, Order, Outcome, Query, Span,
    Test, Timestamp, usual_address,
};

use crate::parameters::Parameters;

/// Events of a page when nothing is said.
pub const LIMIT: usize = 50;
/// Most values of all filters together.
const VALUES_MAX: usize = 500;
/// Most texts that are searched for at once.
const NEEDLES_MAX: usize = 10;
/// In front of a filter's name: none of its values.
pub const NOT: &str = "not.";
/// The text search.
pub const TEXT: &str = "q";

/// The filters and what of an event they look at.
pub const FILTERS: [(&str, Field); 12] = [
    ("type", Field::Type),
    ("actor_id", Field::ActorId),
    ("actor_email", Field::ActorEmail),
    ("credential_id", Field::CredentialId),
    ("project_id", Field::ProjectId),
    ("target_id", Field::TargetId),
    ("target_kind", Field::TargetKind),
    ("outcome", Field::Outcome),
    ("ip", Field::SourceIp),
    ("request_id", Field::RequestId),
    ("origin", Field::Origin),
    ("origin_id", Field::OriginId),
];

/// A page of a listing, as it was asked for.
#[derive(Debug)]
pub struct Listing {
    /// Filter, order, direction and limit; no places.
    pub query: Query,
    /// Where the page lies; `None`: at the listing's start.
    pub cursor: Option<Cursor>,
    /// Whether all events that the filter wants are to be counted as well.
    pub count: bool,
}

/// Reads all parameters of a listing; wrong ones are noted in `parameters`.
pub fn listing(parameters: &mut Parameters, key: &IdKey) -> Listing {
    let filter = filter(parameters);
    let order = parameters.one("order", |word| match word {
        "recorded" => Ok(Order::Recorded),
        "occurred" => Ok(Order::Occurred),
        _ => Err("is no order; write recorded or occurred".to_owned()),
    });
    let direction = parameters.one("direction", |word| match word {
        "desc" => Ok(Direction::Descending),
        "asc" => Ok(Direction::Ascending),
        _ => Err("is no direction; write desc or asc".to_owned()),
    });
    let limit = parameters.one("limit", |text| number(text, LIMIT_MAX));
    let limit = limit.unwrap_or(LIMIT);
    let cursor = parameters.one("cursor", |text| {
        Cursor::decode(text, key).ok_or_else(|| {
            "is no cursor of this log; take `next` or `prev` of an answer".to_owned()
        })
    });
    let order_of = cursor.map(|cursor| cursor.order);
    let direction_of = cursor.map(|cursor| cursor.direction);
    let count = parameters.one("count", |word| match word {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("is neither yes nor no; write true or false".to_owned()),
    });
    if order.is_some_and(|order| order_of.is_some_and(|of| of != order))
        || direction.is_some_and(|direction| direction_of.is_some_and(|of| of != direction))
    {
        parameters.fault(
            "cursor",
            "belongs to another order or direction; leave those out",
        );
    }
    let order = order.or(order_of).unwrap_or_default();
    let direction = direction.or(direction_of).unwrap_or_default();
    let query = Query {
        filter,
        order,
        direction,
        after: None,
        before: None,
        limit,
    };
    Listing {
        query,
        cursor,
        count: count.unwrap_or(false),
    }
}

/// A number from 1 to `most`, in digits.
pub fn number(text: &str, most: usize) -> Result<usize, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text
        .parse()
        .ok()
        .filter(|number| digits && (1..=most).contains(number));
    number.ok_or_else(|| format!("is no number from 1 to {most}"))
}

/// Reads the parameters that say which events are wanted.
pub fn filter(parameters: &mut Parameters) -> Filter {
    let mut filter = Filter::default();
    let mut values = 0;
    for (name, field) in FILTERS {
        for (name, negated) in [(name.to_owned(), false), (format!("{NOT}{name}"), true)] {
            let tests = tests(parameters, &name, field);
            values += tests.len();
            if !tests.is_empty() {
                filter.groups.push(Group {
                    any: tests,
                    negated,
                });
            }
        }
    }
    filter.groups.extend(searches(parameters));
    if values > VALUES_MAX {
        parameters.fault(
            "",
            format!("{values} filter values; at most {VALUES_MAX} are taken"),
        );
    }
    filter.occurred = span(parameters, "from", "to");
    filter.recorded = span(parameters, "recorded_from", "recorded_to");
    filter
}

/// What is searched for in texts and types.
fn searches(parameters: &mut Parameters) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut needles = 0;
    for (name, negated) in [(TEXT.to_owned(), false), (format!("{NOT}{TEXT}"), true)] {
        let mut any = Vec::new();
        for text in parameters.all(&name).iter().filter(|text| !text.is_empty()) {
            match Needle::new(text) {
                Ok(needle) => {
                    any.extend([Test::Contains(needle.clone()), Test::TypeContains(needle)])
                }
                Err(reason) => parameters.fault(&name, reason),
            }
            needles += 1;
        }
        if !any.is_empty() {
            groups.push(Group { any, negated });
        }
    }
    if needles > NEEDLES_MAX {
        let reason = format!("{needles} texts to search for; at most {NEEDLES_MAX} are taken");
        parameters.fault(TEXT, reason);
    }
    groups
}

fn tests(parameters: &mut Parameters, name: &str, field: Field) -> Vec<Test> {
    let mut tests = Vec::new();
    for value in parameters.all(name) {
        match test(field, value) {
            Ok(some) => tests.extend(some),
            Err(reason) => parameters.fault(name, reason),
        }
    }
    tests
}

/// The tests of one value, any of which may hold.
fn test(field: Field, value: String) -> Result<Vec<Test>, String> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    match field {
        Field::Type if value.contains('*') => match value.strip_suffix('*') {
            Some(prefix) if prefix.len() > 1 && prefix.ends_with('.') && !prefix.contains('*') => {
                Ok(vec![Test::TypeStartsWith(prefix.to_owned())])
            }
            _ => Err("has a star that is not behind the last dot; write api_key.*".to_owned()),
        },
        Field::ActorEmail => Ok(vec![Test::Is(field, value.to_ascii_lowercase())]),
        Field::Outcome => {
            Outcome::parse(&value).map(|outcome| vec![Test::Is(field, outcome.word().to_owned())])
        }
        Field::SourceIp => {
            let usual = usual_address(&value).into_owned();
            Ok(vec![Test::Is(field, usual)])
        }
        Field::Type
        | Field::ActorId
        | Field::ActorKind
        | Field::CredentialId
        | Field::KeyId
        | Field::ProjectId
        | Field::ProjectBeside
        | Field::TargetId
        | Field::TargetKind
        | Field::Target
        | Field::RequestId
        | Field::Origin
        | Field::OriginAccount
        | Field::OriginId
        | Field::ShownOn => Ok(vec![Test::Is(field, value)]),
    }
}

/// Half-open at microseconds: of both bounds, the first whole microsecond that is not before them.
fn span(parameters: &mut Parameters, from: &str, to: &str) -> Span {
    Span {
        from: parameters.one(from, micros),
        to: parameters.one(to, micros),
    }
}

fn micros(text: &str) -> Result<i64, String> {
    // The plus of a zone that nobody escaped arrives as a space.
    let plus = match text.rsplit_once(' ') {
        Some((time, zone)) if time.len() >= 19 && zone.len() == 5 => format!("{time}+{zone}"),
        _ => text.to_owned(),
    };
    Timestamp::parse(&plus).map(Timestamp::micros_up)
}

#[cfg(test)]
mod tests;
