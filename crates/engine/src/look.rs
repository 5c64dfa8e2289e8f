//! Looks into stored events for texts before they are put together, which costs many times as much.
//!
//! A needle is cut into *pieces* without quotes, escapes, JSON's punctuation or characters beyond ASCII. If one of an
//! event's texts contains the needle, each piece stands in its stored body or personal part, however the payload was
//! split between the two.

use docket_event::Test;
use memchr::memmem::Finder;

use crate::frame::OpenFrame;

/// Alternatives, of which an event must have one.
#[derive(Clone, Debug)]
pub struct Search {
    any: Vec<Pieces>,
}

/// All of these must be there.
#[derive(Clone, Debug)]
struct Pieces(Vec<Finder<'static>>);

impl Search {
    /// What to look for on behalf of some tests; `None` when that would be nothing.
    pub fn of(tests: &[Test]) -> Option<Self> {
        let needles = tests.iter().filter_map(|test| match test {
            Test::Contains(needle) => Some(needle),
            Test::Is(..)
            | Test::TypeStartsWith(_)
            | Test::TypeContains(_)
            | Test::Unlisted { .. } => None,
        });
        let spellings = needles.flat_map(|needle| needle.spellings());
        let any: Vec<Pieces> = spellings.map(Pieces::of).collect();
        let useful = !any.is_empty() && any.iter().all(|pieces| !pieces.0.is_empty());
        useful.then_some(Search { any })
    }

    fn is_in(&self, stretches: &[&[u8]]) -> bool {
        self.any.iter().any(|pieces| pieces.are_in(stretches))
    }
}

impl Pieces {
    fn of(lower: &str) -> Self {
        let cut =
            |char: char| !char.is_ascii() || char.is_ascii_control() || "\"\\:,[]{}".contains(char);
        let pieces = lower.split(cut).filter(|piece| !piece.is_empty());
        Pieces(
            pieces
                .map(|piece| Finder::new(piece).into_owned())
                .collect(),
        )
    }

    fn are_in(&self, stretches: &[&[u8]]) -> bool {
        let mut pieces = self.0.iter();
        pieces.all(|piece| stretches.iter().any(|bytes| piece.find(bytes).is_some()))
    }
}

/// Looks for searches in one frame after the other.
#[derive(Debug)]
pub struct Looker<'s> {
    searches: &'s [Search],
    /// The frame's payload in lower case.
    lower: Vec<u8>,
    /// The searches that its events pass together, as bits.
    passed: u64,
}

impl<'s> Looker<'s> {
    /// A looker for `searches`, of which the first 64 have bits.
    pub fn new(searches: &'s [Search]) -> Self {
        Looker {
            searches,
            lower: Vec::new(),
            passed: 0,
        }
    }

    /// Looks into a frame.
    pub fn open(&mut self, frame: &OpenFrame) {
        self.lower.clear();
        self.lower.extend(frame.payload());
        self.lower.make_ascii_lowercase();
        let passed = bits(self.searches).filter(|(_, search)| search.is_in(&[&self.lower]));
        self.passed = passed.fold(0, |all, (bit, _)| all | bit);
    }

    /// Whether an event of the frame that was opened may pass the searches that it needs.
    pub fn may_pass(&self, frame: &OpenFrame, index: usize, needs: u64) -> bool {
        if needs & !self.passed != 0 {
            return false;
        }
        let stretches = frame
            .stretches(index)
            .map(|range| self.lower.get(range).unwrap_or_default());
        bits(self.searches)
            .filter(|(bit, _)| needs & bit != 0)
            .all(|(_, search)| search.is_in(&stretches))
    }
}

fn bits(searches: &[Search]) -> impl Iterator<Item = (u64, &Search)> {
    (0..u64::BITS).map(|bit| 1 << bit).zip(searches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::split;
    use crate::frame::FrameEncoder;
    use docket_event::{EventId, Needle, Recorded, each_text, read_event};

    const EVENTS: [&str; 4] = [
        r#"{"type":"invite.sent","actor":{"id":"U-1","name":"Änn O\"Neil\\","email":"A@b.c"},"request_id":"r:1"}"#,
        r#"{"type":"user_account.created","data":{"after":{"email":"new@b.c","tags":["x,y","z"],"n":8.5e+68},"k":"line\nnext"}}"#,
        r#"{"type":"x.calypsoai.moon_up","data":{"deep":[{"Secret Name":null},[true,1]]},"origin":{"surface":"calypsoai","id":"ID-9","extra":{"type":"moon up"}}}"#,
        r#"{"type":"project.created","targets":[{"kind":"project","id":"p{1}"}],"data":"K日本"}"#,
    ];

    fn search(needle: &str) -> Option<Search> {
        Search::of(&[Test::Contains(Needle::new(needle).unwrap())])
    }

    #[test]
    fn no_part_of_a_text_is_missed() {
        let events = EVENTS.map(|text| read_event(text).unwrap());
        let frame = FrameEncoder::new(1).encode(&events.clone().map(split));
        let frame = OpenFrame::open(&frame.bytes).unwrap();
        for (index, event) in events.iter().enumerate() {
            let mut texts = Vec::new();
            each_text(event, |text| {
                texts.push(text.chars().collect::<Vec<char>>())
            });
            let parts = texts.iter().flat_map(|text| {
                (0..text.len())
                    .flat_map(move |from| (from + 1..=text.len()).map(move |to| &text[from..to]))
            });
            for part in parts {
                let part: String = part.iter().collect();
                let Some(search) = search(&part) else {
                    continue;
                };
                let searches = [search];
                let mut looker = Looker::new(&searches);
                looker.open(&frame);
                assert!(looker.may_pass(&frame, index, 1), "{part} in {event:?}");
                assert!(looker.may_pass(&frame, index, 0));
            }
        }
    }

    #[test]
    fn what_is_nowhere_is_passed_over() {
        let events = EVENTS.map(|text| read_event(text).unwrap());
        let frame = FrameEncoder::new(1).encode(&events.clone().map(split));
        let frame = OpenFrame::open(&frame.bytes).unwrap();
        let searches = [search("nowhere").unwrap(), search("new@B.c").unwrap()];
        let mut looker = Looker::new(&searches);
        looker.open(&frame);
        let passing = |needs| [0, 1, 2, 3].map(|index| looker.may_pass(&frame, index, needs));
        assert_eq!(passing(1), [false; 4]);
        assert_eq!(passing(2), [false, true, false, false]);
        assert_eq!(passing(3), [false; 4]);
        for useless in ["日本", "\"", ",", "{}"] {
            assert!(search(useless).is_none());
        }
        for (event, found) in events.into_iter().zip([false, true, false, false]) {
            let recorded = Recorded {
                event,
                id: EventId::from_bytes([0; 16]),
                position: 0,
                recorded_micros: 0,
            };
            assert_eq!(
                Needle::new("new@B.c").unwrap().is_in_event(&recorded),
                found
            );
        }
    }
}
