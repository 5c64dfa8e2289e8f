//! The definitions of RFC 6962 §2.1 as plain recursion: slow, and easy to compare with the text.

use docket_merkle::{Growth, Hash, Head, LeafIndex, Subtree, leaf_hash, node_hash};

/// Leaf hashes of a tree whose leaves all differ.
pub fn leaves(size: u64) -> Vec<Hash> {
    (0..size)
        .map(|leaf| leaf_hash(&leaf.to_be_bytes()))
        .collect()
}

/// `MTH(D[n])`.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves));
            node_hash(root(left), root(right))
        }
    }
}

pub fn head(leaves: &[Hash]) -> Head {
    Head {
        size: leaves.len() as u64,
        root: root(leaves),
    }
}

/// `PATH(m, D[n])` of §2.1.1.
pub fn path(index: LeafIndex, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves));
    let (mut path, sibling) = match index.0.checked_sub(left.len() as u64) {
        None => (self::path(index, left), root(right)),
        Some(index) => (self::path(LeafIndex(index), right), root(left)),
    };
    path.push(sibling);
    path
}

/// `PROOF(m, D[n])` of §2.1.2.
pub fn consistency(growth: Growth, leaves: &[Hash]) -> Vec<Hash> {
    subproof(growth.from as usize, &leaves[..growth.to as usize], true)
}

fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(split(leaves));
    let (mut proof, other) = match old.checked_sub(left.len()) {
        None | Some(0) => (subproof(old, left, whole), root(right)),
        Some(old) => (subproof(old, right, false), root(left)),
    };
    proof.push(other);
    proof
}

/// Answers what proofs ask for out of leaf hashes.
pub fn read(leaves: &[Hash]) -> impl Fn(Subtree) -> Result<Hash, String> {
    |subtree| {
        let range = subtree.leaves();
        let leaves = leaves.get(range.start as usize..range.end as usize);
        leaves
            .map(root)
            .ok_or(format!("{subtree:?} is outside the tree"))
    }
}

/// The largest power of two below the number of leaves.
fn split(leaves: &[Hash]) -> usize {
    leaves.len().next_power_of_two() / 2
}
