//! Agreement with two independent implementations, `tlog_tiles` and `ct-merkle`.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use docket_merkle::{
    Checkpoint, Growth, Hash, Head, LeafIndex, Origin, Subtree, Tile, TileHeight, leaf_hash,
    prove_consistency, prove_inclusion, tree_root, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;

use crate::naive;

/// The hashes of a tree in the order in which `tlog_tiles` stores them.
#[derive(Default)]
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes
            .iter()
            .map(|index| self.0[*index as usize])
            .collect())
    }
}

impl Stored {
    fn of(size: u64) -> Stored {
        (0..size).fold(Stored::default(), |mut stored, leaf| {
            let added = tlog_tiles::stored_hashes(leaf, &leaf.to_be_bytes(), &stored);
            stored
                .0
                .extend(added.expect("all hashes before are stored"));
            stored
        })
    }
}

fn ours(hashes: Vec<tlog_tiles::Hash>) -> Vec<Hash> {
    hashes.into_iter().map(|hash| Hash::from(hash.0)).collect()
}

fn theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes
        .iter()
        .map(|hash| tlog_tiles::Hash((*hash).into()))
        .collect()
}

/// The same tile as `tlog_tiles` describes it.
fn their_tile(height: u8, tile: &Tile) -> tlog_tiles::Tile {
    tlog_tiles::Tile::new(height, tile.level(), tile.index(), tile.width(), false)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn tlog_tiles_agrees_on_roots_and_proofs(
        (size, index, from) in (1..500u64).prop_flat_map(|to| (Just(to), 0..to, 1..=to)),
    ) {
        let (stored, leaves) = (Stored::of(size), naive::leaves(size));
        let read = naive::read(&leaves);
        let root_at = |size| tlog_tiles::tree_hash(size, &stored).expect("stored");
        let head_at = |size| Head { size, root: Hash::from(root_at(size).0) };
        prop_assert_eq!(tree_root(size, &read), Ok(head_at(size).root));

        let inclusion = tlog_tiles::prove_record(size, index, &stored).expect("stored");
        let inclusion = ours(inclusion);
        let leaf = leaf_hash(&index.to_be_bytes());
        prop_assert_eq!(prove_inclusion(LeafIndex(index), size, &read), Ok(inclusion.clone()));
        prop_assert_eq!(verify_inclusion(leaf, LeafIndex(index), &inclusion, &head_at(size)), Ok(()));

        let consistency = ours(tlog_tiles::prove_tree(size, from, &stored).expect("stored"));
        let made = prove_consistency(Growth { from, to: size }, &read);
        prop_assert_eq!(made, Ok(consistency.clone()));
        prop_assert_eq!(verify_consistency(&head_at(from), &head_at(size), &consistency), Ok(()));
    }

    #[test]
    fn tlog_tiles_rejects_what_we_reject(
        (size, index, from) in (1..200u64).prop_flat_map(|to| (Just(to), 0..to, 1..=to)),
        (other_size, other_index, other_from) in (1..200u64, 0..200u64, 1..200u64),
    ) {
        let leaves = naive::leaves(200);
        let head_at = |size| naive::head(&leaves[..size as usize]);
        let their_root = |size| theirs(&[head_at(size).root])[0];
        let leaf = leaves[index as usize];

        let proof = prove_inclusion(LeafIndex(index), size, naive::read(&leaves)).expect("a leaf");
        let our_word = verify_inclusion(leaf, LeafIndex(other_index), &proof, &head_at(other_size));
        let their_word = tlog_tiles::check_record(
            &theirs(&proof), other_size, their_root(other_size), other_index, theirs(&[leaf])[0],
        );
        prop_assert_eq!(our_word.is_ok(), their_word.is_ok());

        let growth = Growth { from, to: size };
        let proof = prove_consistency(growth, naive::read(&leaves)).expect("it grew");
        let our_word = verify_consistency(&head_at(other_from), &head_at(other_size), &proof);
        let their_word = tlog_tiles::check_tree(
            &theirs(&proof), other_size, their_root(other_size), other_from, their_root(other_from),
        );
        prop_assert_eq!(our_word.is_ok(), their_word.is_ok());
    }

    #[test]
    fn tlog_tiles_agrees_on_tiles(high in 1..=8u8, size in 1..500u64) {
        let height = TileHeight::new(high).expect("a height");
        let (stored, leaves) = (Stored::of(size), naive::leaves(size));
        let tiles: Vec<Tile> = height.tiles(size).collect();
        let expected = tlog_tiles::Tile::new_tiles(high, 0, size);
        prop_assert_eq!(tiles.iter().map(|t| their_tile(high, t)).collect::<Vec<_>>(), expected);

        for tile in tiles {
            let theirs = their_tile(high, &tile);
            // C2SP leaves out the height, which is always 8.
            prop_assert_eq!(theirs.path().replacen(&format!("tile/{high}/"), "tile/", 1), tile.to_string());

            let data = theirs.read_data(&stored).expect("stored");
            let hashes: Vec<Hash> =
                data.chunks(32).map(|hash| Hash::try_from(hash).expect("32 bytes")).collect();
            let leaves_under = tile.leaves();
            for level in tile.level() * high..(tile.level() + 1) * high {
                // The last subtree of this level, if the tile holds one.
                let last = (leaves_under.end >> level).checked_sub(1);
                let subtree = last.and_then(|last| Subtree::new(level, last));
                let within = subtree.filter(|s| s.leaves().start >= leaves_under.start);
                let Some(subtree) = within else { continue };
                let run = height.run(subtree);
                prop_assert_eq!(run.tile().index(), tile.index());
                let index = tlog_tiles::stored_hash_index(level, subtree.index());
                prop_assert_eq!(their_tile(high, &run.tile()), tlog_tiles::Tile::from_index(high, index));
                let expected = theirs.hash_at_index(&data, index).expect("in the tile");
                let range = run.first() as usize..run.tile().width() as usize;
                let hash = height.subtree_hash(subtree, |_| Ok::<_, String>(&hashes[range]));
                prop_assert_eq!(hash, Ok(Hash::from(expected.0)));
                prop_assert_eq!(naive::read(&leaves)(subtree), Ok(Hash::from(expected.0)));
            }
        }
    }

    #[test]
    fn ct_merkle_agrees(
        (size, index, from) in (1..200u64).prop_flat_map(|to| (Just(to), 0..to, 1..=to)),
    ) {
        let mut tree = MemoryBackedTree::<Sha256, [u8; 8]>::new();
        (0..size).for_each(|leaf| tree.push(leaf.to_be_bytes()));
        let leaves = naive::leaves(size);
        let read = naive::read(&leaves);
        let root = tree_root(size, &read).expect("all leaves are known");
        let their_root: [u8; 32] = (*tree.root().as_bytes()).into();
        prop_assert_eq!(root, Hash::from(their_root));

        let proof = prove_inclusion(LeafIndex(index), size, &read).expect("a leaf");
        let expected = tree.prove_inclusion(index as usize);
        let bytes = |proof: &[Hash]| proof.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>();
        prop_assert_eq!(bytes(&proof), expected.as_bytes());

        let proof = prove_consistency(Growth { from, to: size }, &read).expect("it grew");
        let expected = tree.prove_consistency((size - from) as usize);
        prop_assert_eq!(bytes(&proof), expected.as_bytes());
    }

    #[test]
    fn tlog_tiles_reads_our_checkpoints(size in any::<u64>(), root in any::<[u8; 32]>()) {
        let origin = Origin::parse("log.example/an-org").expect("an origin");
        let head = Head { size, root: Hash::from(root) };
        let text = Checkpoint { origin: origin.clone(), head }.to_string();
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).expect("a checkpoint");
        prop_assert_eq!(theirs.origin(), origin.as_str());
        prop_assert_eq!((theirs.size(), theirs.hash().0), (size, root));
        prop_assert_eq!(theirs.to_bytes(), text.as_bytes());
        prop_assert_eq!(Checkpoint::parse(&text), Ok(Checkpoint { origin, head }));
    }
}
