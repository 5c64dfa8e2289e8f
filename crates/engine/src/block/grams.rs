//! The grams of a block's groups, turned so that those of a needle are found by reading a few pieces: for each gram a
//! bit for every group.

use crate::bits::Bits;
use crate::codec::{Malformed, put_checksum};
use crate::grams::{BUCKETS, GramGroups, Grams};

use super::dir::Piece;

/// Most bytes of a piece, its checksum not counted, unless there are thousands of groups.
const PIECE_BYTES: usize = 4_096;
/// Most grams in a piece: a power of two that divides [`BUCKETS`].
const IN_PIECE_MAX: usize = 4_096;
const CHECKSUM_BYTES: usize = 4;

/// How the bits of some groups are laid out.
#[derive(Clone, Copy, Debug)]
pub struct GramLayout {
    /// Where the pieces begin.
    pub start: u64,
    /// How many groups there are; at least one.
    pub groups: usize,
}

impl GramLayout {
    /// Grams in a piece. All pieces are of one size, and whole bytes.
    fn in_piece(self) -> usize {
        let fitting = (PIECE_BYTES * 8 / self.groups.max(1)).clamp(8, IN_PIECE_MAX);
        (fitting + 1).next_power_of_two() / 2
    }

    fn piece_bytes(self) -> usize {
        self.in_piece() * self.groups / 8 + CHECKSUM_BYTES
    }

    fn piece(self, number: usize) -> Piece {
        let length = self.piece_bytes() as u64;
        Piece {
            offset: self.start + number as u64 * length,
            length,
        }
    }

    /// The piece that has a gram.
    pub fn piece_of(self, bucket: usize) -> Piece {
        self.piece(bucket / self.in_piece())
    }

    /// All pieces.
    pub fn pieces(self) -> impl Iterator<Item = Piece> {
        (0..BUCKETS / self.in_piece()).map(move |number| self.piece(number))
    }

    /// Where the pieces end.
    pub fn end(self) -> u64 {
        self.piece(BUCKETS / self.in_piece()).offset
    }

    /// The groups that have a gram, from the content of its piece.
    pub fn groups_of(self, bucket: usize, content: &[u8]) -> Bits {
        let first = bucket % self.in_piece() * self.groups;
        let end = u32::try_from(self.groups).unwrap_or(u32::MAX);
        Bits::from_bits(content, first, end)
    }

    /// Appends the pieces of all grams.
    pub fn put(self, body: &mut Vec<u8>, grams: &GramGroups) {
        let mut bytes = vec![0_u8; BUCKETS * self.groups / 8];
        for (number, (_, grams)) in grams.groups().iter().enumerate() {
            grams.each(|bucket| {
                let bit = bucket * self.groups + number;
                if let Some(byte) = bytes.get_mut(bit / 8) {
                    *byte |= 1 << (bit % 8);
                }
            });
        }
        for piece in bytes.chunks(self.piece_bytes() - CHECKSUM_BYTES) {
            let start = body.len();
            let mut piece = piece.to_vec();
            put_checksum(&mut piece, &[]);
            body.extend(piece);
            debug_assert_eq!(body.len() - start, self.piece_bytes());
        }
    }

    /// The groups, from the contents of all pieces in their order.
    pub fn take(self, sizes: &[u32], contents: &[&[u8]]) -> Result<GramGroups, Malformed> {
        let mut all: Vec<Grams> = vec![Grams::default(); self.groups];
        let bytes = contents.iter().flat_map(|content| content.iter());
        for (at, byte) in bytes.enumerate() {
            let mut left = *byte;
            while left != 0 {
                let bit = at * 8 + left.trailing_zeros() as usize;
                left &= left - 1;
                let group = all.get_mut(bit % self.groups);
                group
                    .ok_or(Malformed("a group is too many"))?
                    .set(bit / self.groups);
            }
        }
        let mut groups = GramGroups::default();
        for (events, grams) in sizes.iter().zip(all) {
            groups.push_group(*events, grams);
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::checked;

    proptest::proptest! {
        #[test]
        fn groups_come_back(
            groups in proptest::collection::vec(
                (1_u32..70, proptest::collection::vec(0_usize..BUCKETS, 0..30)), 1..90),
            start in 0_usize..50,
        ) {
            let mut all = GramGroups::default();
            for (events, buckets) in &groups {
                let mut grams = Grams::default();
                buckets.iter().for_each(|bucket| grams.set(*bucket));
                all.push_group(*events, grams);
            }
            let layout = GramLayout { start: start as u64, groups: groups.len() };
            let mut body = vec![7; start];
            layout.put(&mut body, &all);
            proptest::prop_assert_eq!(layout.end(), body.len() as u64);
            let content = |piece: Piece| {
                let range = piece.range();
                checked(&body[range.start as usize..range.end as usize], &[]).unwrap()
            };
            let contents: Vec<&[u8]> = layout.pieces().map(content).collect();
            let sizes: Vec<u32> = groups.iter().map(|(events, _)| *events).collect();
            proptest::prop_assert_eq!(layout.take(&sizes, &contents).unwrap(), all.clone());
            for bucket in groups.iter().flat_map(|(_, buckets)| buckets).copied().chain([0, BUCKETS - 1]) {
                let found = layout.groups_of(bucket, content(layout.piece_of(bucket)));
                for (number, (_, grams)) in (0_u32..).zip(all.groups()) {
                    proptest::prop_assert_eq!(found.has(number), grams.has(bucket));
                }
            }
        }
    }
}
