//! What a text search asks of a tail: which events may have a text by its index, and which stored ones have it.

use std::convert::Infallible;

use docket_event::{Field, IdKey, IdPart, Place};

use super::{Content, Found, Tail};
use crate::bits::Bits;
use crate::codec::Malformed;
use crate::frame::OpenFrame;
use crate::look::Looker;
use crate::plan::Index;
use crate::request::QueryError;
use crate::search::Allowance;
use crate::terms::Term;

/// An event that may be wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TailCandidate {
    /// Where it stands.
    pub place: Place,
    /// The searches that it must pass, as bits.
    pub needs: u64,
}

/// The index of a tail.
pub(super) struct TailIndex<'t> {
    pub content: &'t Content,
    /// Position of its first event.
    pub first: u64,
    /// Key of the log's ids.
    pub key: &'t IdKey,
}

impl Index for TailIndex<'_> {
    type Error = Infallible;

    fn has_field(&self, _: Field) -> bool {
        true
    }

    fn add_term(&mut self, term: Term, bits: &mut Bits) -> Result<(), Infallible> {
        self.content.columns.add_term(term, bits);
        Ok(())
    }

    fn add_types(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        bits: &mut Bits,
    ) -> Result<(), Infallible> {
        self.content.columns.add_types(wanted, bits);
        Ok(())
    }

    fn add_id_part(
        &mut self,
        part: &IdPart,
        among: &Bits,
        bits: &mut Bits,
    ) -> Result<(), Infallible> {
        if part.is_nowhere() {
            return Ok(());
        }
        for slot in among.iter() {
            let (micros, position) = (self.content.micros(slot), self.first + u64::from(slot));
            if part.is_in(micros, position, self.key) {
                bits.set(slot);
            }
        }
        Ok(())
    }

    fn add_grams(&mut self, needed: &[usize], bits: &mut Bits) -> Result<(), Infallible> {
        self.content.columns.grams.add_slots(needed, bits);
        Ok(())
    }
}

impl Tail {
    /// The positions of candidates that pass the searches that they need, in the order given: `most`, if there are so
    /// many. Also how many were looked at.
    pub fn sift(
        &self,
        candidates: &[TailCandidate],
        most: usize,
        (looker, allowance): (&mut Looker<'_>, &mut Allowance),
    ) -> Result<(usize, Vec<u64>), QueryError> {
        let positions: Vec<u64> = candidates.iter().map(|one| one.place.position).collect();
        let malformed = |error: Malformed| QueryError::Corrupt(error.0.to_owned());
        let found = self.inner.read().find(self.first, &positions);
        let (mut looked, mut passing) = (0, Vec::new());
        let mut opened: Option<(u32, OpenFrame)> = None;
        for (
            candidate,
            Found {
                slot,
                frame_first,
                frame,
                ..
            },
        ) in candidates.iter().zip(found.map_err(malformed)?)
        {
            if passing.len() == most {
                break;
            }
            looked += 1;
            let mut passes = candidate.needs == 0;
            if !passes {
                let open = match opened.take().filter(|(first, _)| *first == frame_first) {
                    Some((_, open)) => open,
                    None => {
                        let open = OpenFrame::open(&frame).map_err(malformed)?;
                        allowance.bytes(open.bytes() as u64)?;
                        looker.open(&open);
                        open
                    }
                };
                passes = looker.may_pass(&open, (slot - frame_first) as usize, candidate.needs);
                opened = Some((frame_first, open));
            }
            passing.extend(passes.then_some(candidate.place.position));
        }
        Ok((looked, passing))
    }
}
