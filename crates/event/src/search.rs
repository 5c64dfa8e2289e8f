//! What a text search finds: which texts of an event are searched, and what it means that one contains a needle.

use std::borrow::Cow;

use crate::event::{Event, Recorded};
use crate::filter::unlisted_word;
use crate::json::{Json, write_string};

/// The member of an actor's profile in which Docket notes how its own member stood.
pub const STANDING: &str = "member";
/// What of it is searched.
const STANDING_TEXTS: [&str; 2] = ["name", "email"];

/// Most bytes of a text that is searched for, as it is written and in lower case.
pub const NEEDLE_BYTES_MAX: usize = 256;

/// A text that is searched for.
///
/// Case does not matter: text and needle are compared after [`lower_case`]. In JSON, which is searched as compact
/// text, the needle is also found as a string writes it, with its escapes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Needle {
    lower: String,
    /// As it stands within a JSON string, if that is another text.
    escaped: Option<String>,
}

impl Needle {
    /// The needle of a text.
    ///
    /// # Errors
    /// What to write instead.
    pub fn new(text: &str) -> Result<Self, String> {
        let lower = lower_case(text);
        if lower.is_empty() {
            return Err("is empty; write the text to search for".to_owned());
        }
        if text.len() > NEEDLE_BYTES_MAX || lower.len() > NEEDLE_BYTES_MAX {
            return Err(format!("has more than {NEEDLE_BYTES_MAX} bytes"));
        }
        let mut quoted = String::new();
        write_string(&mut quoted, &lower);
        let escaped = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        let escaped = (escaped != lower).then(|| lower_case(escaped).into_owned());
        Ok(Needle {
            escaped,
            lower: lower.into_owned(),
        })
    }

    /// Its text in lower case.
    pub fn text(&self) -> &str {
        &self.lower
    }

    /// All texts of which one must be there: itself, and itself within a JSON string if that is another text.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.lower).chain(self.escaped.as_deref())
    }

    /// Whether a text contains it.
    pub fn is_in(&self, text: &str) -> bool {
        let text = lower_case(text);
        self.spellings().any(|spelling| text.contains(spelling))
    }

    /// Whether one of the searched texts of an event contains it.
    pub fn is_in_event(&self, recorded: &Recorded) -> bool {
        let mut hit = self.is_in(&recorded.id.to_string());
        each_text(&recorded.event, |text| hit = hit || self.is_in(text));
        hit
    }
}

/// Calls `found` with each text of an event that is searched: ids of targets and project, the request's id, the
/// actor's id, name and e-mail address (as the event gives them, and as a member of ours stood), the vendor's own id, the vendor's word for a type that no list knows, and
/// the payload as compact JSON. A text may come twice.
///
/// The event's own id, which stands nowhere in it, is searched as well. Types are searched by
/// [`crate::Test::TypeContains`]. Indexes and [`crate::Filter::matches`] both take the texts from here, so they
/// cannot disagree.
pub fn each_text(event: &Event, mut found: impl FnMut(&str)) {
    let mut give = |text: Option<&str>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            found(text);
        }
    };
    for target in &event.targets {
        give(target.id.as_deref());
    }
    give(event.project_of().map(|(id, _)| id));
    give(event.request_id.as_deref());
    if let Some(actor) = &event.actor {
        give(actor.id.as_deref());
        give(actor.name.as_deref());
        give(actor.email.as_deref());
        if let Some(profile) = &actor.profile {
            each_standing_text(profile, &mut give);
        }
    }
    give(
        event
            .origin
            .as_ref()
            .and_then(|origin| origin.id.as_deref()),
    );
    give(unlisted_word(event).as_deref());
    give(event.data.as_ref().map(|data| data.text()));
}

/// Name and e-mail address of a member of ours, as they stood: the event itself may name them by id alone.
fn each_standing_text(profile: &Json, give: &mut impl FnMut(Option<&str>)) {
    let profile = profile.outline();
    let member = profile.root().get(STANDING);
    for name in STANDING_TEXTS {
        let text = member.and_then(|member| member.get(name)?.string());
        give(text.as_deref());
    }
}

/// The lower case of a text, character by character: no character becomes several, and none beyond ASCII becomes one
/// of ASCII (the Kelvin sign stays what it is).
///
/// So texts that are ASCII can be compared as bytes. A block's index keeps hashes of what this makes: characters to
/// which a later Unicode gives a lower case are found there as they were written.
pub fn lower_case(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    Cow::Owned(text.chars().map(lower_char).collect())
}

