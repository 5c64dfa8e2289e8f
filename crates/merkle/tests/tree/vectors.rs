//! The reference tree of Certificate Transparency: eight leaves, their roots and some proofs.

use docket_merkle::{
    Frontier, Growth, Hash, Head, LeafIndex, leaf_hash, prove_consistency, prove_inclusion,
    tree_root, verify_consistency, verify_inclusion,
};

use crate::naive;

const ENTRIES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// The roots of the trees with 0 to 8 of these leaves.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const LEAF_0: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
const LEAF_1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const LEAF_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const LEAVES_01: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
const LEAVES_23: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const LEAVES_45: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const LEAVES_67: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const LEAVES_0123: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
const LEAVES_4567: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";

fn hash(hex: &str) -> Hash {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hex digits");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    Hash::try_from(bytes.as_slice()).expect("32 bytes")
}

fn head(size: u64) -> Head {
    Head {
        size,
        root: hash(ROOTS[size as usize]),
    }
}

fn leaves() -> Vec<Hash> {
    ENTRIES.map(leaf_hash).to_vec()
}

#[test]
fn roots_of_the_reference_tree() {
    let leaves = leaves();
    let mut frontier = Frontier::new();
    for size in 0..=8 {
        assert_eq!(frontier.head(), head(size));
        assert_eq!(naive::head(&leaves[..size as usize]), head(size));
        assert_eq!(tree_root(size, naive::read(&leaves)), Ok(head(size).root));
        if let Some(leaf) = leaves.get(size as usize) {
            frontier.append(*leaf);
        }
    }
}

#[test]
fn inclusion_proofs_of_the_reference_tree() {
    let check = |index, size, expected: &[&str]| {
        let (leaves, index) = (leaves(), LeafIndex(index));
        let expected: Vec<Hash> = expected.iter().map(|hex| hash(hex)).collect();
        let proof = prove_inclusion(index, size, naive::read(&leaves));
        assert_eq!(proof.as_ref(), Ok(&expected), "{index:?} of {size}");
        let leaf = leaves[index.0 as usize];
        assert_eq!(
            verify_inclusion(leaf, index, &expected, &head(size)),
            Ok(())
        );
    };
    check(0, 1, &[]);
    check(0, 2, &[LEAF_1]);
    check(1, 2, &[LEAF_0]);
    check(2, 3, &[LEAVES_01]);
    check(1, 5, &[LEAF_0, LEAVES_23, LEAF_4]);
    check(0, 8, &[LEAF_1, LEAVES_23, LEAVES_4567]);
    check(5, 8, &[LEAF_4, LEAVES_67, LEAVES_0123]);
}

#[test]
fn consistency_proofs_of_the_reference_tree() {
    let check = |from, to, expected: &[&str]| {
        let expected: Vec<Hash> = expected.iter().map(|hex| hash(hex)).collect();
        let proof = prove_consistency(Growth { from, to }, naive::read(&leaves()));
        assert_eq!(proof.as_ref(), Ok(&expected), "{from} to {to}");
        assert_eq!(
            verify_consistency(&head(from), &head(to), &expected),
            Ok(())
        );
    };
    check(0, 0, &[]);
    check(0, 8, &[]);
    check(1, 1, &[]);
    check(8, 8, &[]);
    check(1, 8, &[LEAF_1, LEAVES_23, LEAVES_4567]);
    check(2, 5, &[LEAVES_23, LEAF_4]);
    check(6, 8, &[LEAVES_45, LEAVES_67, LEAVES_0123]);
}

/// RFC 6962 §2.1.3 draws a tree of seven leaves and names the nodes of these proofs.
#[test]
fn proofs_of_the_rfc_example() {
    let leaves = &leaves()[..7];
    let [a, b, c, d, e, f, j] = leaves else {
        panic!("seven leaves")
    };
    let (g, h, i) = (
        naive::root(&[*a, *b]),
        naive::root(&[*c, *d]),
        naive::root(&[*e, *f]),
    );
    let (k, l) = (naive::root(&leaves[..4]), naive::root(&leaves[4..]));

    let path = |index| prove_inclusion(LeafIndex(index), 7, naive::read(leaves));
    assert_eq!(path(0), Ok(vec![*b, h, l]));
    assert_eq!(path(3), Ok(vec![*c, g, l]));
    assert_eq!(path(4), Ok(vec![*f, *j, k]));
    assert_eq!(path(6), Ok(vec![i, k]));

    let proof = |from| prove_consistency(Growth { from, to: 7 }, naive::read(leaves));
    assert_eq!(proof(3), Ok(vec![*c, *d, g, l]));
    assert_eq!(proof(4), Ok(vec![l]));
    assert_eq!(proof(6), Ok(vec![i, *j, k]));
}
