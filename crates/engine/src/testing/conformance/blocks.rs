//! Promises about blocks, their bodies, and tiles.

use std::collections::BTreeSet;
use std::ops::Range;

use super::sample::{acme, append, batch, block, head, pattern, put_body, seal, sealed, tile};
use super::{Opener, Promise};
use crate::store::{BlockId, BlockRow, Seal, Store, StoreError};

pub(super) const PROMISES: &[Promise] = &[
    (
        "block numbers are never used again",
        numbers_are_never_used_again,
    ),
    ("a body is read in ranges", a_body_is_read_in_ranges),
    (
        "a range beyond the body is corrupt",
        a_range_beyond_the_body,
    ),
    ("a part can be put again", a_part_can_be_put_again),
    (
        "a block is there once it is finished",
        a_block_is_there_once_it_is_finished,
    ),
    ("a seal is one commit", a_seal_is_one_commit),
    (
        "batches go up to what is sealed",
        batches_go_up_to_what_is_sealed,
    ),
    ("a merge replaces blocks", a_merge_replaces_blocks),
    (
        "a seal that does not fit changes nothing",
        a_seal_that_does_not_fit,
    ),
    (
        "unfinished blocks are removed",
        unfinished_blocks_are_removed,
    ),
    ("tiles are listed in order", tiles_are_listed_in_order),
];

fn numbers_are_never_used_again(open: &Opener) {
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let store = open();
        for _ in 0..3 {
            assert!(seen.insert(store.new_block().expect("gives a number")));
        }
        store.reopen().expect("reopens");
        assert!(seen.insert(store.new_block().expect("gives a number")));
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
        check_read(store, block, body, std::slice::from_ref(range));
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
    assert_eq!(store.read(BlockId(block.id.0 + 1), &[0..1]), Ok(None));
    assert_eq!(store.read(BlockId(u64::MAX), &[0..1]), Ok(None));
    assert_eq!(store.block(BlockId(u64::MAX)), Ok(None));
}

fn a_part_can_be_put_again(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 1).expect("appends");
    let block = block(store.new_block().expect("gives a number"), log.id, 0, 1);
    put_body(&*store, block.id, &vec![0; store.part_bytes()]).expect("puts");
    let body = pattern(10);
    put_body(&*store, block.id, &body).expect("puts something shorter");
    let log = sealed(&log, 1);
    let seal = Seal {
        block: &block,
        replaces: &[],
        log: &log,
        tiles: &[],
    };
    store.finish_seal(&seal).expect("finishes");
    check_read(&*store, block.id, &body, &[0..10]);
    assert!(store.read(block.id, &[0..11]).is_err());
    assert!(store.put_part(block.id, 0, b"x").is_err(), "it is finished");
    check_read(&*store, block.id, &body, &[0..10]);
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}

fn a_block_is_there_once_it_is_finished(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 2).expect("appends");
    let block = block(store.new_block().expect("gives a number"), log.id, 0, 2);
    put_body(&*store, block.id, b"body").expect("puts");
    assert_eq!(store.block(block.id), Ok(None));
    assert_eq!(store.read(block.id, &[0..1]), Ok(None));
    assert_eq!(store.blocks(log.id), Ok(Vec::new()));
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
    // The store may be reopened for another's sake.
    store.reopen().expect("reopens");
    let now = sealed(&log, 2);
    let seal = Seal {
        block: &block,
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    store.finish_seal(&seal).expect("finishes");
    let check = |store: &dyn Store| {
        assert_eq!(store.block(block.id), Ok(Some(block.clone())));
        let listed = BlockRow {
            dir: Vec::new(),
            ..block.clone()
        };
        assert_eq!(store.blocks(log.id), Ok(vec![listed]));
        check_read(store, block.id, b"body", &[0..4]);
    };
    check(&*store);
    drop(store);
    check(&*open());
}

