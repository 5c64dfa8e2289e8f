//! Posting lists: ascending local ids.

use crate::bits::Bits;
use crate::codec::{Bytes, Malformed, checked, put_checksum, put_varint};

/// Ids that stand in a term page itself; longer lists stand far.
pub const NEAR_IDS_MAX: usize = 8;
const LIST: u8 = 1;
const BITMAP: u8 = 2;

/// Where the ids of a term are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posting {
    /// In the term page.
    Near(Vec<u16>),
    /// A piece of the far area: offset from its start, and length.
    Far {
        /// How many ids it has.
        count: u32,
        /// Offset from the start of the far area.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

impl Posting {
    /// How many ids it has.
    pub fn count(&self) -> u32 {
        match self {
            Posting::Near(ids) => u32::try_from(ids.len()).unwrap_or(u32::MAX),
            Posting::Far { count, .. } => *count,
        }
    }
}

/// Appends ascending ids as distances.
fn put_ids(out: &mut Vec<u8>, ids: &[u16]) {
    let mut previous = 0;
    for id in ids {
        put_varint(out, u64::from(id - previous));
        previous = *id;
    }
}

fn ids(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<u16>, Malformed> {
    let mut all = Vec::with_capacity(count);
    let mut id = 0_u64;
    for _ in 0..count {
        id += bytes.varint()?;
        all.push(u16::try_from(id).map_err(|_| Malformed("an id is too large"))?);
    }
    Ok(all)
}

/// Appends a posting of a term page.
pub fn put_posting(out: &mut Vec<u8>, posting: &Posting) {
    match posting {
        Posting::Near(ids) => {
            put_varint(out, ids.len() as u64);
            put_ids(out, ids);
        }
        Posting::Far {
            count,
            offset,
            length,
        } => {
            put_varint(out, 0);
            put_varint(out, u64::from(*count));
            put_varint(out, *offset);
            put_varint(out, *length);
        }
    }
}

/// Reads a posting of a term page.
pub fn posting(bytes: &mut Bytes<'_>) -> Result<Posting, Malformed> {
    match bytes.length(NEAR_IDS_MAX)? {
        0 => {
            let count =
                u32::try_from(bytes.varint()?).map_err(|_| Malformed("a count is too large"))?;
            Ok(Posting::Far {
                count,
                offset: bytes.varint()?,
                length: bytes.varint()?,
            })
        }
        count => Ok(Posting::Near(ids(bytes, count)?)),
    }
}

/// A far posting as a piece.
pub fn far_piece(ids: &[u16], end: u32) -> Vec<u8> {
    let mut list = vec![LIST];
    put_varint(&mut list, ids.len() as u64);
    put_ids(&mut list, ids);
    let bitmap_bytes = end.div_ceil(8) as usize;
    let mut piece = if list.len() <= bitmap_bytes + 1 {
        list
    } else {
        let mut piece = vec![0; bitmap_bytes + 1];
        if let Some((kind, bitmap)) = piece.split_first_mut() {
            *kind = BITMAP;
            for id in ids {
                if let Some(byte) = bitmap.get_mut(usize::from(*id) / 8) {
                    *byte |= 1 << (id % 8);
                }
            }
        }
        piece
    };
    put_checksum(&mut piece, &[]);
    piece
}

/// Adds the ids of a far piece to `bits`.
pub fn add_far(piece: &[u8], bits: &mut Bits) -> Result<(), Malformed> {
    let mut bytes = Bytes::new(checked(piece, &[])?);
    match bytes.byte()? {
        LIST => {
            let count = bytes.length(usize::from(u16::MAX) + 1)?;
            ids(&mut bytes, count)?
                .into_iter()
                .for_each(|id| bits.set(u32::from(id)));
            bytes.end()
        }
        BITMAP => {
            bits.or(&Bits::from_bytes(bytes.rest(), bits.end()));
            Ok(())
        }
        _ => Err(Malformed("a posting of an unknown kind")),
    }
}

/// The ids of a far piece whose block has `end` events, ascending.
pub fn far_ids(piece: &[u8], end: u32) -> Result<Vec<u16>, Malformed> {
    let mut bits = Bits::none(end);
    add_far(piece, &mut bits)?;
    let id = |id| u16::try_from(id).ok();
    Ok(bits.iter().filter_map(id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn postings_come_back(set in proptest::collection::btree_set(0_u16..3000, 1..600)) {
            let ids: Vec<u16> = set.into_iter().collect();
            let mut bits = Bits::none(3000);
            add_far(&far_piece(&ids, 3000), &mut bits).unwrap();
            proptest::prop_assert!(bits.iter().eq(ids.iter().map(|id| u32::from(*id))));
            let near = if ids.len() <= NEAR_IDS_MAX {
                Posting::Near(ids)
            } else {
                Posting::Far { count: 9, offset: 1 << 40, length: 77 }
            };
            let mut out = Vec::new();
            put_posting(&mut out, &near);
            proptest::prop_assert_eq!(posting(&mut Bytes::new(&out)), Ok(near));
        }
    }
}
