//! Promises about the list of blocks, and what changes with it.

use super::bodies::{check_whole, first_byte};
use super::sample::{acme, append, batch, block, head, put_body, seal, sealed, tile};
use super::{Opener, Promise};
use crate::store::{BlockId, BlockRow, Part, Seal, Store};

pub(super) const PROMISES: &[Promise] = &[
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
        "blocks take the place of others together",
        blocks_take_the_place_of_others,
    ),
    (
        "a seal that does not fit changes nothing",
        a_seal_that_does_not_fit,
    ),
    ("tiles are listed in order", tiles_are_listed_in_order),
];

fn a_block_is_there_once_it_is_finished(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 2).expect("appends");
    let block = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        2,
    );
    put_body(&*store, block.id, b"body").expect("puts");
    assert_eq!(store.block(block.id), Ok(None));
    assert_eq!(first_byte(&*store, block.id), Ok(None));
    assert_eq!(store.blocks(log.id), Ok(Vec::new()));
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
    // The store may be reopened for another's sake.
    store.reopen().expect("reopens");
    let now = sealed(&log, 2);
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
    let check = |store: &dyn Store| {
        assert_eq!(store.block(block.id), Ok(Some(block.clone())));
        let listed = BlockRow {
            dir: Vec::new(),
            ..block.clone()
        };
        assert_eq!(store.blocks(log.id), Ok(vec![listed]));
        check_whole(store, block.id, b"body");
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
    let block = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        2,
    );
    put_body(&*store, block.id, b"body").expect("puts");
    let (now, tiles) = (sealed(&log, 2), [tile(log.id, 1, 0)]);
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &now,
        tiles: &tiles,
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
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
    let merged = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        4,
    );
    put_body(&*store, merged.id, b"merged").expect("puts");
    let now = sealed(&log, 6);
    let replaces = [one.id, two.id];
    let seal = Seal {
        blocks: std::slice::from_ref(&merged),
        replaces: &replaces,
        log: &now,
        tiles: &[],
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
    let check = |store: &dyn Store| {
        let ids: Vec<_> = store
            .blocks(log.id)
            .expect("reads")
            .iter()
            .map(|b| b.id)
            .collect();
        assert_eq!(ids, [merged.id, three.id]);
        let wanted = [three.id, replaces[0], merged.id, three.id];
        let found = store.block_rows(&wanted).expect("reads");
        let found: Vec<_> = found.iter().map(Option::as_ref).collect();
        assert_eq!(found, [Some(&three), None, Some(&merged), Some(&three)]);
        for gone in replaces {
            assert_eq!(store.block(gone), Ok(None));
            assert_eq!(first_byte(store, gone), Ok(None));
        }
        check_whole(store, merged.id, b"merged");
        check_whole(store, three.id, b"three");
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

fn blocks_take_the_place_of_others(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    append(&*store, log.id, 9).expect("appends");
    let one = seal(&*store, &log, 0, 2, b"one").expect("seals");
    let two = seal(&*store, &log, 2, 4, b"two").expect("seals");
    let three = seal(&*store, &log, 6, 2, b"three").expect("seals");
    let new = |first: u64, count: u32, body: &[u8]| {
        let number = store.new_block(log.id).expect("gives a number");
        let block = block(number, log.id, first, count);
        put_body(&*store, block.id, body).expect("puts");
        block
    };
    // What belongs together is cut elsewhere.
    let blocks = [new(0, 5, b"front"), new(5, 1, b"back")];
    let now = sealed(&log, 8);
    let replaces = [one.id, two.id];
    let cut = Seal {
        blocks: &blocks,
        replaces: &replaces,
        log: &now,
        tiles: &[],
    };
    let [front, back] = &blocks;
    let apart = [front.clone(), new(6, 1, b"apart")];
    let turned = [back.clone(), front.clone()];
    let wrong: [(&str, &[BlockRow], &[BlockId]); 4] = [
        ("no block", &[], &replaces),
        ("blocks that do not follow each other", &apart, &replaces),
        ("blocks in another order", &turned, &replaces),
        (
            "two blocks behind what is sealed",
            &[new(8, 1, b"x"), new(9, 1, b"y")],
            &[],
        ),
    ];
    let before = store.blocks(log.id);
    for (what, blocks, replaces) in wrong {
        let seal = Seal {
            blocks,
            replaces,
            ..cut.clone()
        };
        assert!(store.finish_seals(&[seal]).is_err(), "{what}");
        assert_eq!(store.blocks(log.id), before, "{what}");
    }
    store.finish_seals(&[cut]).expect("finishes");
    let check = |store: &dyn Store| {
        let listed = store.blocks(log.id).expect("reads");
        let ids: Vec<_> = listed.iter().map(|block| block.id).collect();
        assert_eq!(ids, [front.id, back.id, three.id]);
        for gone in replaces {
            assert_eq!(store.block(gone), Ok(None));
            assert_eq!(first_byte(store, gone), Ok(None));
        }
        check_whole(store, front.id, b"front");
        check_whole(store, back.id, b"back");
        let size = store
            .begin(&[log.id], &[])
            .expect("begins")
            .heads()
            .to_vec();
        assert_eq!(size, [head(0, 9)]);
    };
    check(&*store);
    store.reopen().expect("reopens");
    check(&*store);
    drop(store);
    let store = open();
    check(&*store);
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}

fn a_seal_that_does_not_fit(open: &Opener) {
    let store = open();
    let log = acme(&*store);
    let other = store.create_log("other", [1; 16]).expect("makes");
    append(&*store, log.id, 4).expect("appends");
    append(&*store, other.id, 4).expect("appends");
    let old = seal(&*store, &log, 0, 2, b"old").expect("seals");
    let theirs = seal(&*store, &other, 0, 2, b"theirs").expect("seals");
    let new = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        2,
        2,
    );
    put_body(&*store, new.id, b"new").expect("puts");
    let bare = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        2,
        2,
    );
    let holed = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        2,
        2,
    );
    store
        .put_parts(&[Part {
            block: holed.id,
            part: 1,
            data: b"x",
        }])
        .expect("puts");
    let short = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        2,
        2,
    );
    store
        .put_parts(&[Part {
            block: short.id,
            part: 0,
            data: b"",
        }])
        .expect("puts");
    store
        .put_parts(&[Part {
            block: short.id,
            part: 1,
            data: b"x",
        }])
        .expect("puts");
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
            blocks: std::slice::from_ref(block),
            replaces,
            log: &log_row,
            tiles: &[tile(log.id, 1, 0)],
        };
        assert!(
            store.finish_seals(std::slice::from_ref(&seal)).is_err(),
            "{what}"
        );
        let after = (store.logs(), store.blocks(log.id), store.batches(log.id, 0));
        assert_eq!(after, before, "{what}");
        assert_eq!(store.tiles(log.id), Ok(Vec::new()), "{what}");
    }
    let seal = Seal {
        blocks: std::slice::from_ref(&new),
        replaces: &[],
        log: &now,
        tiles: &[],
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
}

fn tiles_are_listed_in_order(open: &Opener) {
    let store = open();
    let (log, other) = (
        acme(&*store),
        store.create_log("other", [1; 16]).expect("makes"),
    );
    append(&*store, log.id, 1).expect("appends");
    let block = block(
        store.new_block(log.id).expect("gives a number"),
        log.id,
        0,
        1,
    );
    put_body(&*store, block.id, b"body").expect("puts");
    let places = [(1, 0), (1, 1), (1, 300), (2, 0), (2, 1), (7, 0)];
    let mut tiles: Vec<_> = places
        .map(|(level, index)| tile(log.id, level, index))
        .into();
    let expected = tiles.clone();
    tiles.rotate_left(4);
    let now = sealed(&log, 1);
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &now,
        tiles: &tiles,
    };
    store
        .finish_seals(std::slice::from_ref(&seal))
        .expect("finishes");
    assert_eq!(store.tiles(log.id), Ok(expected));
    assert_eq!(store.tiles(other.id), Ok(Vec::new()));
}