fn a_seal_is_one_commit(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 2).expect("appends");
    append(&*store, log.id, 1).expect("appends");
    let block = block(store.new_block().expect("gives a number"), log.id, 0, 2);
    put_body(&*store, block.id, b"body").expect("puts");
    let (now, tiles) = (sealed(&log, 2), [tile(log.id, 1, 0)]);
    let seal = Seal {
        block: &block,
        replaces: &[],
        log: &now,
        tiles: &tiles,
    };
    store.finish_seal(&seal).expect("finishes");
    let check = |store: &dyn Store| {
        assert_eq!(store.logs(), Ok(vec![now.clone()]));
        assert_eq!(store.tiles(log.id), Ok(tiles.to_vec()));
        assert_eq!(store.blocks(log.id).expect("reads").len(), 1);
        assert_eq!(store.batches(log.id, 0), Ok(vec![batch(log.id, 2, 1)]));
        assert_eq!(
            store.begin(&[log.id], &[]).expect("begins").heads(),
            [head(2, 1)]
        );
    };
    check(&*store);
    store.reopen().expect("reopens");
    check(&*store);
    drop(store);
    check(&*open());
}

fn batches_go_up_to_what_is_sealed(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    for count in [2, 3, 1] {
        append(&*store, log.id, count).expect("appends");
    }
    let all = [
        batch(log.id, 0, 2),
        batch(log.id, 2, 3),
        batch(log.id, 5, 1),
    ];
    let mut from = 0;
    // In the middle of a batch, where one ends, behind everything.
    for (sealed, gone) in [(1, 0), (4, 1), (5, 2), (6, 3)] {
        let count = u32::try_from(sealed - from).expect("small");
        seal(&*store, &log, from, count, b"body").expect("seals");
        from = sealed;
        let left = store.batches(log.id, 0).expect("reads");
        assert_eq!(Some(&left[..]), all.get(gone..), "sealed {sealed}");
        let size = store
            .begin(&[log.id], &[])
            .expect("begins")
            .heads()
            .first()
            .map(|h| h.size);
        assert_eq!(size, Some(6));
    }
    assert_eq!(append(&*store, log.id, 1).expect("goes on"), 6);
    drop(store);
    let store = open();
    assert_eq!(store.batches(log.id, 0), Ok(vec![batch(log.id, 6, 1)]));
    assert_eq!(append(&*store, log.id, 1).expect("goes on"), 7);
}

fn a_merge_replaces_blocks(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 6).expect("appends");
    let one = seal(&*store, &log, 0, 2, b"one").expect("seals");
    let two = seal(&*store, &log, 2, 2, b"two").expect("seals");
    let three = seal(&*store, &log, 4, 2, b"three").expect("seals");
    let merged = block(store.new_block().expect("gives a number"), log.id, 0, 4);
    put_body(&*store, merged.id, b"merged").expect("puts");
    let now = sealed(&log, 6);
    let replaces = [one.id, two.id];
    let seal = Seal {
        block: &merged,
        replaces: &replaces,
        log: &now,
        tiles: &[],
    };
    store.finish_seal(&seal).expect("finishes");
    let check = |store: &dyn Store| {
        let ids: Vec<_> = store
            .blocks(log.id)
            .expect("reads")
            .iter()
            .map(|b| b.id)
            .collect();
        assert_eq!(ids, [merged.id, three.id]);
        for gone in replaces {
            assert_eq!(store.block(gone), Ok(None));
            assert_eq!(store.read(gone, &[0..1]), Ok(None));
        }
        check_read(store, merged.id, b"merged", &[0..6]);
        check_read(store, three.id, b"three", &[0..5]);
        store
            .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
            .expect("looks");
    };
    check(&*store);
    store.reopen().expect("reopens");
    check(&*store);
    drop(store);
    check(&*open());
}

