//! Proofs out of tiles of small and of standard height, and which tiles a growing tree completes.

use std::collections::BTreeMap;

use docket_merkle::{
    Growth, Hash, LeafIndex, Subtree, Tile, TileError, TileHeight, TileRun, prove_consistency,
    prove_inclusion, tree_root,
};
use proptest::prelude::*;

use crate::naive;

fn height(height: u8) -> TileHeight {
    TileHeight::new(height).expect("a height")
}

/// The hashes of one tile, from the definition: the root over the leaves of each.
fn tile_hashes(tile: Tile, leaves: &[Hash]) -> Vec<Hash> {
    let range = tile.leaves();
    let leaves = &leaves[range.start as usize..range.end as usize];
    leaves
        .chunks(leaves.len() / tile.width() as usize)
        .map(naive::root)
        .collect()
}

/// A log that keeps nothing but the tiles of one tree.
struct Tiles {
    height: TileHeight,
    rows: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Tiles {
    fn of(height: TileHeight, leaves: &[Hash]) -> Tiles {
        let tiles = height.tiles(leaves.len() as u64);
        let rows = tiles.map(|tile| ((tile.level(), tile.index()), tile_hashes(tile, leaves)));
        Tiles {
            height,
            rows: rows.collect(),
        }
    }

    fn read(&self, subtree: Subtree) -> Result<Hash, TileError<String>> {
        self.height.subtree_hash(subtree, |run: TileRun| {
            let tile = run.tile();
            let row = self.rows.get(&(tile.level(), tile.index()));
            let hashes = row.and_then(|row| row.get(run.first() as usize..tile.width() as usize));
            hashes.ok_or(format!("no {tile}"))
        })
    }
}

#[test]
fn tiles_of_the_specification() {
    let tiles: Vec<Tile> = TileHeight::C2SP.tiles(70_000).collect();
    let paths: Vec<String> = tiles.iter().map(Tile::to_string).collect();
    assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
    assert!(
        tiles[..273]
            .iter()
            .all(|tile| tile.is_full() && tile.level() == 0)
    );
    let rest = [
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ];
    assert_eq!(paths[273..], rest);

    let paths: Vec<String> = TileHeight::C2SP
        .tiles(256)
        .map(|tile| tile.to_string())
        .collect();
    assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(TileHeight::C2SP.tiles(0).count(), 0);
}

#[test]
fn a_tree_completes_each_tile_once() {
    let completed = |from, to| {
        height(2)
            .completed(Growth { from, to })
            .map(|tile| tile.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(completed(0, 15), [""; 0]);
    assert_eq!(completed(15, 16), ["tile/1/000"]);
    assert_eq!(completed(16, 16), [""; 0]);
    assert_eq!(completed(20, 10), [""; 0]);
    assert_eq!(
        completed(31, 65),
        ["tile/1/001", "tile/1/002", "tile/1/003", "tile/2/000"]
    );
    let last = TileHeight::C2SP.completed(Growth {
        from: u64::MAX - 0x1_0000,
        to: u64::MAX,
    });
    assert_eq!(last.count(), 1);
}

#[test]
fn heights_and_tiles_out_of_range_are_none() {
    assert_eq!(TileHeight::new(8), Some(TileHeight::C2SP));
    assert_eq!(TileHeight::new(0), None);
    assert_eq!(TileHeight::new(17), None);
    let tile = |level, index, width| Tile::new(TileHeight::C2SP, level, index, width);
    assert!(tile(7, 0, 255).is_some());
    for (level, index, width) in [(0, 0, 0), (0, 0, 257), (7, 0, 256), (8, 0, 1), (255, 0, 1)] {
        assert_eq!(tile(level, index, width), None, "{level} {index} {width}");
    }
    assert_eq!(tile(0, u64::MAX, 1), None);
}

#[test]
fn a_run_of_the_wrong_length_is_an_error() {
    let subtree = Subtree::new(1, 3).expect("a subtree");
    let read = |_| Ok::<_, String>(naive::leaves(3));
    let wrong = Err(TileError::WrongCount {
        expected: 2,
        found: 3,
    });
    assert_eq!(height(2).subtree_hash(subtree, read), wrong);
}

#[test]
fn the_largest_subtrees_have_a_run() {
    for (level, index) in [(0, u64::MAX - 1), (1, u64::MAX / 2 - 1), (62, 2), (63, 0)] {
        let subtree = Subtree::new(level, index).expect("a subtree");
        for height in (1..=16).map(height) {
            let run = height.run(subtree);
            assert_eq!(run.tile().leaves().end, subtree.leaves().end);
            let bits = subtree.level() - run.count().ilog2() as u8;
            let hashes = run.hashes();
            assert_eq!(hashes.start << bits..hashes.end << bits, subtree.leaves());
            assert!((run.first() + run.count() == run.tile().width()) && run.count() > 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn proofs_out_of_tiles_equal_naive_ones(
        high in 1..=9u8,
        (size, index, from) in (1..300u64).prop_flat_map(|to| (Just(to), 0..to, 1..=to)),
    ) {
        let leaves = naive::leaves(size);
        let tiles = Tiles::of(height(high), &leaves);
        let read = |subtree| tiles.read(subtree);
        let index = LeafIndex(index);
        let growth = Growth { from, to: size };
        prop_assert_eq!(prove_inclusion(index, size, read), Ok(naive::path(index, &leaves)));
        prop_assert_eq!(prove_consistency(growth, read), Ok(naive::consistency(growth, &leaves)));
        prop_assert_eq!(tree_root(from, read), Ok(naive::root(&leaves[..from as usize])));
    }

    #[test]
    fn each_hash_is_the_root_of_the_tile_below(high in 1..=4u8, size in 1..300u64) {
        let (height, leaves) = (height(high), naive::leaves(size));
        let tiles = Tiles::of(height, &leaves);
        for ((level, index), row) in tiles.rows.iter().filter(|((level, _), _)| *level > 0) {
            for (place, hash) in row.iter().enumerate() {
                let below = (level - 1, (index << high) + place as u64);
                prop_assert_eq!(height.root(&tiles.rows[&below]), Some(*hash));
            }
        }
        let rows = tiles.rows.values();
        prop_assert!(rows.filter(|row| row.len() != 1 << high).all(|row| height.root(row).is_none()));
    }

    #[test]
    fn completed_tiles_are_the_new_full_ones(
        high in 1..=4u8,
        (to, from) in (0..2000u64).prop_flat_map(|to| (Just(to), 0..=to)),
    ) {
        let full = |size| {
            let tiles = height(high).tiles(size);
            tiles.filter(|tile| tile.level() > 0 && tile.is_full()).collect::<Vec<_>>()
        };
        let before = full(from);
        let expected: Vec<Tile> = full(to).into_iter().filter(|t| !before.contains(t)).collect();
        let completed: Vec<Tile> = height(high).completed(Growth { from, to }).collect();
        prop_assert_eq!(completed, expected);
    }

    #[test]
    fn paths_come_back(level in 0..8u8, index in any::<u64>(), width in 0..300u32, shift in 0..64) {
        if let Some(tile) = Tile::new(TileHeight::C2SP, level, index >> shift, width) {
            prop_assert_eq!(Tile::parse(TileHeight::C2SP, &tile.to_string()), Ok(tile));
        }
    }

    #[test]
    fn what_parses_is_a_path(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,2}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = Tile::parse(TileHeight::C2SP, &path) {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}
