//! The vendor's spelling: names on the wire, and the query string as it is asked in.

use docket_event::Needle;
use docket_event::vocabulary::{Surface, vocabulary};
use docket_surfaces_kit::query::pairs;

use crate::cursor::Cursor;
use crate::error::{ApiError, Detail};
use crate::times::Bound;

/// What the vendor's paths begin with.
pub const PREFIX: &str = "/backend";
/// The path of the log.
pub const PATH: &str = "/backend/v1/audit";
/// The member of an answer that holds the events.
pub const EVENTS: &str = "events";
/// What `origin.id` begins with when it is the hash of an entry that came without an id.
pub const HASHED: &str = "sha256:";
/// The member of `origin.extra` that keeps how an entry spelled its type, where the event's type does not say.
pub const SPELLING: &str = "type";

/// Most events of a page.
pub const LIMIT_MAX: usize = docket_event::LIMIT_MAX;
/// Events of a page, unless the caller says otherwise.
pub const LIMIT_DEFAULT: usize = 10;

/// The name of the cursor.
pub const CURSOR: &str = "cursor";
/// The name of the text that is searched for.
pub const SEARCH: &str = "search";
const LIMIT: &str = "limit";
const ASCENDING: &str = "ascending";
const BEFORE: &str = "before";
const AFTER: &str = "after";
const TYPE: &str = "type";
const USER_ID: &str = "userId";
const ONLY_USER: &str = "onlyUser";

/// What is asked: a query string, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Offset of the first event.
    pub row: u64,
    /// Most events of the page, 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// Oldest first.
    pub ascending: bool,
    /// Only events from before this instant.
    pub before: Option<Bound>,
    /// Only events from after this instant.
    pub after: Option<Bound>,
    /// Types, as the vendor spells them; none is all.
    pub types: Vec<String>,
    /// Those who did it, by id; none is whom [`Listing::only_user`] says.
    pub user_ids: Vec<String>,
    /// The text that events must have in them.
    pub search: Option<Needle>,
    /// Whether only the caller's own events are wanted.
    pub only_user: Option<bool>,
}

impl Listing {
    /// Reads a query string. Unknown parameters are ignored.
    ///
    /// # Errors
    /// All values that are not allowed, in the order in which they stand.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let pairs = pairs(query).map_err(|bad| ApiError::query(&bad.to_string()))?;
        let mut raw = Raw::default();
        for (name, value) in pairs {
            raw.take(&name, value);
        }
        if !raw.faults.is_empty() {
            return Err(ApiError::invalid(raw.faults));
        }
        let of_cursor = raw.cursor.map(|cursor| cursor.limit);
        Ok(Listing {
            row: raw.cursor.map_or(0, |cursor| cursor.row),
            limit: raw.limit.or(of_cursor).unwrap_or(LIMIT_DEFAULT),
            ascending: raw.ascending.unwrap_or_default(),
            before: raw.before,
            after: raw.after,
            types: raw.types,
            user_ids: raw.user_ids,
            search: raw.search,
            only_user: raw.only_user,
        })
    }
}

/// The parameters as far as they have been read.
#[derive(Default)]
struct Raw {
    cursor: Option<Cursor>,
    limit: Option<usize>,
    ascending: Option<bool>,
    before: Option<Bound>,
    after: Option<Bound>,
    types: Vec<String>,
    user_ids: Vec<String>,
    search: Option<Needle>,
    only_user: Option<bool>,
    faults: Vec<Detail>,
}

impl Raw {
    fn take(&mut self, name: &str, value: String) {
        let faults = &mut self.faults;
        match name {
            CURSOR => once(&mut self.cursor, CURSOR, Cursor::decode(&value), faults),
            LIMIT => once(&mut self.limit, LIMIT, limit(&value), faults),
            ASCENDING => once(&mut self.ascending, ASCENDING, boolean(&value), faults),
            BEFORE => once(&mut self.before, BEFORE, Bound::parse(&value), faults),
            AFTER => once(&mut self.after, AFTER, Bound::parse(&value), faults),
            // Every event contains the empty text.
            SEARCH if value.is_empty() => {}
            SEARCH => once(&mut self.search, SEARCH, needle(&value), faults),
            ONLY_USER => once(&mut self.only_user, ONLY_USER, boolean(&value), faults),
            USER_ID => self.user_ids.push(value),
            TYPE => {
                if vocabulary().by_word(Surface::CalypsoAi, &value).is_none() {
                    faults.push(Detail::unknown_type(TYPE, self.types.len(), &value));
                }
                self.types.push(value);
            }
            _ => {}
        }
    }
}

/// What a value is, or the vendor's word for what is wrong with it and the text that says so.
pub type Parsed<T> = Result<T, (&'static str, String)>;

fn once<T: PartialEq>(
    slot: &mut Option<T>,
    name: &'static str,
    parsed: Parsed<T>,
    faults: &mut Vec<Detail>,
) {
    match parsed {
        Err((kind, message)) => faults.push(Detail::of(name, kind, message)),
        Ok(value) if slot.as_ref().is_some_and(|first| *first != value) => {
            let message = "Input should be given once, or with the same value each time";
            faults.push(Detail::of(name, "value_error", message));
        }
        Ok(value) => *slot = Some(value),
    }
}

/// The spellings of the vendor's framework.
fn boolean(value: &str) -> Parsed<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" | "t" | "y" => Ok(true),
        "false" | "0" | "off" | "no" | "f" | "n" => Ok(false),
        _ => Err((
            "bool_parsing",
            "Input should be a valid boolean, such as true or false".to_owned(),
        )),
    }
}

fn needle(value: &str) -> Parsed<Needle> {
    Needle::new(value).map_err(|reason| ("value_error", format!("Input {reason}")))
}

fn limit(value: &str) -> Parsed<usize> {
    let (negative, digits) = match value.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("Input should be a whole number from 1 to {LIMIT_MAX}");
        return Err(("int_parsing", message));
    }
    // What overflows is above every bound.
    match digits.parse().unwrap_or(usize::MAX) {
        number if negative || number == 0 => Err((
            "greater_than_equal",
            "Input should be greater than or equal to 1".to_owned(),
        )),
        number if number > LIMIT_MAX => Err((
            "less_than_equal",
            format!("Input should be less than or equal to {LIMIT_MAX}"),
        )),
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests;