fn a_seal_that_does_not_fit(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    let other = store.create_log("other", [1; 16]).expect("makes");
    append(&*store, log.id, 4).expect("appends");
    append(&*store, other.id, 4).expect("appends");
    let old = seal(&*store, &log, 0, 2, b"old").expect("seals");
    let theirs = seal(&*store, &other, 0, 2, b"theirs").expect("seals");
    let new = block(store.new_block().expect("gives a number"), log.id, 2, 2);
    put_body(&*store, new.id, b"new").expect("puts");
    let bare = block(store.new_block().expect("gives a number"), log.id, 2, 2);
    let holed = block(store.new_block().expect("gives a number"), log.id, 2, 2);
    store.put_part(holed.id, 1, b"x").expect("puts");
    let short = block(store.new_block().expect("gives a number"), log.id, 2, 2);
    store.put_part(short.id, 0, b"").expect("puts");
    store.put_part(short.id, 1, b"x").expect("puts");
    let before = (store.logs(), store.blocks(log.id), store.batches(log.id, 0));
    let now = sealed(&log, 4);
    let mut taken = new.clone();
    taken.first = 0;
    let wrong: [(&str, &BlockRow, &[BlockId], _); 9] = [
        ("no parts", &bare, &[], now.clone()),
        ("a missing part", &holed, &[], now.clone()),
        ("a short part before the last", &short, &[], now.clone()),
        ("beyond the head", &new, &[], sealed(&log, 5)),
        ("less sealed than before", &new, &[], sealed(&log, 1)),
        ("another's block replaced", &new, &[theirs.id], now.clone()),
        (
            "an unknown block replaced",
            &new,
            &[BlockId(u64::MAX)],
            now.clone(),
        ),
        ("where another block begins", &taken, &[], now.clone()),
        ("a block that is listed", &old, &[], now.clone()),
    ];
    for (what, block, replaces, log_row) in wrong {
        let seal = Seal {
            block,
            replaces,
            log: &log_row,
            tiles: &[tile(log.id, 1, 0)],
        };
        assert!(store.finish_seal(&seal).is_err(), "{what}");
        let after = (store.logs(), store.blocks(log.id), store.batches(log.id, 0));
        assert_eq!(after, before, "{what}");
        assert_eq!(store.tiles(log.id), Ok(Vec::new()), "{what}");
    }
    let seal = Seal {
        block: &new,
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    store.finish_seal(&seal).expect("finishes");
}

fn unfinished_blocks_are_removed(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 1).expect("appends");
    let kept = seal(&*store, &log, 0, 1, b"kept").expect("seals");
    let lost = store.new_block().expect("gives a number");
    put_body(&*store, lost, &pattern(2 * store.part_bytes() + 1)).expect("puts");
    drop(store);
    let store = open();
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
    check_read(&*store, kept.id, b"kept", &[0..4]);
    append(&*store, log.id, 1).expect("appends");
    let (block, now) = (block(lost, log.id, 1, 1), sealed(&log, 2));
    let seal = Seal {
        block: &block,
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    assert!(store.finish_seal(&seal).is_err(), "its parts are gone");
}

fn tiles_are_listed_in_order(open: &Opener) {
    let store = open();
    let (log, other) = (
        acme(&*store),
        store.create_log("other", [1; 16]).expect("makes"),
    );
    append(&*store, log.id, 1).expect("appends");
    let block = block(store.new_block().expect("gives a number"), log.id, 0, 1);
    put_body(&*store, block.id, b"body").expect("puts");
    let places = [(1, 0), (1, 1), (1, 300), (2, 0), (2, 1), (7, 0)];
    let mut tiles: Vec<_> = places
        .map(|(level, index)| tile(log.id, level, index))
        .into();
    let expected = tiles.clone();
    tiles.rotate_left(4);
    let now = sealed(&log, 1);
    let seal = Seal {
        block: &block,
        replaces: &[],
        log: &now,
        tiles: &tiles,
    };
    store.finish_seal(&seal).expect("finishes");
    assert_eq!(store.tiles(log.id), Ok(expected));
    assert_eq!(store.tiles(other.id), Ok(Vec::new()));
}
