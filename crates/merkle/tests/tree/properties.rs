//! Every proof that is made holds and equals the naive one; every proof that is altered fails.

use docket_merkle::{
    Frontier, Growth, Hash, Head, LeafIndex, VerifyError, prove_consistency, prove_inclusion,
    tree_root, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

use crate::naive;

const SIZE_MAX: u64 = 400;

fn flip(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from(bytes)
}

/// The proof with one bit flipped, for each bit; cut short by one; longer by one at either end.
fn altered(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let flipped = (0..proof.len() * 256).map(|bit| {
        let mut proof = proof.to_vec();
        proof[bit / 256] = flip(proof[bit / 256], bit % 256);
        proof
    });
    let short = proof.split_last().map(|(_, rest)| rest.to_vec());
    let long = [
        [proof, &[Hash::EMPTY]].concat(),
        [&[Hash::EMPTY], proof].concat(),
    ];
    flipped.chain(short).chain(long).collect()
}

fn hashes(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Hash>> {
    proptest::collection::vec(any::<[u8; 32]>().prop_map(Hash::from), count)
}

#[test]
fn small_trees_agree_exhaustively() {
    let all = naive::leaves(40);
    let heads: Vec<Head> = (0..=40).map(|size| naive::head(&all[..size])).collect();
    for (leaves, head) in (0..=40).map(|size| (&all[..size], heads[size])) {
        for (index, leaf) in leaves.iter().enumerate() {
            let index = LeafIndex(index as u64);
            let proof = prove_inclusion(index, head.size, naive::read(leaves)).expect("a leaf");
            assert_eq!(proof, naive::path(index, leaves));
            assert_eq!(verify_inclusion(*leaf, index, &proof, &head), Ok(()));
        }
        for old in &heads[1..=leaves.len()] {
            let growth = Growth {
                from: old.size,
                to: head.size,
            };
            let proof = prove_consistency(growth, naive::read(leaves)).expect("it grew");
            assert_eq!(proof, naive::consistency(growth, leaves));
            assert_eq!(verify_consistency(old, &head, &proof), Ok(()));
        }
    }
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let (old, new) = (
        naive::head(&naive::leaves(3)),
        naive::head(&naive::leaves(7)),
    );
    let length = |expected, found| Err(VerifyError::WrongLength { expected, found });
    let hashes = |count| vec![Hash::EMPTY; count];
    assert_eq!(verify_consistency(&old, &new, &[]), length(4, 0));
    assert_eq!(verify_consistency(&old, &new, &hashes(70)), length(4, 70));
    assert_eq!(
        verify_consistency(&new, &old, &[]),
        Err(VerifyError::Shrunk { from: 7, to: 3 })
    );
    assert_eq!(
        verify_consistency(&Head::EMPTY, &old, &hashes(1)),
        length(0, 1)
    );
    assert_eq!(verify_consistency(&old, &old, &hashes(1)), length(0, 1));
    assert_eq!(
        verify_inclusion(new.root, LeafIndex(6), &hashes(3), &new),
        length(2, 3)
    );
    let index = LeafIndex(7);
    let outside = Err(VerifyError::NoSuchLeaf { index, size: 7 });
    assert_eq!(verify_inclusion(new.root, index, &[], &new), outside);
}

#[test]
fn a_log_does_not_fork_at_one_size() {
    let head = naive::head(&naive::leaves(6));
    let other = Head {
        root: flip(head.root, 0),
        ..head
    };
    let wrong = Err(VerifyError::WrongRoot { size: 6 });
    assert_eq!(verify_consistency(&head, &head, &[]), Ok(()));
    assert_eq!(verify_consistency(&head, &other, &[]), wrong);
}

#[test]
fn an_empty_tree_has_only_the_empty_root() {
    let false_head = Head {
        size: 0,
        root: naive::root(&naive::leaves(1)),
    };
    let wrong = Err(VerifyError::WrongRoot { size: 0 });
    assert_eq!(verify_consistency(&Head::EMPTY, &Head::EMPTY, &[]), Ok(()));
    assert_eq!(
        verify_consistency(&false_head, &naive::head(&naive::leaves(1)), &[]),
        wrong
    );
    assert_eq!(verify_consistency(&Head::EMPTY, &false_head, &[]), wrong);
    assert_eq!(verify_consistency(&false_head, &false_head, &[]), wrong);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn frontier_equals_naive_root(size in 0..SIZE_MAX, stored_at in 0..SIZE_MAX) {
        let leaves = naive::leaves(size);
        let mut frontier = Frontier::new();
        for (at, leaf) in leaves.iter().enumerate() {
            if at as u64 == stored_at {
                frontier = Frontier::from_bytes(&frontier.to_bytes()).expect("our own bytes");
            }
            frontier.append(*leaf);
        }
        prop_assert_eq!(frontier.head(), naive::head(&leaves));
        prop_assert_eq!(tree_root(size, naive::read(&leaves)), Ok(frontier.root()));
    }

    #[test]
    fn inclusion_holds_until_altered(
        (size, index) in (1..SIZE_MAX).prop_flat_map(|size| (Just(size), 0..size)),
        bit in 0..256usize,
    ) {
        let leaves = naive::leaves(size);
        let (head, index) = (naive::head(&leaves), LeafIndex(index));
        let leaf = leaves[index.0 as usize];
        let proof = prove_inclusion(index, size, naive::read(&leaves)).expect("a leaf");
        prop_assert_eq!(&proof, &naive::path(index, &leaves));
        prop_assert_eq!(verify_inclusion(leaf, index, &proof, &head), Ok(()));

        for altered in altered(&proof) {
            prop_assert!(verify_inclusion(leaf, index, &altered, &head).is_err());
        }
        for other in (0..=size).map(LeafIndex).filter(|other| *other != index) {
            prop_assert!(verify_inclusion(leaf, other, &proof, &head).is_err());
        }
        prop_assert!(verify_inclusion(flip(leaf, bit), index, &proof, &head).is_err());
        let head = Head { root: flip(head.root, bit), ..head };
        prop_assert!(verify_inclusion(leaf, index, &proof, &head).is_err());
    }

    #[test]
    fn consistency_holds_until_altered(
        (to, from) in (1..SIZE_MAX).prop_flat_map(|to| (Just(to), 0..=to)),
        bit in 0..256usize,
    ) {
        let leaves = naive::leaves(to);
        let (old, new) = (naive::head(&leaves[..from as usize]), naive::head(&leaves));
        let growth = Growth { from, to };
        let proof = prove_consistency(growth, naive::read(&leaves)).expect("it grew");
        if from > 0 {
            prop_assert_eq!(&proof, &naive::consistency(growth, &leaves));
        }
        prop_assert_eq!(verify_consistency(&old, &new, &proof), Ok(()));

        for altered in altered(&proof) {
            prop_assert!(verify_consistency(&old, &new, &altered).is_err());
        }
        let false_old = Head { root: flip(old.root, bit), ..old };
        prop_assert!(verify_consistency(&false_old, &new, &proof).is_err());
        let false_new = Head { root: flip(new.root, bit), ..new };
        // From nothing everything can grow.
        prop_assert_eq!(verify_consistency(&old, &false_new, &proof).is_ok(), from == 0);
    }

    #[test]
    fn history_cannot_be_rewritten(
        (to, from) in (2..SIZE_MAX).prop_flat_map(|to| (Just(to), 1..to)),
        rewritten in any::<prop::sample::Index>(),
    ) {
        let leaves = naive::leaves(to);
        let mut other = leaves.clone();
        other[rewritten.index(from as usize)] = Hash::EMPTY;
        let (old, new) = (naive::head(&leaves[..from as usize]), naive::head(&other));
        let growth = Growth { from, to };
        for leaves in [&leaves, &other] {
            let proof = prove_consistency(growth, naive::read(leaves)).expect("it grew");
            prop_assert!(verify_consistency(&old, &new, &proof).is_err());
        }
    }
}

proptest! {
    #[test]
    fn hostile_numbers_are_an_error(
        leaf in hashes(1),
        numbers in any::<[u64; 2]>(),
        proof in hashes(0..140),
        shift in 0..64u32,
    ) {
        let [a, b] = numbers.map(|number| number >> shift);
        let [old, new] = [a, b].map(|size| Head { size, root: Hash::EMPTY });
        prop_assert!(verify_inclusion(leaf[0], LeafIndex(a), &proof, &new).is_err());
        let nothing_claimed = a == 0 && b > 0 && proof.is_empty() || a == b && proof.is_empty();
        prop_assert_eq!(verify_consistency(&old, &new, &proof).is_ok(), nothing_claimed);
        // Proofs of the right length get further; they must end in an error as well.
        let longest = vec![Hash::EMPTY; 140];
        for len in 0..longest.len() {
            prop_assert!(verify_inclusion(leaf[0], LeafIndex(a), &longest[..len], &new).is_err());
            prop_assert_eq!(
                verify_consistency(&old, &new, &longest[..len]).is_ok(),
                (a == 0 || a == b) && a <= b && len == 0
            );
        }
    }

    #[test]
    fn hostile_bytes_are_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(frontier) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(frontier.to_bytes(), bytes);
        }
    }
}
