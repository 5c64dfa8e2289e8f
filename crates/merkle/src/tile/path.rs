//! The text of a tile path: `tile/<L>/<N>[.p/<W>]` of C2SP tlog-tiles, "Merkle Tree".

use std::fmt;

use super::{Tile, TileHeight};

/// How much of an index one path element holds: three decimal digits.
const ELEMENT_BASE: u64 = 1000;

/// The longest path that is looked at; the longest that any tile has is shorter.
const PATH_BYTES_MAX: usize = 64;

/// A path that names no tile of this height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct TilePathError;

impl Tile {
    /// Reads a path, in the one spelling that its [`Display`](fmt::Display) writes.
    pub fn parse(height: TileHeight, path: &str) -> Result<Tile, TilePathError> {
        if path.len() > PATH_BYTES_MAX {
            return Err(TilePathError);
        }
        let tile = parse_loosely(height, path).ok_or(TilePathError)?;
        // One tile has one path: no zeros too many, no signs, no elements too many.
        if tile.to_string() == path {
            Ok(tile)
        } else {
            Err(TilePathError)
        }
    }
}

pub(super) fn render(tile: Tile, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "tile/{}/", tile.level())?;
    render_index(tile.index(), f)?;
    if tile.is_full() {
        Ok(())
    } else {
        write!(f, ".p/{}", tile.width())
    }
}

/// Writes all elements but the last with an `x`, so that no file has the name of a folder.
fn render_index(index: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let above = std::iter::successors(Some(index / ELEMENT_BASE), |rest| Some(rest / ELEMENT_BASE));
    let above: Vec<u64> = above.take_while(|rest| *rest > 0).collect();
    above
        .iter()
        .rev()
        .try_for_each(|rest| write!(f, "x{:03}/", rest % ELEMENT_BASE))?;
    write!(f, "{:03}", index % ELEMENT_BASE)
}

/// Reads every path that [`render`] writes, and some that it does not.
fn parse_loosely(height: TileHeight, path: &str) -> Option<Tile> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok()?),
        None => (rest, height.width()),
    };
    let index = index.split('/').try_fold(0u64, |index, element| {
        let digits = element.strip_prefix('x').unwrap_or(element);
        index
            .checked_mul(ELEMENT_BASE)?
            .checked_add(digits.parse().ok()?)
    })?;
    Tile::new(height, level.parse().ok()?, index, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(level: u8, index: u64, width: u32, path: &str) {
        let tile = Tile::new(TileHeight::C2SP, level, index, width).expect("a tile");
        assert_eq!(tile.to_string(), path);
        assert_eq!(Tile::parse(TileHeight::C2SP, path), Ok(tile));
    }

    #[test]
    fn paths_of_the_specification() {
        check(0, 0, 256, "tile/0/000");
        check(0, 272, 256, "tile/0/272");
        check(0, 273, 112, "tile/0/273.p/112");
        check(1, 1, 17, "tile/1/001.p/17");
        check(2, 0, 1, "tile/2/000.p/1");
        check(3, 1_234_067, 256, "tile/3/x001/x234/067");
        check(0, 1_000, 255, "tile/0/x001/000.p/255");
        check(
            0,
            (1 << 56) - 1,
            255,
            "tile/0/x072/x057/x594/x037/x927/935.p/255",
        );
        check(7, 0, 255, "tile/7/000.p/255");
    }

    #[test]
    fn other_spellings_are_refused() {
        let refused = [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/00/000",
            "tile/+1/000",
            "tile/-1/000",
            "tile/x/000",
            "tile/8/000",
            "tile/64/000",
            "tile/256/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/x1/000",
            "tile/0/x+01/000",
            "tile/0/+01",
            "tile/0/X001/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/257",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "tile/0/000.p/+1",
            "tile/0/000.p/4294967297",
            "tile/entries/000",
            "tile/0/ 00",
            "tile/7/001.p/1",
            "tile/7/000",
            "tile/0/x072/x057/x594/x037/x927/935",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/001",
        ];
        for path in refused {
            assert_eq!(
                Tile::parse(TileHeight::C2SP, path),
                Err(TilePathError),
                "{path}"
            );
        }
    }
}
