//! Promises about the bodies of blocks.

use std::collections::BTreeSet;
use std::ops::Range;
use std::slice;

use super::sample::{acme, append, block, pattern, put_body, seal, sealed};
use super::{Opener, Promise};
use crate::store::{BlockId, Cuts, Part, Ranges, Seal, Store, StoreError};

pub(super) const PROMISES: &[Promise] = &[
    (
        "block numbers are never used again",
        numbers_are_never_used_again,
    ),
    ("a body is read in ranges", a_body_is_read_in_ranges),
    (
        "several bodies are read at once",
        several_bodies_are_read_at_once,
    ),
    (
        "a range beyond the body is corrupt",
        a_range_beyond_the_body,
    ),
    ("a part can be put again", a_part_can_be_put_again),
    (
        "unfinished blocks are removed",
        unfinished_blocks_are_removed,
    ),
];

fn numbers_are_never_used_again(open: &Opener) {
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let store = open();
        let log = acme(&*store).id;
        for _ in 0..3 {
            assert!(seen.insert(store.new_block(log).expect("gives a number")));
        }
        store.reopen().expect("reopens");
        assert!(seen.insert(store.new_block(log).expect("gives a number")));
    }
}

fn a_body_is_read_in_ranges(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    let part = store.part_bytes();
    let mut first = 0;
    for length in [1, part - 1, part, part + 1, 2 * part, 2 * part + 3] {
        if length == 0 {
            continue;
        }
        let body = pattern(length);
        append(&*store, log.id, 1).expect("appends");
        let block = seal(&*store, &log, first, 1, &body).expect("seals");
        first += 1;
        check_ranges(&*store, block.id, &body);
    }
}

fn several_bodies_are_read_at_once(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    let part = store.part_bytes() as u64;
    let bodies = [pattern(100), pattern(store.part_bytes() + 50), pattern(7)];
    let mut blocks = Vec::new();
    for (first, body) in (0..).zip(&bodies) {
        append(&*store, log.id, 1).expect("appends");
        blocks.push(seal(&*store, &log, first, 1, body).expect("seals").id);
    }
    let [one, long, short] = *blocks.as_slice() else {
        return assert_eq!(blocks.len(), bodies.len());
    };
    let of = |block, ranges| Ranges { block, ranges };
    let two = [50..60, 0..10];
    let across = [part.saturating_sub(3)..part + 3, 4..4];
    let whole = slice::from_ref(&(0..7));
    let gone = BlockId(short.0 + 1);
    let wanted = [
        of(long, &across),
        of(gone, whole),
        of(one, &two),
        of(short, &[]),
        of(gone, &[]),
        of(short, whole),
        of(one, &two),
    ];
    let found = store.read_all(&wanted).expect("reads");
    let body = |block| {
        let at = blocks.iter().position(|known| *known == block)?;
        bodies.get(at)
    };
    let expected = wanted.map(|wanted| {
        let body = body(wanted.block)?;
        let at = |edge: u64| usize::try_from(edge).expect("small");
        let cut = |range: &Range<u64>| body.get(at(range.start)..at(range.end)).map(<[u8]>::to_vec);
        wanted.ranges.iter().map(cut).collect::<Option<Cuts>>()
    });
    assert_eq!(found, expected);
    assert_eq!(store.read_all(&[]), Ok(Vec::new()));
    let beyond = [of(one, &two), of(short, slice::from_ref(&(0..8)))];
    let answer = store.read_all(&beyond);
    assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{answer:?}");
    assert!(store.blocks_at_once() > 0);
}

fn a_range_beyond_the_body(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 1).expect("appends");
    let block = seal(&*store, &log, 0, 1, &pattern(100)).expect("seals");
    let (low, high) = (3, 5);
    let beyond = [
        0..101,
        100..101,
        101..101,
        200..300,
        high..low,
        0..u64::MAX,
        u64::MAX..u64::MAX,
    ];
    for range in beyond {
        let answer = store.read(block.id, &[0..1, range.clone()]);
        assert!(
            matches!(answer, Err(StoreError::Corrupt(_))),
            "{range:?}: {answer:?}"
        );
    }
    assert_eq!(first_byte(&*store, BlockId(block.id.0 + 1)), Ok(None));
    assert_eq!(first_byte(&*store, BlockId(u64::MAX)), Ok(None));
    assert_eq!(store.block(BlockId(u64::MAX)), Ok(None));
}