fn lower_char(from: char) -> char {
    if from.is_ascii() {
        return from.to_ascii_lowercase();
    }
    let mut lower = from.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) if !only.is_ascii() => only,
        _ => from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventId;
    use crate::read::read_event;

    fn recorded(text: &str) -> Recorded {
        Recorded {
            event: read_event(text).unwrap(),
            id: EventId::parse("01a1f640-bc7b-7720-8000-004000575b6f").unwrap(),
            position: 0,
            recorded_micros: 0,
        }
    }

    fn check(event: &str, needle: &str, expected: bool) {
        let needle = Needle::new(needle).unwrap();
        let found = needle.is_in_event(&recorded(event));
        assert_eq!(found, expected, "{needle:?} in {event}");
    }

    #[test]
    fn the_listed_texts_are_searched_and_no_others() {
        let event = r#"{"type":"project.created","actor":{"id":"Actor-1","email":"Ann@Example.org",
            "name":"Ann Ode","profile":{"x":"profiled","member":{"name":"Then \"N\"","email":"Then@example.org",
            "role":"stander"}}},"project":{"id":"proj-9","name":"Alpha"},
            "targets":[{"kind":"model","id":"m-7","name":"Titan","data":{"y":"targeted"}}],
            "request_id":"REQ_5","description":"described","source":{"ip":"192.0.2.9"},
            "data":{"after":{"title":"Größe \"XL\"","limit":1.50}},"origin":{"surface":"native","id":"own-3"}}"#;
        for needle in [
            "actor-1",
            "ann@example.ORG",
            "n o",
            "PROJ-9",
            "M-7",
            "req_5",
            "own-3",
            "then \"n\"",
            "THEN@",
            "GRÖSSE",
            "größe \"xl",
            "\"after\":{\"title\":\"gr",
            "1.50",
            "bc7b-7720",
            "5B6F",
        ] {
            check(event, needle, needle != "GRÖSSE");
        }
        for needle in [
            "project.created",
            "profiled",
            "stander",
            "alpha",
            "titan",
            "targeted",
            "described",
            "192.0.2",
            "model",
            "bc7b7720",
        ] {
            check(event, needle, false);
        }
    }

    #[test]
    fn a_word_that_no_list_knows_is_searched_as_the_vendor_spells_it() {
        let event = r#"{"type":"x.calypsoai.moon_landed","origin":{"surface":"calypsoai","id":"1",
            "extra":{"type":"moon landed"}}}"#;
        check(event, "Moon L", true);
        check(event, "moon_l", false);
        check(r#"{"type":"x.calypsoai.moon"}"#, "moo", true);
    }

    #[test]
    fn needles_have_limits() {
        assert!(Needle::new("").is_err());
        assert!(Needle::new(&"a".repeat(NEEDLE_BYTES_MAX)).is_ok());
        assert!(Needle::new(&"a".repeat(NEEDLE_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn lower_case_is_one_character_for_one() {
        for (text, expected) in [
            ("ABC-é", "abc-é"),
            ("ÀÉÎ ΑΣ Ж", "àéî ας ж".replace('ς', "σ").as_str()),
            ("\u{130} \u{212a} ẞ", "\u{130} \u{212a} ß"),
            ("日本", "日本"),
        ] {
            assert_eq!(lower_case(text), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn lower_case_goes_no_further(text: String) {
            let lower = lower_case(&text);
            proptest::prop_assert_eq!(lower_case(&lower), lower.clone());
            proptest::prop_assert_eq!(lower.chars().count(), text.chars().count());
            proptest::prop_assert_eq!(lower.is_ascii(), text.is_ascii());
        }

        #[test]
        fn every_part_of_a_text_is_in_it(text in "\\PC{1,40}", from in 0_usize..40, count in 1_usize..40) {
            let part: String = text.chars().skip(from).take(count).collect();
            if let Ok(needle) = Needle::new(&part) {
                proptest::prop_assert!(needle.is_in(&text));
                let mut json = String::new();
                write_string(&mut json, &text);
                proptest::prop_assert!(needle.is_in(&json), "{} in {}", part, json);
            }
        }
    }
}