fn a_part_can_be_put_again(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 1).expect("appends");
    let block = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        1,
    );
    put_body(&*store, block.id, &vec![0; store.part_bytes()]).expect("puts");
    let body = pattern(10);
    put_body(&*store, block.id, &body).expect("puts something shorter");
    let log = sealed(&log, 1);
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &log,
        tiles: &[],
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
    check_whole(&*store, block.id, &body);
    let beyond = slice::from_ref(&(0..11));
    assert!(store.read(block.id, beyond).is_err());
    assert!(
        store
            .put_parts(&[Part {
                block: block.id,
                part: 0,
                data: b"x"
            }])
            .is_err(),
        "it is finished"
    );
    check_whole(&*store, block.id, &body);
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}

fn unfinished_blocks_are_removed(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 1).expect("appends");
    let kept = seal(&*store, &log, 0, 1, b"kept").expect("seals");
    let lost = store.new_block(log.id).expect("gives a number");
    put_body(&*store, lost, &pattern(2 * store.part_bytes() + 1)).expect("puts");
    drop(store);
    let store = open();
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
    check_whole(&*store, kept.id, b"kept");
    append(&*store, log.id, 1).expect("appends");
    let (block, now) = (block(lost, log.id, 1, 1), sealed(&log, 2));
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    assert!(
        store.finish_seals(std::slice::from_ref(&seal)).is_err(),
        "its parts are gone"
    );
}

fn check_ranges(store: &dyn Store, block: BlockId, body: &[u8]) {
    let length = body.len() as u64;
    let part = store.part_bytes() as u64;
    let near = [
        0,
        1,
        part - 1,
        part,
        part + 1,
        2 * part - 1,
        2 * part,
        2 * part + 1,
    ];
    let mut edges: Vec<u64> = near.into_iter().chain([length - 1, length]).collect();
    // Places that nobody thought of.
    edges.extend(pattern(24).chunks(3).map(|bytes| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
            % (length + 1)
    }));
    edges.retain(|edge| *edge <= length);
    let pairs = edges
        .iter()
        .flat_map(|start| edges.iter().map(move |end| *start..*end));
    let ranges: Vec<Range<u64>> = pairs.filter(|range| range.start <= range.end).collect();
    for range in &ranges {
        check_read(store, block, body, slice::from_ref(range));
    }
    let few: Vec<Range<u64>> = ranges.iter().step_by(7).cloned().collect();
    check_read(store, block, body, &few);
    check_read(
        store,
        block,
        body,
        &few.into_iter().rev().collect::<Vec<_>>(),
    );
    check_read(store, block, body, &[]);
}

fn check_read(store: &dyn Store, block: BlockId, body: &[u8], ranges: &[Range<u64>]) {
    let found = store
        .read(block, ranges)
        .expect("reads")
        .expect("the block is there");
    assert_eq!(found.len(), ranges.len());
    for (found, range) in found.iter().zip(ranges) {
        let at = |edge: u64| usize::try_from(edge).expect("small");
        let expected = body.get(at(range.start)..at(range.end));
        assert!(Some(&found[..]) == expected, "{range:?} of {}", body.len());
    }
}

/// Reads a body in one range.
pub(super) fn check_whole(store: &dyn Store, block: BlockId, body: &[u8]) {
    check_read(store, block, body, slice::from_ref(&(0..body.len() as u64)));
}

/// Reads the first byte of a body.
pub(super) fn first_byte(
    store: &dyn Store,
    block: BlockId,
) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
    store.read(block, slice::from_ref(&(0..1)))
}
